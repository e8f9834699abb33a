//! Fields of a request body that know their own path, for the provider's error texts.

use serde_json::{Map, Value};

use crate::graph::error::GraphError;

/// An object within a request body.
pub(super) struct Field<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

/// A parameter is missing (131008).
pub(super) fn missing(path: &str) -> GraphError {
    GraphError::of(131_008).because(format!("The parameter {path} is required."))
}

/// A parameter is wrong (131009).
pub(super) fn invalid(path: &str, why: &str) -> GraphError {
    GraphError::of(131_009).because(format!("Param {path} {why}."))
}

/// A text is too long (100).
pub(super) fn too_long(path: &str, most: usize) -> GraphError {
    GraphError::parameter(format!("Param {path} must be at most {most} characters long."))
}

impl<'a> Field<'a> {
    /// The body itself.
    pub fn root(object: &'a Map<String, Value>) -> Self {
        Self { path: String::new(), object }
    }

    /// The path of a member, in the provider's spelling: `text['body']`.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}['{name}']", self.path) }
    }

    /// A member as it is; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A member that must be an object.
    pub fn object(&self, name: &str) -> Result<Field<'a>, GraphError> {
        self.optional_object(name)?.ok_or_else(|| missing(&self.path(name)))
    }

    /// A member that must be an object if there.
    pub fn optional_object(&self, name: &str) -> Result<Option<Field<'a>>, GraphError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self { path: self.path(name), object })),
            Some(_) => Err(invalid(&self.path(name), "must be an object")),
        }
    }

    /// A member that must be a list of objects.
    pub fn objects(&self, name: &str) -> Result<Vec<Field<'a>>, GraphError> {
        if self.get(name).is_none() {
            return Err(missing(&self.path(name)));
        }
        self.optional_objects(name)
    }

    /// A member that must be a list of objects if there.
    pub fn optional_objects(&self, name: &str) -> Result<Vec<Field<'a>>, GraphError> {
        let path = self.path(name);
        let list = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(invalid(&path, "must be an array")),
        };
        let item = |(index, value): (usize, &'a Value)| match value {
            Value::Object(object) => Ok(Self { path: format!("{path}[{index}]"), object }),
            _ => Err(invalid(&format!("{path}[{index}]"), "must be an object")),
        };
        list.iter().enumerate().map(item).collect()
    }

    /// A member that must be a non-empty string.
    pub fn text(&self, name: &str) -> Result<&'a str, GraphError> {
        match self.optional_text(name)? {
            None => Err(missing(&self.path(name))),
            Some("") => Err(invalid(&self.path(name), "must not be empty")),
            Some(text) => Ok(text),
        }
    }

    /// A member that must be a non-empty string of at most `most` characters.
    pub fn text_within(&self, name: &str, most: usize) -> Result<&'a str, GraphError> {
        let text = self.text(name)?;
        if text.len() > most && text.chars().count() > most {
            return Err(too_long(&self.path(name), most));
        }
        Ok(text)
    }

    /// A member that must be a string if there.
    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, GraphError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(&self.path(name), "must be a string")),
        }
    }

    /// A member that must be a string of at most `most` characters if there.
    pub fn optional_text_within(&self, name: &str, most: usize) -> Result<(), GraphError> {
        if self.get(name).is_some() { self.text_within(name, most).map(drop) } else { Ok(()) }
    }

    /// A member that must be one of these strings.
    pub fn one_of(&self, name: &str, allowed: &[&str]) -> Result<&'a str, GraphError> {
        let text = self.text(name)?;
        if allowed.contains(&text) {
            return Ok(text);
        }
        let allowed = allowed.join(", ").to_uppercase();
        Err(invalid(&self.path(name), &format!("must be one of {{{allowed}}}")))
    }

    /// A member that must be an `http` address.
    pub fn address(&self, name: &str) -> Result<(), GraphError> {
        let text = self.text(name)?;
        match reqwest::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
            _ => Err(GraphError::parameter(format!("Param {} is not a valid URI.", self.path(name)))),
        }
    }

    /// Refuses a member that has no place here.
    pub fn forbid(&self, name: &str) -> Result<(), GraphError> {
        match self.get(name) {
            None => Ok(()),
            Some(_) => {
                Err(GraphError::parameter(format!("Unexpected key \"{name}\" on param \"{}\".", self.path)))
            }
        }
    }
}
