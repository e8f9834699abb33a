//! Who is calling: Meta's handshake for a webhook's address, and the signature under each webhook.

use url::form_urlencoded;

use crate::config::Secret;
use crate::crypto::signature;

/// Longest challenge that is answered.
const CHALLENGE_LIMIT: usize = 256;

/// A request to prove that a webhook's address is ours.
#[derive(Debug, Clone)]
pub struct Handshake {
    token: Secret,
    challenge: String,
}

/// A query that is no handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandshake {
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode must be subscribe")]
    Mode,
    /// `hub.verify_token` is missing or empty.
    #[error("hub.verify_token is required")]
    Token,
    /// `hub.challenge` is missing or nothing that may be echoed.
    #[error("hub.challenge must be 1 to 256 letters, digits, '-' or '_'")]
    Challenge,
}

/// Reads a handshake from a raw query.
///
/// # Errors
/// What it lacks.
pub fn handshake(query: &str) -> Result<Handshake, InvalidHandshake> {
    let find = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    };
    if find("hub.mode").as_deref() != Some("subscribe") {
        return Err(InvalidHandshake::Mode);
    }
    let token = find("hub.verify_token").filter(|token| !token.is_empty()).ok_or(InvalidHandshake::Token)?;
    // The challenge is echoed to whoever asks: nothing passes that a browser could take for markup.
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let challenge = find("hub.challenge")
        .filter(|text| (1..=CHALLENGE_LIMIT).contains(&text.len()) && plain(text))
        .ok_or(InvalidHandshake::Challenge)?;
    Ok(Handshake { token: Secret::new(token), challenge: challenge.into_owned() })
}

impl Handshake {
    /// Whether it carries this verify token; takes the same time whatever differs.
    pub fn carries(&self, verify_token: &Secret) -> bool {
        // Digests have one length, so the comparison does not tell the token's.
        let digest = |secret: &Secret| signature::hmac_sha256(b"verify token", secret.expose().as_bytes());
        !verify_token.expose().is_empty() && signature::same(&digest(&self.token), &digest(verify_token))
    }

    /// What to answer, exactly, once the token is found right.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

/// Whether `header`, the value of `X-Hub-Signature-256`, signs these raw bytes with the app's secret.
pub fn signature_ok(app_secret: &Secret, body: &[u8], header: Option<&str>) -> bool {
    let Some(hex) = header.and_then(|value| value.trim().strip_prefix("sha256=")) else { return false };
    !app_secret.expose().is_empty() && signature::verify_hex(app_secret.expose().as_bytes(), body, hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        br#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m","text":"caf\u00e9"}}]}]}"#;
    const SIGNED: &str = "sha256=88623696d0ffd01d2083341386f4be4697e602647eed8e449cbe21d3d29d3aa8";

    #[test]
    fn only_the_right_signature_over_the_raw_bytes_passes() {
        let secret = Secret::new("app_secret_123");
        assert!(signature_ok(&secret, BODY, Some(SIGNED)));
        assert!(signature_ok(&secret, BODY, Some(&SIGNED.to_uppercase().replace("SHA256", "sha256"))));
        let reserialized = String::from_utf8_lossy(BODY).replace("\\u00e9", "é");
        assert!(!signature_ok(&secret, reserialized.as_bytes(), Some(SIGNED)));
        assert!(!signature_ok(&Secret::new("app_secret_124"), BODY, Some(SIGNED)));
        let bare = SIGNED.trim_start_matches("sha256=");
        for header in [
            None,
            Some(""),
            Some("sha256="),
            Some("sha1=00"),
            Some(bare),
            Some(&SIGNED[..70]),
            Some("sha256=é"),
        ] {
            assert!(!signature_ok(&secret, BODY, header), "{header:?}");
        }
        let unkeyed = format!("sha256={}", hex::encode(signature::hmac_sha256(b"", BODY)));
        assert!(!signature_ok(&Secret::new(""), BODY, Some(&unkeyed)));
    }

    #[test]
    fn a_handshake_needs_mode_token_and_a_plain_challenge() {
        let shake =
            handshake("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a%20b%2Bc").unwrap();
        assert_eq!(shake.challenge(), "1158201444");
        assert!(shake.carries(&Secret::new("a b+c")));
        assert!(!shake.carries(&Secret::new("a b+")) && !shake.carries(&Secret::new("")));
        assert!(!format!("{shake:?}").contains("a b"));
        let long = format!("hub.mode=subscribe&hub.verify_token=t&hub.challenge={}", "1".repeat(257));
        let cases = [
            ("", InvalidHandshake::Mode),
            ("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=t", InvalidHandshake::Mode),
            ("hub.mode=subscribe&hub.challenge=1", InvalidHandshake::Token),
            ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", InvalidHandshake::Token),
            ("hub.mode=subscribe&hub.verify_token=t", InvalidHandshake::Challenge),
            ("hub.mode=subscribe&hub.verify_token=t&hub.challenge=%3Cscript%3E", InvalidHandshake::Challenge),
            (&long, InvalidHandshake::Challenge),
        ];
        for (query, fault) in cases {
            assert_eq!(handshake(query).unwrap_err(), fault, "{query}");
        }
    }
}
