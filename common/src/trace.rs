//! The trace id that follows a request over the broker to the provider call and back.
//!
//! Format: W3C Trace Context `traceparent`, version 00 (https://www.w3.org/TR/trace-context/).

use std::fmt;

use uuid::Uuid;

/// A 128-bit trace id; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub Uuid);

impl TraceId {
    /// A fresh random trace id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The trace id of a `traceparent` header, if it is well formed.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex(version, 2) || version == "ff" || !hex(trace, 32) || !hex(span, 16) {
            return None;
        }
        let id = Uuid::try_parse(trace).ok()?;
        (!id.is_nil()).then_some(Self(id))
    }

    /// A `traceparent` header with a fresh span id.
    pub fn traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", rand::random::<u64>().max(1))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for TraceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::TraceId;

    #[test]
    fn a_traceparent_round_trips_and_malformed_ones_are_ignored() {
        let id = TraceId::random();
        assert_eq!(TraceId::from_traceparent(&id.traceparent()), Some(id));
        for bad in ["", "00-0-0-01", "00-00000000000000000000000000000000-0000000000000001-01", "ff-1-2-3"] {
            assert_eq!(TraceId::from_traceparent(bad), None, "{bad}");
        }
    }
}
