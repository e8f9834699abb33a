//! The keys by which the product that holds an embed proves who looks: as they are given, and as they are shown.

use common::crypto::viewer_keys::ViewerKey;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::Object;
use crate::text::Checks;

/// Most keys of an embed, and longest name of one.
const MOST: usize = 10;
const KID: usize = 100;
const FIELD: &str = "inbox_embed.viewer_keys";

/// A public Ed25519 key: a JWK with `kid`, or a `kid` and `pem`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewViewerKey, example = json!({
    "kid": "2026-11", "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}))]
pub struct GivenKey {
    /// Which key it is, 1 to 100 visible ASCII characters: tokens name it in their header.
    #[schema(required, value_type = String, max_length = 100)]
    kid: Option<String>,
    /// `OKP`.
    kty: Option<String>,
    /// `Ed25519`.
    crv: Option<String>,
    /// The key, base64url.
    x: Option<String>,
    /// `EdDSA`, if it is there.
    alg: Option<String>,
    /// `sig`, if it is there.
    #[serde(rename = "use")]
    r#use: Option<String>,
    /// Has no effect.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(rename = "key_ops")]
    _key_ops: Option<IgnoredAny>,
    /// Has no effect.
    #[schema(value_type = Option<bool>)]
    #[serde(rename = "ext")]
    _ext: Option<IgnoredAny>,
    /// Is of a private key, which is refused.
    #[schema(ignore)]
    d: Option<IgnoredAny>,
    /// The key as PEM (`-----BEGIN PUBLIC KEY-----`), in place of a JWK.
    pem: Option<String>,
}

/// A public key, as a JWK.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ViewerKey)]
pub struct ViewerKeyView {
    /// Which key it is.
    #[schema(example = "2026-11")]
    kid: String,
    /// `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

impl From<ViewerKey> for ViewerKeyView {
    fn from(key: ViewerKey) -> Self {
        Self { kid: key.kid, kty: "OKP", crv: "Ed25519", x: key.x }
    }
}

/// The keys that are given; what is wrong with one is noted.
pub(super) fn read(given: &[Object<GivenKey>], checks: &mut Checks) -> Vec<ViewerKey> {
    checks.ensure(given.len() <= MOST, FIELD, "too_many", &format!("must name at most {MOST}"));
    let mut keys: Vec<ViewerKey> = Vec::new();
    for (index, key) in given.iter().enumerate().take(MOST) {
        let field = format!("{FIELD}[{index}]");
        let kid = key.0.kid.as_deref().unwrap_or_default();
        checks.token(&format!("{field}.kid"), kid, KID);
        let twice = keys.iter().any(|other| other.kid == kid);
        checks.ensure(!twice, &format!("{field}.kid"), "duplicate", "is there already");
        match key.0.read(kid) {
            Ok(key) => keys.push(key),
            Err((part, code, message)) => checks.ensure(false, &format!("{field}{part}"), code, message),
        }
    }
    keys
}

impl GivenKey {
    /// The key, or what is wrong with which part of it.
    fn read(&self, kid: &str) -> Result<ViewerKey, (&'static str, &'static str, &'static str)> {
        const PEM: &str = "must be a public Ed25519 key in PEM: -----BEGIN PUBLIC KEY-----";
        let is = |given: &Option<String>, expected: &str| given.as_deref() == Some(expected);
        if self.d.is_some() || self.pem.as_ref().is_some_and(|pem| pem.contains("PRIVATE")) {
            let message = "is a private key: keep that where it is, make another if this was sent to anybody";
            return Err(("", "private_key", message));
        }
        match (&self.pem, &self.x) {
            (Some(pem), None) => ViewerKey::of_pem(kid, pem).ok_or((".pem", "invalid", PEM)),
            (None, Some(_)) if !is(&self.kty, "OKP") => Err((".kty", "unsupported_value", "must be OKP")),
            (None, Some(_)) if !is(&self.crv, "Ed25519") => {
                Err((".crv", "unsupported_value", "must be Ed25519"))
            }
            (None, Some(_)) if self.alg.is_some() && !is(&self.alg, "EdDSA") => {
                Err((".alg", "unsupported_value", "must be EdDSA"))
            }
            (None, Some(_)) if self.r#use.is_some() && !is(&self.r#use, "sig") => {
                Err((".use", "unsupported_value", "must be sig"))
            }
            (None, Some(x)) => {
                let message = "must be a public Ed25519 key: 32 bytes in base64url without padding";
                ViewerKey::of_x(kid, x).ok_or((".x", "invalid", message))
            }
            (None, None) => Err(("", "required", "must be a JWK with x, or have pem")),
            (Some(_), Some(_)) => Err(("", "ambiguous", "must be a JWK or have pem, not both")),
        }
    }
}
