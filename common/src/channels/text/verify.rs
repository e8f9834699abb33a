//! The signature under each webhook: over the address that the provider called, and the parameters of the form.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::form;
use crate::channels::ReceivedWebhook;
use crate::config::Secret;
use crate::crypto::signature;

/// Whether `X-Twilio-Signature` signs this webhook with the account's token.
///
/// The address that was called is ours by configuration, since a proxy may stand before us; the provider may or may not have
/// written a scheme's own port into it.
pub fn signature_ok(auth_token: &Secret, webhook: ReceivedWebhook<'_>) -> bool {
    let header = webhook.headers.get("x-twilio-signature").unwrap_or_default();
    let Ok(given) = STANDARD.decode(header.trim()) else { return false };
    if given.is_empty() || auth_token.expose().is_empty() {
        return false;
    }
    let parameters = signed_parameters(webhook.body);
    let called = format!("{}{}", webhook.base, webhook.headers.path());
    let mut genuine = false;
    for address in with_and_without_port(called) {
        let signed = format!("{address}{parameters}");
        let expected = signature::hmac_sha1(auth_token.expose().as_bytes(), signed.as_bytes());
        genuine |= signature::same(&given, &expected);
    }
    genuine
}

/// Names and values, by name; of a name that comes more than once each value once, in order.
fn signed_parameters(body: &[u8]) -> String {
    let mut parameters: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form::pairs(body) {
        parameters.entry(name).or_default().insert(value);
    }
    let mut signed = String::new();
    for (name, values) in &parameters {
        for value in values {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    signed
}

/// The address as it stands, and as it would stand with its scheme's own port written out, or left out.
fn with_and_without_port(called: String) -> Vec<String> {
    let mut addresses = vec![called];
    let Ok(url) = Url::parse(&addresses[0]) else { return addresses };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return addresses };
    // An address that is parsed has no port that is its scheme's own.
    if url.port().is_some() {
        return addresses;
    }
    let after = addresses[0].find("://").map_or(0, |at| at + 3);
    let end = addresses[0][after..].find(['/', '?']).map_or(addresses[0].len(), |at| after + at);
    let rest = &addresses[0][end..];
    let scheme = url.scheme();
    for other in [format!("{scheme}://{host}{rest}"), format!("{scheme}://{host}:{port}{rest}")] {
        if other != addresses[0] {
            addresses.push(other);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Uri};

    use super::*;
    use crate::intake::SignedHeaders;

    const PATH: &str = "/myapp.php?foo=1&bar=2";
    const FORM: &str =
        "To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309";

    fn passes(token: &str, base: &str, path: &str, body: &str, signature: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("x-twilio-signature", signature.parse().unwrap());
        let uri: Uri = path.parse().unwrap();
        let headers = SignedHeaders::of(&uri, &headers);
        let webhook = ReceivedWebhook { base, headers: &headers, body: body.as_bytes() };
        signature_ok(&Secret::new(token), webhook)
    }

    #[test]
    fn the_documented_vectors_pass_and_nothing_else_does() {
        let (base, signed) = ("https://mycompany.com", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert!(passes("12345", base, PATH, FORM, signed));
        let repeated = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert!(passes("12345", base, PATH, repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU="));
        assert!(passes("12345", "https://mycompany.com:443", PATH, FORM, signed));
        for (token, base, path, body, signature) in [
            ("12346", base, PATH, FORM, signed),
            ("", base, PATH, FORM, signed),
            ("12345", "http://mycompany.com", PATH, FORM, signed),
            ("12345", "https://mycompany.com:444", PATH, FORM, signed),
            ("12345", base, "/myapp.php?foo=1&bar=3", FORM, signed),
            ("12345", base, PATH, "Digits=1234", signed),
            ("12345", base, PATH, FORM, ""),
            ("12345", base, PATH, FORM, "RSOYDt4T1cUTdK1PDd93"),
            ("12345", base, PATH, FORM, "no base64!"),
        ] {
            assert!(!passes(token, base, path, body, signature), "{token} {base} {path} {signature}");
        }
    }

    #[test]
    fn a_scheme_s_own_port_may_be_written_or_not() {
        let called = |address: &str| with_and_without_port(address.to_owned());
        assert_eq!(called("https://a.example/x"), ["https://a.example/x", "https://a.example:443/x"]);
        assert_eq!(called("http://a.example:80/x"), ["http://a.example:80/x", "http://a.example/x"]);
        assert_eq!(called("http://a.example:8080/x"), ["http://a.example:8080/x"]);
    }
}
