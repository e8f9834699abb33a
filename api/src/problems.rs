//! Every problem code that clients may meet, in one table, and the page that explains them.

use std::fmt::Write as _;

use common::problem::Problem;
use http::StatusCode;

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What it means and what to do, for people.
    pub meaning: &'static str,
}

macro_rules! kinds {
    ($($status:literal $code:literal $meaning:literal,)+) => {
        /// Every kind, by status.
        pub const KINDS: &[Kind] = &[$(Kind { code: $code, status: $status, meaning: $meaning }),+];
    };
}

kinds! {
    400 "malformed_request" "The body is not JSON, not an object, or ambiguous.",
    400 "required_field_missing" "A required field is missing or null; errors[] names it.",
    400 "wrong_type" "A field has another JSON type than it should; errors[] names it.",
    400 "invalid_parameter" "A query parameter has a value that it cannot have; errors[] names it.",
    400 "unknown_parameter" "There is no such query parameter here; errors[] names it.",
    400 "invalid_page_token" "The page token is not a nextPageToken of this list in this order. Start again without one.",
    400 "invalid_idempotency_key" "Idempotency-Key must be one header of 1 to 255 visible ASCII characters.",
    400 "conflicting_credentials" "Authorization and X-API-Key carry different keys.",
    401 "missing_credentials" "The request carries no key.",
    401 "unauthorized" "The request does not prove who sent it.",
    401 "invalid_signature" "The webhook is not signed with the secret of a connection it concerns.",
    401 "invalid_key" "There is no such key.",
    401 "key_expired" "The key has expired. Create a new one.",
    401 "key_revoked" "The key was revoked. Create a new one.",
    401 "user_disabled" "The user who owns the key was removed.",
    401 "invalid_token" "The token is of no link and no embed. Ask whoever gave it to you for another.",
    401 "invalid_session" "There is no such session. Exchange the token of the link or embed for one.",
    401 "session_expired" "The session has expired. Exchange the token of the link or embed for another.",
    401 "session_ended" "The session was ended, by its visitor or by the owner of the link.",
    401 "link_revoked" "The link was revoked. Ask whoever gave it to you for another.",
    401 "link_expired" "The link has expired. Ask whoever gave it to you for another.",
    401 "link_rotated" "The link has another address now. Ask whoever gave it to you for that.",
    401 "embed_revoked" "The embed was revoked.",
    401 "embed_expired" "The embed has expired.",
    401 "viewer_identity_required" "The embed takes only viewers whom the product that holds it names. Exchange its token together with a viewerToken.",
    401 "invalid_viewer_token" "The viewerToken proves nothing; the detail says why. Nobody got in.",
    401 "viewer_token_expired" "The viewerToken has expired. Have the product that holds the embed sign another.",
    401 "viewer_key_removed" "The embed has the key no more that proved who looks. Begin a session with a viewerToken that another key signed.",
    403 "insufficient_permission" "The link or embed does not permit this to its visitors; the detail names the permission, or says that it is none of theirs.",
    403 "session_required" "This takes the token of a shared inbox session, and no API key.",
    403 "insufficient_scope" "The key is valid but may not do this. The detail names the scope and the role it takes.",
    403 "insufficient_role" "What is asked for takes a higher role than the key has; the detail names it.",
    403 "verify_token_mismatch" "No connection of the channel has this verify token.",
    403 "media_link_invalid" "The link to the file was not made here, or was changed.",
    404 "not_found" "There is no such path, or no such thing in your organization.",
    405 "method_not_allowed" "The path does not take this method; Allow lists those it takes.",
    409 "already_exists" "Your organization has such a thing already.",
    409 "already_connected" "The resource is connected to an inbox already, of this or another organization.",
    409 "in_use" "Something needs it; the detail says what. Remove or change that first.",
    409 "changed_meanwhile" "Somebody else changed it at the same time. Read it again and repeat.",
    409 "last_owner" "The organization would have no owner left. Make somebody else an owner first.",
    409 "key_ended" "The key was revoked, has expired, or another has come in its place; the detail says which.",
    409 "link_ended" "The link was revoked, which is for good. Make another.",
    409 "embed_ended" "The embed was revoked, which is for good. Make another.",
    409 "team_full" "The team has as many members as it can.",
    409 "delivery_under_way" "The delivery has not ended; it is tried again by itself.",
    409 "webhook_disabled" "The webhook is disabled, so that nothing can be delivered. Enable it first.",
    409 "not_cancelable" "The message is on its way to the channel, has reached it, or has ended; the detail says which.",
    409 "not_retryable" "The message has not failed, the business sent it from its own app, or a try at delivering it is still under way; the detail says which.",
    409 "idempotency_key_reused" "The same Idempotency-Key came with another body within 24 hours. Use a new key.",
    410 "media_link_expired" "The link to the file has expired. Read the message or the file again for a fresh one.",
    410 "events_gone" "The event log no longer holds, or does not hold yet, what is asked for; the detail says from where on it does. Read what you need anew, and follow from the newest event.",
    413 "body_too_large" "The body is larger than this endpoint takes; the detail says how large it may be.",
    415 "unsupported_media_type" "The body must be JSON, with Content-Type: application/json.",
    416 "range_not_satisfiable" "The file has no such bytes; Content-Range says how many it has.",
    422 "invalid_request" "The request is well formed, but a value cannot be accepted; errors[] names each field.",
    422 "unknown_field" "The body has a field that there is not; errors[] names it.",
    422 "unsupported_value" "A field has a value that is not supported; errors[] names it.",
    422 "unknown_content_type" "There is no such content type.",
    422 "unsupported_content" "The content type exists but cannot be sent here.",
    422 "unsupported_channel" "Exactly one supported channel must be named.",
    422 "no_connection" "Your organization has no connection to this provider account. Create it first.",
    422 "access_not_proven" "The provider refused the credentials; the detail has its reason.",
    422 "not_in_account" "The provider does not list this resource under the account.",
    422 "api_url_not_allowed" "The operator does not allow this apiUrl.",
    422 "template_mismatch" "The template has gaps that nothing fills, or something is given that it has no gap for; errors[] names each.",
    422 "webhook_url_not_allowed" "Webhooks may not go to this url: it is not https, or leads to an address that is not public. The operator may allow more.",
    422 "too_many_webhooks" "Your organization has as many webhooks as it may have. Delete one first.",
    422 "media_type_mismatch" "The file's content is not of the type that it is said to be. Nothing was stored.",
    422 "inbox_deleted" "The inbox of the conversation was deleted.",
    422 "contact_blocked" "The contact is blocked: nothing is sent to it. Unblock it first.",
    422 "contact_opted_out" "The contact does not want messages. Opt it in again only if it asked for that.",
    422 "messaging_window_closed" "The contact has not written recently enough for a free-form reply; messagingWindow says when the window closed.",
    429 "rate_limited" "The key sends requests faster than it may. Retry-After says when to go on.",
    500 "internal_error" "A fault on our side. The traceId finds it in the log.",
    502 "provider_unavailable" "The provider cannot be reached or refuses to answer right now. Retry-After says when to try again.",
    502 "provider_refused" "The provider refuses to be asked; the detail has its reason. It is asked again next time.",
    502 "user_directory_unavailable" "The directory of users cannot be reached or refuses to answer right now. Retry-After says when to try again.",
    503 "database_unavailable" "The database cannot be reached right now. Nothing was written; try again.",
    503 "intake_unavailable" "The webhook could not be stored anywhere right now; the provider delivers it again.",
    503 "storage_unavailable" "The store of files cannot be used right now. Nothing was stored; try again.",
    503 "too_much_waiting" "More requests wait than can be served. Try again after Retry-After.",
    503 "stopping" "The server is restarting. Try again.",
    503 "timeout" "The request took too long and may still take effect. Repeat it with the same Idempotency-Key.",
}

