//! Messages outside their lane, and what becomes of one that meets a closed reply window.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::content::Content;

/// Why a message stands outside its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Postponed {
    /// Its time has not come.
    Scheduled,
    /// The reply window is closed; the contact's next message releases it.
    Held,
}

impl Postponed {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Held => "held",
        }
    }
}

impl FromStr for Postponed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Scheduled, Self::Held]
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| format!("{text} is no reason to stand outside a lane"))
    }
}

/// What a client wants for a message that is about to leave while the reply window is closed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClosedWindow {
    /// It fails.
    #[default]
    Fail,
    /// It waits until the contact next writes.
    Hold,
    /// This is sent in its place.
    Template(Box<Content>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_stored_and_read_back() {
        let template = ClosedWindow::Template(Box::new(Content::text("instead")));
        let cases = [
            (ClosedWindow::Hold, r#""hold""#),
            (template, r#"{"template":{"type":"text","text":"instead"}}"#),
        ];
        for (wish, stored) in cases {
            assert_eq!(serde_json::to_string(&wish).unwrap(), stored);
            assert_eq!(serde_json::from_str::<ClosedWindow>(stored).unwrap(), wish);
        }
        assert!("forgotten".parse::<Postponed>().is_err());
    }
}
