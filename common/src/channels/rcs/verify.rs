//! The signature under each webhook, and the provider's question whether the address is ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::config::Secret;
use crate::crypto::signature;

/// Most characters of a handshake's secret.
const SECRET_LIMIT: usize = 1024;

/// What stands around an event.
#[derive(Deserialize)]
struct Envelope {
    message: Carried,
}

#[derive(Deserialize)]
struct Carried {
    data: String,
}

/// The event inside a webhook: these bytes are what is signed.
pub(super) fn event(body: &[u8]) -> Option<Vec<u8>> {
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    STANDARD.decode(envelope.message.data.trim()).ok()
}

/// Whether `header`, the value of `X-Goog-Signature`, signs the event in this body with the agent's client token.
pub fn signature_ok(client_token: &Secret, body: &[u8], header: Option<&str>) -> bool {
    let given = header.and_then(|header| STANDARD.decode(header.trim()).ok()).unwrap_or_default();
    let Some(event) = event(body) else { return false };
    if given.is_empty() || client_token.expose().is_empty() {
        return false;
    }
    signature::same(&given, &signature::hmac_sha512(client_token.expose().as_bytes(), &event))
}

/// The provider's question whether the address is ours: with a token that it knows, it wants its secret back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    client_token: Secret,
    secret: String,
}

/// Reads a handshake; none for every other body.
pub fn handshake(body: &[u8]) -> Option<Handshake> {
    let handshake: Handshake = serde_json::from_slice(body).ok()?;
    // The secret is given back to whoever knows the token: nothing passes that a browser could take for markup.
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'');
    let fits = (1..=SECRET_LIMIT).contains(&handshake.secret.len()) && handshake.secret.bytes().all(plain);
    fits.then_some(handshake)
}

impl Handshake {
    /// Whether it carries this client token; takes the same time whatever differs.
    pub fn carries(&self, client_token: &Secret) -> bool {
        // Digests have one length, so the comparison does not tell the token's.
        let digest = |secret: &Secret| signature::hmac_sha256(b"client token", secret.expose().as_bytes());
        !client_token.expose().is_empty()
            && signature::same(&digest(&self.client_token), &digest(client_token))
    }

    /// What the provider wants back.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DATA: &str = "eyJzZW5kZXJQaG9uZU51bWJlciI6IisxMjIyMzMzNDQ0NCIsIm1lc3NhZ2VJZCI6Im0xIiwiYWdlbnRJZCI6ImExIiwidGV4dCI6IkhpIn0=";
    const SIGNED: &str =
        "UJSzxTvWa9zXHsmZswv1fLzR67o87VB+3IaMpKHnmCylxJhpCHg8q2Ckg1KYvvyd7C2CgULj0dFuxX99xWrCaA==";

    fn passes(token: &str, data: &str, header: Option<&str>) -> bool {
        let body = json!({ "message": { "data": data, "attributes": {} }, "subscription": "s" }).to_string();
        signature_ok(&Secret::new(token), body.as_bytes(), header)
    }

    #[test]
    fn the_vector_passes_and_nothing_else_does() {
        assert!(passes("client_token_123", DATA, Some(SIGNED)));
        for (token, data, header) in [
            ("client_token_124", DATA, Some(SIGNED)),
            ("", DATA, Some(SIGNED)),
            ("client_token_123", "e30=", Some(SIGNED)),
            ("client_token_123", "no base64!", Some(SIGNED)),
            ("client_token_123", DATA, Some("")),
            ("client_token_123", DATA, Some("AAAA")),
            ("client_token_123", DATA, None),
        ] {
            assert!(!passes(token, data, header), "{token} {data} {header:?}");
        }
        assert!(!signature_ok(&Secret::new("client_token_123"), b"{}", Some(SIGNED)));
    }

    #[test]
    fn a_handshake_gives_its_secret_back_to_who_knows_the_token() {
        let asked = handshake(br#"{"clientToken":"ours","secret":"1234567890"}"#).unwrap();
        assert_eq!(asked.secret(), "1234567890");
        assert!(asked.carries(&Secret::new("ours")));
        assert!(!asked.carries(&Secret::new("other")) && !asked.carries(&Secret::new("")));
        for body in [
            r#"{"clientToken":"ours"}"#,
            r#"{"clientToken":"ours","secret":""}"#,
            r#"{"clientToken":"ours","secret":"<script>"}"#,
            r#"{"message":{"data":"e30="}}"#,
            "",
        ] {
            assert_eq!(handshake(body.as_bytes()), None, "{body}");
        }
    }
}
