//! How a message of ours fares.

use serde_json::Value;
use uuid::Uuid;

use super::{id, time};
use crate::channels::StatusUpdate;
use crate::channels::whatsapp::errors;
use crate::domain::message::Status;

pub(super) fn status(status: &Value) -> Result<StatusUpdate, &'static str> {
    let provider_id = id(&status["id"]).ok_or("a status without an id")?;
    let word = status["status"].as_str().ok_or("a status without a word")?;
    let moves_to = match word {
        "sent" => Some(Status::Sent),
        "delivered" => Some(Status::Delivered),
        "read" => Some(Status::Read),
        "failed" => Some(Status::Failed),
        _ => None,
    };
    Ok(StatusUpdate {
        provider_id,
        correlation: status["biz_opaque_callback_data"].as_str().and_then(|text| Uuid::try_parse(text).ok()),
        status: moves_to,
        word: word.chars().take(64).collect(),
        at: time(&status["timestamp"]),
        failure: (moves_to == Some(Status::Failed)).then(|| errors::of_status(&status["errors"]).failure()),
    })
}
