//! Query parameters: a faulty, unknown or repeated one is 400 with its name.

use axum::extract::FromRequestParts;
use common::problem::Problem;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{Fault, fault};
use crate::problems;
use crate::state::AppState;

/// The query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let reader = serde_html_form::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let message = error.inner().to_string();
        match fault(error.path(), &message) {
            Fault::Unknown(name) => {
                let detail = format!("There is no query parameter {name} here");
                Problem::new(StatusCode::BAD_REQUEST, "unknown_parameter", detail).field(
                    &name,
                    "unknown_parameter",
                    "is not known here",
                )
            }
            Fault::Required(name)
            | Fault::WrongType(name)
            | Fault::Unsupported(name)
            | Fault::Duplicate(name)
            | Fault::Other(name) => problems::parameter(&name, message),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        flag: Option<bool>,
        #[serde(default)]
        items: Vec<String>,
        count: Option<u16>,
    }

    #[test]
    fn lists_may_repeat_and_everything_else_must_fit() {
        let read =
            |query| read::<Sample>(query).map_err(|p| (p.code, p.errors.first().map(|e| e.field.clone())));
        let sample = Sample { flag: Some(true), items: vec!["a,b".into(), "c".into()], count: Some(3) };
        assert_eq!(read("flag=true&items=a%2Cb&items=c&count=3"), Ok(sample));
        assert_eq!(read(""), Ok(Sample { flag: None, items: vec![], count: None }));
        assert_eq!(read("flag=1"), Err(("invalid_parameter", Some("flag".into()))));
        assert_eq!(read("count=70000"), Err(("invalid_parameter", Some("count".into()))));
        assert_eq!(read("count=1&count=2").unwrap_err().0, "invalid_parameter");
        assert_eq!(read("odd=1"), Err(("unknown_parameter", Some("odd".into()))));
    }
}
