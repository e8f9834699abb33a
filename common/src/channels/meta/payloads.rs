//! The Graph API's JSON that all of Meta's channels have in common: its errors, and numbers that may be texts.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Body of an error.
#[derive(Debug, Deserialize)]
pub(in crate::channels) struct ErrorBody {
    pub error: GraphError,
}

/// What the Graph API says of an error, in answers and in statuses. Fields of an unexpected type count as missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::channels) struct GraphError {
    #[serde(deserialize_with = "number")]
    pub code: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub error_subcode: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub error_user_msg: Option<String>,
    #[serde(deserialize_with = "any")]
    pub error_data: Value,
    #[serde(deserialize_with = "any")]
    pub is_transient: Value,
}

fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?))
}

/// A whole number, written as a number or as a text.
pub(in crate::channels) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
