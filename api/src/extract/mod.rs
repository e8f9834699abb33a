//! What handlers take from a request, with faults answered in our error shape.

mod client_address;
mod idempotency_key;
mod json;
mod object;
mod path;
mod query;
mod trace;

pub use client_address::ClientAddress;
pub use idempotency_key::IdempotencyKey;
pub use json::{BODY_LIMIT, Json, OptionalJson, read_body};
pub use object::Object;
pub use path::{Named, Nested, Path, Paths};
pub use query::Query;
use serde::{Deserialize, Deserializer};
pub use trace::Trace;

/// Reads a field of a merge patch (RFC 7396): one that is left out stays `None` by `#[serde(default)]`. Where `T` is itself an
/// option, null is told apart from that; where it is not, null is refused.
///
/// # Errors
/// When the value is no `T`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What a serde error says about a field.
enum Fault {
    /// A required field is absent or null.
    Required(String),
    /// A field that there is not.
    Unknown(String),
    /// A value of another JSON type.
    WrongType(String),
    /// A value of the right type that is not one of those allowed.
    Unsupported(String),
    /// A field that comes twice.
    Duplicate(String),
    /// Anything else.
    Other(String),
}

/// Reads serde's error text, its only interface, into field and fault.
fn fault(path: &serde_path_to_error::Path, message: &str) -> Fault {
    let parent: Vec<String> = path.iter().map(segment).collect();
    let here = join(&parent);
    let named = |name: &str| {
        let mut segments = parent.clone();
        // Some deserializers already include the key that they stumbled over.
        if segments.last().is_none_or(|last| last != name) {
            segments.push(name.to_owned());
        }
        join(&segments)
    };
    match (message.split(['`']).nth(1), message) {
        (Some(name), text) if text.starts_with("missing field") => Fault::Required(named(name)),
        (Some(name), text) if text.starts_with("unknown field") => Fault::Unknown(named(name)),
        (Some(name), text) if text.starts_with("duplicate field") => Fault::Duplicate(named(name)),
        (_, text) if text.starts_with("invalid type: null") => Fault::Required(here),
        (_, text) if text.starts_with("invalid type") => Fault::WrongType(here),
        (_, text) if text.starts_with("unknown variant") => Fault::Unsupported(here),
        _ => Fault::Other(here),
    }
}

fn segment(segment: &serde_path_to_error::Segment) -> String {
    match segment {
        serde_path_to_error::Segment::Seq { index } => format!("[{index}]"),
        other => other.to_string(),
    }
}

fn join(segments: &[String]) -> String {
    let mut text = String::new();
    for segment in segments {
        if !text.is_empty() && !segment.starts_with('[') {
            text.push('.');
        }
        text.push_str(segment);
    }
    text
}

/// Serde's message without the place in the text, which the field's path says better.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text)
}
