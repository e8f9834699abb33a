//! Makes a classified error of what the Graph API answers on Messenger and Instagram.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::codes;
use crate::channels::calls::Protocol;
use crate::channels::meta::errors::{self, speaks_graph};
use crate::channels::meta::payloads::ErrorBody;
use crate::channels::{Action, ChannelError};

/// Classifies an answer that is not a success. Its code is shown with its subcode: by itself it says little here.
pub(super) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> ChannelError {
    let mut error = errors::classify(codes::find, status, headers, body, now);
    let subcode = serde_json::from_slice::<ErrorBody>(body).ok().and_then(|body| body.error.error_subcode);
    if let (Some(code), Some(subcode)) = (&mut error.provider_code, subcode) {
        *code = format!("{code}/{subcode}");
    }
    error
}

/// The same for a question about the page or account itself: what is missing then is that.
pub(super) fn of_node(error: ChannelError) -> ChannelError {
    match error.code {
        "recipient_unknown" => ChannelError { action: Action::Account, code: "number_missing", ..error },
        _ => error,
    }
}

/// How the Graph API speaks, with answers that name what was sent like this.
pub(super) const fn protocol(accepted: fn(&[u8]) -> Option<String>) -> Protocol {
    Protocol { classify, speaks: speaks_graph, accepted }
}
