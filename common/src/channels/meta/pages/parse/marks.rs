//! How messages of ours fare: one by its id, or all up to a mark.

use super::{Told, Understood, id, time};
use crate::channels::{InboundEvent, StatusUpdate, UpTo, Watermark};
use crate::domain::message::Status;

pub(super) fn understand(told: &Told<'_>) -> Understood {
    let payload = told.payload;
    for (name, status) in [("delivered", Status::Delivered), ("seen", Status::Read)] {
        if let Some(provider_id) = id(&payload[name]["mid"]) {
            return Ok(InboundEvent::Status(StatusUpdate {
                provider_id,
                correlation: None,
                status: Some(status),
                word: name.to_owned(),
                at: told.at,
                failure: None,
            }));
        }
    }
    let marks = [("delivery", Status::Delivered), ("read", Status::Read)];
    let mark = marks.into_iter().find(|(name, _)| payload[name].is_object());
    let (name, status) = mark.ok_or("a mark of an unknown kind")?;
    let told_mark = &payload[name];
    let at = time(&told_mark["watermark"]).map(UpTo::Time);
    let up_to = at.or_else(|| id(&told_mark["mid"]).map(UpTo::Message)).ok_or("a mark without a place")?;
    Ok(InboundEvent::Watermark(Watermark {
        addresses: vec![told.contact.clone()],
        status,
        word: name.to_owned(),
        up_to,
        at: told.at,
    }))
}
