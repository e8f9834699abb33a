//! A webhook's form as PostgreSQL can hold it.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::channels::raw_json;

/// Most parameters of a webhook; the provider sends a few dozen.
const MOST: usize = 1000;

/// A form's parameters in their order.
pub(super) fn pairs(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body)
        .take(MOST)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The parameters by name, the first of each; the provider may add names at any time.
pub(super) fn parameters(body: &[u8]) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in pairs(body) {
        parameters.entry(name).or_insert(Value::String(value));
    }
    let mut parameters = Value::Object(parameters);
    raw_json::make_storable(&mut parameters);
    match parameters {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    }
}

/// A parameter that says something.
pub(super) fn text<'a>(parameters: &'a Value, name: &str) -> Option<&'a str> {
    parameters.get(name)?.as_str().filter(|text| !text.is_empty())
}
