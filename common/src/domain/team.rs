//! Teams: groups of users that conversations go to.

use std::str::FromStr;

/// How the new conversations of a team find a person.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum TeamMode {
    /// They wait until somebody is assigned.
    #[default]
    Manual,
    /// Each goes to the next of the team's available members.
    RoundRobin,
}

impl TeamMode {
    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::RoundRobin => "roundRobin",
        }
    }
}

impl FromStr for TeamMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Manual, Self::RoundRobin].into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| format!("{text} is no way to assign: expected manual or roundRobin"))
    }
}
