//! A JSON body: its limit, its media type, and its faults by field.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use common::problem::Problem;
use http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::object::Object;
use super::{Fault, fault, without_place};
use crate::state::AppState;

/// Most bytes of a client's body.
pub const BODY_LIMIT: usize = 1 << 20;

/// A JSON body: what it says, and the bytes it came in.
#[derive(Debug)]
pub struct Json<T>(pub T, pub Bytes);

/// A JSON body that may be left out, which means an empty object.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T, pub Bytes);

impl<T: DeserializeOwned> FromRequest<AppState> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, BODY_LIMIT).await?;
        if bytes.is_empty() {
            return Ok(Self(read_by_field::<Object<T>>(&Bytes::from_static(b"{}"))?.0, bytes));
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        Json::from_request(request, state).await.map(|Json(value, bytes)| Self(value, bytes))
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "The body must be JSON, with Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let bytes = read_body(&parts.headers, body, BODY_LIMIT).await?;
        // Tracking the path costs time, so only a body that is refused is read with it.
        let value: Object<T> = serde_json::from_slice(&bytes).or_else(|_| read_by_field(&bytes))?;
        Ok(Self(value.0, bytes))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.len() > 5 && essence.is_char_boundary(essence.len() - 5) && {
            let (kind, suffix) = essence.split_at(essence.len() - 5);
            suffix.eq_ignore_ascii_case("+json") && kind.to_ascii_lowercase().starts_with("application/")
        }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// 413 when it is larger, 400 when it breaks off.
pub async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("The body is larger than {limit} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    };
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        use std::error::Error as _;
        let past_limit = error.source().is_some_and(|source| source.to_string().contains("length limit"));
        if past_limit { too_large() } else { Problem::malformed("The body could not be read to its end") }
    })
}

fn read_by_field<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Problem> {
    // First whether it is JSON at all: a wrong field ahead of broken syntax is not what is wrong with the body.
    serde_json::from_slice::<IgnoredAny>(bytes)
        .map_err(|error| Problem::malformed(format!("The body is not valid JSON: {error}")))?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader);
    read.map_err(|error| {
        let inner = error.inner();
        match inner.classify() {
            Category::Io | Category::Syntax | Category::Eof => {
                Problem::malformed(format!("The body is not valid JSON: {inner}"))
            }
            Category::Data => {
                by_field(fault(error.path(), &inner.to_string()), without_place(&inner.to_string()))
            }
        }
    })
}

fn by_field(fault: Fault, message: &str) -> Problem {
    let invalid = |status, code, field: &str, field_code, detail: String| {
        Problem::new(status, code, detail).field(field, field_code, message)
    };
    match fault {
        Fault::Required(field) if field.is_empty() => Problem::malformed("The body must be a JSON object"),
        Fault::WrongType(field) if field.is_empty() => Problem::malformed("The body must be a JSON object"),
        Fault::Required(field) => Problem::required(&field),
        Fault::Unknown(field) => {
            let detail = format!("There is no field {field} here");
            invalid(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", &field, "unknown_field", detail)
        }
        Fault::WrongType(field) => {
            let detail = format!("{field} has the wrong type: {message}");
            invalid(StatusCode::BAD_REQUEST, "wrong_type", &field, "wrong_type", detail)
        }
        Fault::Unsupported(field) => {
            let detail = format!("{field} has a value that is not supported: {message}");
            invalid(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unsupported_value",
                &field,
                "unsupported_value",
                detail,
            )
        }
        Fault::Duplicate(field) => {
            let problem = Problem::malformed(format!("The body is ambiguous: {message}"));
            problem.field(&field, "duplicate", message)
        }
        Fault::Other(field) => Problem::invalid(&field, "invalid", message),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "read by serde only")]
        name: String,
        #[expect(dead_code, reason = "read by serde only")]
        inner: Option<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "read by serde only")]
        numbers: Vec<u8>,
    }

    #[test]
    fn each_fault_has_its_status_its_code_and_its_field() {
        let cases = [
            ("", 400, "malformed_request", None),
            ("{", 400, "malformed_request", None),
            ("[]", 400, "malformed_request", None),
            (r#"["a",null]"#, 400, "malformed_request", None),
            (r#"{"name":"a","inner":[[1]]}"#, 400, "wrong_type", Some("inner")),
            ("null", 400, "malformed_request", None),
            (r#"{"name":"a"} x"#, 400, "malformed_request", None),
            ("{}", 400, "required_field_missing", Some("name")),
            (r#"{"name":null}"#, 400, "required_field_missing", Some("name")),
            (r#"{"name":5}"#, 400, "wrong_type", Some("name")),
            (r#"{"name":"a","name":"b"}"#, 400, "malformed_request", Some("name")),
            (r#"{"other":1,}"#, 400, "malformed_request", None),
            (r#"{"name":"a","other":1}"#, 422, "unknown_field", Some("other")),
            (r#"{"name":"a","inner":{}}"#, 400, "required_field_missing", Some("inner.numbers")),
            (r#"{"name":"a","inner":{"numbers":[1,"x"]}}"#, 400, "wrong_type", Some("inner.numbers[1]")),
            (r#"{"name":"a","inner":{"numbers":[1],"odd":1}}"#, 422, "unknown_field", Some("inner.odd")),
        ];
        for (body, status, code, field) in cases {
            let problem = read_by_field::<Object<Outer>>(&Bytes::from_static(body.as_bytes())).unwrap_err();
            let fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!((problem.status.as_u16(), problem.code), (status, code), "{body}: {}", problem.detail);
            assert_eq!(fields, field.into_iter().collect::<Vec<_>>(), "{body}");
        }
    }

    #[test]
    fn a_body_nested_without_end_is_refused() {
        let body = format!("{}{}", r#"{"name":"#, "[".repeat(100_000));
        assert_eq!(
            read_by_field::<serde_json::Value>(&Bytes::from(body)).unwrap_err().code,
            "malformed_request"
        );
    }

    #[test]
    fn only_json_media_types_are_read() {
        for (text, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("text/json", false),
            ("text/plain", false),
            ("+json", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, text.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{text}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
