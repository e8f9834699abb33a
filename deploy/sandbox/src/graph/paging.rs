//! Lists as the Graph API answers them: chosen fields, pages and cursors.

use axum::http::Uri;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::error::GraphError;

/// The query of a list or node.
#[derive(Debug)]
pub struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

/// The decoded pairs of an address's query.
pub(super) fn query_pairs(uri: &Uri) -> Vec<(String, String)> {
    let mut url = reqwest::Url::parse("http://localhost").ok();
    if let Some(url) = &mut url {
        url.set_query(uri.query());
    }
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

impl Query {
    /// The query of a request.
    pub fn of(uri: &Uri) -> Self {
        Self { path: uri.path().to_owned(), pairs: query_pairs(uri) }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// An object with the fields asked for, and its id.
    pub fn select(&self, object: Value) -> Value {
        let (Some(fields), Value::Object(object)) = (self.get("fields"), &object) else { return object };
        let wanted = field_names(fields);
        let chosen: Map<String, Value> = object
            .iter()
            .filter(|(name, _)| *name == "id" || wanted.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Value::Object(chosen)
    }

    /// One page of a list, with `base` in front of the links to its neighbours.
    pub fn page(&self, items: &[Value], base: &str) -> Result<Value, GraphError> {
        let limit = match self.get("limit").map(str::parse::<usize>) {
            None => 25,
            Some(Ok(limit)) if limit > 0 => limit.min(100),
            Some(_) => return Err(GraphError::parameter("Param limit must be a positive integer")),
        };
        let (start, end) = match (self.cursor("after")?, self.cursor("before")?) {
            (Some(after), _) => (after + 1, (after + 1).saturating_add(limit)),
            (None, Some(before)) => (before.saturating_sub(limit), before),
            (None, None) => (0, limit),
        };
        let end = end.min(items.len());
        let start = start.min(end);
        let data: Vec<Value> = items[start..end].iter().map(|item| self.select(item.clone())).collect();
        if data.is_empty() {
            return Ok(json!({"data": data}));
        }
        let (before, after) = (encode(start), encode(end - 1));
        let mut paging = json!({"cursors": {"before": before, "after": after}});
        if end < items.len() {
            paging["next"] = json!(self.link(base, "after", &after));
        }
        if start > 0 {
            paging["previous"] = json!(self.link(base, "before", &before));
        }
        Ok(json!({"data": data, "paging": paging}))
    }

    fn cursor(&self, name: &str) -> Result<Option<usize>, GraphError> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let place = URL_SAFE_NO_PAD.decode(text).ok();
        let place = place.and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<u32>().ok());
        place
            .map(|place| Some(place as usize))
            .ok_or_else(|| GraphError::parameter(format!("Param {name} is not a valid cursor")))
    }

    fn link(&self, base: &str, direction: &str, cursor: &str) -> Option<String> {
        let mut url = reqwest::Url::parse(&format!("{base}{}", self.path)).ok()?;
        let kept = self
            .pairs
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "after" | "before" | "access_token"));
        url.query_pairs_mut()
            .extend_pairs(kept.map(|(name, value)| (name, value)))
            .append_pair(direction, cursor);
        Some(url.into())
    }
}

fn encode(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// The names at the top of a field list such as `id,name.limit(3),health{state}`.
fn field_names(fields: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (place, character) in fields.char_indices().chain([(fields.len(), ',')]) {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 || place == fields.len() => {
                let name = fields[start..place].split(['{', '(', '.']).next().unwrap_or_default();
                names.push(name.trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_count_by_their_first_name() {
        assert_eq!(field_names("id,name.limit(3),health{a,b},x"), ["id", "name", "health", "x"]);
    }

    #[test]
    fn pages_lead_to_each_other() {
        let items: Vec<Value> = (0..5).map(|id| json!({"id": id, "name": "n", "extra": 1})).collect();
        let first = Query::of(&"/v1.0/1/list?limit=2&fields=name".parse().unwrap());
        let first = first.page(&items, "http://host").unwrap();
        assert_eq!(first["data"], json!([{"id": 0, "name": "n"}, {"id": 1, "name": "n"}]));
        let next: Uri = first["paging"]["next"].as_str().unwrap().parse().unwrap();
        assert!(next.to_string().starts_with("http://host/v1.0/1/list?limit=2&fields=name&after="), "{next}");
        let second = Query::of(&next).page(&items, "http://host").unwrap();
        assert_eq!(second["data"][0]["id"], 2);
        let previous: Uri = second["paging"]["previous"].as_str().unwrap().parse().unwrap();
        assert_eq!(Query::of(&previous).page(&items, "http://host").unwrap()["data"][0]["id"], 0);
        let last = Query::of(&second["paging"]["next"].as_str().unwrap().parse().unwrap());
        let last = last.page(&items, "http://host").unwrap();
        assert_eq!(last["data"].as_array().unwrap().len(), 1);
        assert_eq!(last["paging"]["next"], Value::Null);
    }
}
