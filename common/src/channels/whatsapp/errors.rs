//! Makes a classified error of what the Graph API answers, or says in a status, by WhatsApp's table of codes.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::Deserialize as _;
use serde_json::Value;

use super::codes;
use crate::channels::meta::errors::from_graph;
pub(super) use crate::channels::meta::errors::speaks_graph;
use crate::channels::meta::payloads::GraphError;
use crate::channels::{Action, ChannelError, meta};

/// Classifies an answer that is not a success.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> ChannelError {
    meta::errors::classify(codes::find, status, headers, body, now)
}

/// Classifies the first of a failed status's `errors`.
pub fn of_status(errors: &Value) -> ChannelError {
    let first = errors.get(0).unwrap_or(&Value::Null);
    let graph = GraphError::deserialize(first).unwrap_or_default();
    if graph.code.is_none() && graph.title.is_none() && graph.message.is_none() {
        return ChannelError::new(
            Action::Recipient,
            "delivery_failed",
            "The provider could not deliver the message",
        );
    }
    from_graph(codes::find, &graph, None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::channels::calls::{DETAIL_LIMIT, LONGEST_WAIT};
    use crate::channels::meta::errors::USAGE_HEADER;

    fn answer(status: u16, body: &Value, headers: &[(&'static str, &str)]) -> ChannelError {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let now = DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z").unwrap().to_utc();
        classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), now)
    }

    fn graph(code: i64) -> Value {
        json!({"error": {"message": format!("(#{code}) no"), "type": "OAuthException", "code": code}})
    }

    #[test]
    fn answers_are_classified() {
        let transient = json!({"error": {"code": 131_026, "is_transient": true}});
        let app_limit = json!({"error": {"code": 4, "error_subcode": 2_446_079, "is_transient": true}});
        let missing =
            json!({"error": {"code": 100, "error_subcode": 33, "message": "Unsupported post request."}});
        let html = json!("<html>Oops</html>");
        let cases = [
            (401, graph(190), Action::Auth, "token_expired"),
            (401, graph(0), Action::Auth, "token_expired"),
            (403, graph(299), Action::Auth, "permission_missing"),
            (400, graph(131_042), Action::Account, "payment_issue"),
            (400, graph(131_047), Action::Window, "window_closed"),
            (400, graph(131_050), Action::OptOut, "recipient_opted_out"),
            (404, graph(132_001), Action::Template, "template_missing"),
            (400, graph(131_056), Action::ThrottleRecipient, "pair_rate_limited"),
            (400, graph(130_429), Action::ThrottleSender, "rate_limited"),
            (400, missing, Action::Account, "number_missing"),
            (500, graph(131_026), Action::Recipient, "recipient_unreachable"),
            (400, transient, Action::Transient, "provider_error"),
            (400, app_limit, Action::ThrottleSender, "rate_limited"),
            (429, graph(131_056), Action::ThrottleRecipient, "pair_rate_limited"),
            (429, graph(131_026), Action::ThrottleSender, "rate_limited"),
            (429, html.clone(), Action::ThrottleSender, "rate_limited"),
            (400, graph(999_999), Action::Content, "provider_refused"),
            (500, graph(999_999), Action::Transient, "provider_error"),
            (500, html.clone(), Action::Transient, "provider_error"),
            (503, json!(""), Action::Transient, "provider_error"),
            (408, json!(""), Action::Transient, "provider_error"),
            (401, html.clone(), Action::Auth, "token_expired"),
            (404, html.clone(), Action::Account, "provider_address"),
            (302, json!(""), Action::Account, "provider_address"),
            (400, html, Action::Content, "provider_refused"),
            (400, json!({"error": {"code": "131047"}}), Action::Window, "window_closed"),
            (400, json!({"error": {"code": [], "message": 7}}), Action::Content, "provider_refused"),
        ];
        for (status, body, action, code) in cases {
            let error = answer(status, &body, &[]);
            assert_eq!((error.action, error.code), (action, code), "{status} {body}");
            assert_eq!(error.http_status, Some(status));
        }
    }

    #[test]
    fn what_the_provider_says_is_kept_in_one_bounded_line() {
        let body = json!({"error": {"message": "(#131009) no", "code": 131_009, "error_data": {"details": "bad\n\u{0}link"}}});
        let error = answer(400, &body, &[]);
        assert_eq!(
            (error.provider_code.as_deref(), error.detail.as_deref()),
            (Some("131009"), Some("bad  link"))
        );
        assert_eq!(answer(400, &graph(999_999), &[]).title, "(#999999) no");
        assert_eq!(answer(500, &json!("é".repeat(5000)), &[]).detail.unwrap().chars().count(), DETAIL_LIMIT);
        assert_eq!(answer(500, &json!(""), &[]).detail, None);
    }

    type Case<'a> = (i64, &'a [(&'static str, &'a str)], Option<u64>);

    #[test]
    fn the_provider_s_wait_replaces_the_known_one() {
        let usage = r#"{"1":[{"type":"whatsapp","estimated_time_to_regain_access":2}],"2":[{"estimated_time_to_regain_access":1}]}"#;
        let day = LONGEST_WAIT.as_secs();
        let cases: &[Case] = &[
            (130_429, &[], None),
            (131_057, &[], Some(60)),
            (131_057, &[("retry-after", "3")], Some(3)),
            (130_429, &[("retry-after", " 3 ")], Some(3)),
            (130_429, &[("retry-after", "Sat, 21 Nov 2026 04:00:09 GMT")], Some(9)),
            (130_429, &[("retry-after", "Sat, 21 Nov 2026 03:00:00 GMT")], Some(0)),
            (130_429, &[("retry-after", "soon")], None),
            (130_429, &[("retry-after", "-5")], None),
            (130_429, &[("retry-after", "1e300")], Some(day)),
            (130_429, &[("retry-after", "nan")], None),
            (4, &[(USAGE_HEADER, usage)], Some(120)),
            (4, &[(USAGE_HEADER, usage), ("retry-after", "300")], Some(300)),
            (2, &[(USAGE_HEADER, usage)], None),
            (4, &[(USAGE_HEADER, "{")], None),
            (
                4,
                &[(USAGE_HEADER, r#"{"1":[{"estimated_time_to_regain_access":18446744073709551615}]}"#)],
                Some(day),
            ),
        ];
        for (code, headers, seconds) in cases {
            assert_eq!(
                answer(400, &graph(*code), headers).retry_after.map(|w| w.as_secs()),
                *seconds,
                "{code} {headers:?}"
            );
        }
    }

    #[test]
    fn a_failed_status_is_classified_by_its_first_error() {
        let cases = [
            (
                json!([{"code": 131_049, "title": "x"}, {"code": 1}]),
                Action::Recipient,
                "recipient_limit_reached",
            ),
            (json!([{"code": 555, "title": "Strange"}]), Action::Content, "provider_refused"),
            (json!([]), Action::Recipient, "delivery_failed"),
            (json!(null), Action::Recipient, "delivery_failed"),
            (json!(["x"]), Action::Recipient, "delivery_failed"),
        ];
        for (errors, action, code) in cases {
            let error = of_status(&errors);
            assert_eq!((error.action, error.code), (action, code), "{errors}");
        }
    }
}