/// The kind with this code.
pub fn find(code: &str) -> Option<Kind> {
    KINDS.iter().copied().find(|kind| kind.code == code)
}

/// 410 for a place in the event log that it does not hold, named by this field.
pub fn events_gone(field: &str, detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    Problem::new(StatusCode::GONE, "events_gone", detail.clone()).field(field, "events_gone", detail)
}

/// 400 for a query parameter with a value that it cannot have.
pub fn parameter(name: &str, message: impl Into<String>) -> Problem {
    let message = message.into();
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", format!("{name}: {message}")).field(
        name,
        "invalid_parameter",
        message,
    )
}

/// The page at `/docs/problems`, to which each problem's `type` points.
pub fn page() -> String {
    let mut rows = String::new();
    for Kind { code, status, meaning } in KINDS {
        let _infallible = writeln!(
            rows,
            "<tr id=\"{code}\"><td>{status}</td><td><code>{code}</code></td><td>{meaning}</td></tr>"
        );
    }
    format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Problems · Switchboard API</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; vertical-align: top }}
tr:target {{ background: #fd08 }}
:root {{ color-scheme: light dark }}
</style>
<h1>Problems</h1>
<p>Every error is an <code>application/problem+json</code> body. Its <code>code</code> is stable and meant for programs;
<code>detail</code> is for people and may change. Quote <code>traceId</code> when you ask for help.
The <a href=\"/docs/\">API reference</a> says which endpoint answers what.</p>
<table>
<thead><tr><th>Status</th><th>Code</th><th>Meaning</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</html>
"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The literal that follows `opening` up to the next quote, wherever it stands.
    fn literals(source: &str, opening: &str) -> Vec<String> {
        let pieces = source.split(opening).skip(1);
        pieces
            .filter_map(|rest| {
                let call = rest.split(';').next()?;
                let code = call.split('"').nth(1)?;
                let word = !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                word.then(|| code.to_owned())
            })
            .collect()
    }

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_code_in_the_source_is_documented() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        sources(&root.join("../common/src"), &mut files);
        let codes = files.iter().flat_map(|source| {
            [literals(source, "Problem::new(StatusCode"), literals(source, "Problem::unavailable(")].concat()
        });
        let unknown: Vec<_> = codes.filter(|code| find(code).is_none()).collect();
        assert!(unknown.is_empty(), "add to KINDS: {unknown:?}");
    }

    #[test]
    fn codes_are_unique_and_have_an_anchor() {
        let page = page();
        for kind in KINDS {
            assert_eq!(page.matches(&format!("id=\"{}\"", kind.code)).count(), 1, "{}", kind.code);
            assert!(StatusCode::from_u16(kind.status).is_ok());
        }
    }
}
