//! What a contact wants of marketing.

use serde_json::Value;

use super::time;
use crate::channels::Wish;
use crate::channels::whatsapp::addresses;
use crate::domain::contact::OptOut;

/// Understands a preference that a contact set.
pub(super) fn wish(preference: &Value) -> Result<Wish, &'static str> {
    if preference["category"] != "marketing_messages" {
        return Err("a preference of another kind");
    }
    let opted_out = match preference["value"].as_str() {
        Some("stop") => true,
        Some("resume" | "signup") => false,
        _ => return Err("a preference of an unknown value"),
    };
    let addresses = addresses::distinct([&preference["wa_id"], &preference["user_id"]]);
    Ok(Wish { addresses, scope: OptOut::Marketing, opted_out, at: time(&preference["timestamp"]) })
}
