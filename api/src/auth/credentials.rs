//! The key, or the token of a session, that a request presents: `Authorization: Bearer …` or `X-API-Key: …`.

use common::crypto::shared::SharedTokens;
use common::problem::Problem;
use http::{HeaderMap, StatusCode, header};

const API_KEY: &str = "x-api-key";
/// Longer than any key of ours.
const LONGEST: usize = 256;

/// The one key that a request presents.
pub(super) fn presented(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut found: Option<&str> = None;
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(|value| bearer(value.to_str().ok()));
    let plain = headers.get_all(API_KEY).iter().map(|value| value.to_str().ok());
    for token in bearers.chain(plain) {
        let token = token.map(str::trim).filter(|token| !token.is_empty()).ok_or_else(invalid)?;
        if found.replace(token).is_some_and(|other| other != token) {
            let detail =
                "The request carries two different keys; send one, as a bearer token or as X-API-Key";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "conflicting_credentials", detail));
        }
    }
    let token = found.ok_or_else(missing)?;
    if token.len() > LONGEST || !token.starts_with("sk_org_") && !token.starts_with(SharedTokens::SESSION) {
        return Err(invalid());
    }
    Ok(token)
}

fn bearer(value: Option<&str>) -> Option<&str> {
    let (scheme, token) = value?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn missing() -> Problem {
    let detail = "The request carries no key; send one as a bearer token or as X-API-Key";
    Problem::new(StatusCode::UNAUTHORIZED, "missing_credentials", detail)
}

/// The answer to a key that is none of ours.
pub(super) fn invalid() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_key", "The key is not valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pairs: &[(&'static str, &str)]) -> Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        presented(&headers).map(str::to_owned).map_err(|problem| problem.code)
    }

    #[test]
    fn either_header_is_read_and_contradictions_are_refused() {
        let key = "sk_org_abc";
        assert_eq!(code(&[("authorization", "Bearer sk_org_abc")]), Ok(key.into()));
        assert_eq!(code(&[("authorization", "bearer  sk_org_abc ")]), Ok(key.into()));
        assert_eq!(code(&[("x-api-key", key)]), Ok(key.into()));
        assert_eq!(code(&[("authorization", "Bearer sis_abc")]), Ok("sis_abc".into()));
        assert_eq!(code(&[("authorization", "Bearer sk_org_abc"), ("x-api-key", key)]), Ok(key.into()));
        let two = [("authorization", "Bearer sk_org_abc"), ("x-api-key", "sk_org_def")];
        assert_eq!(code(&two), Err("conflicting_credentials"));
        assert_eq!(code(&[]), Err("missing_credentials"));
        for bad in ["Basic sk_org_abc", "sk_org_abc", "Bearer", "Bearer ", "Bearer other"] {
            assert_eq!(code(&[("authorization", bad)]), Err("invalid_key"), "{bad}");
        }
        assert_eq!(code(&[("x-api-key", &"sk_org_".repeat(99))]), Err("invalid_key"));
    }
}
