//! The short-lived tokens (JWT, signed by EdDSA) by which a product that holds an embed names its user.

use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{Error as SignatureError, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Validation};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;

use super::viewer_keys::ViewerKey;
use crate::domain::permissions::{Permission, Permissions};
use crate::domain::viewer::Viewer;

/// Longest life of a token, in seconds.
const LIFE: f64 = 3600.0;
/// How far two clocks may be apart, in seconds.
const LEEWAY: u32 = 60;
/// Most bytes of a token.
const MOST_BYTES: usize = 8 << 10;
/// Most characters of an id, a name and an email address.
const ID: usize = 255;
const NAME: usize = 200;
const EMAIL: usize = 320;

/// What a token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Who looks.
    pub viewer: Viewer,
    /// All that the viewer may do of what the embed permits, if the token narrows that.
    pub permissions: Option<Permissions>,
    /// The key that proved it, its `x`.
    pub key: String,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// Its time is over.
    Expired,
    /// Anything else, for people.
    Invalid(&'static str),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    iat: Option<f64>,
    name: Option<String>,
    email: Option<String>,
    permissions: Option<Vec<String>>,
}

/// Who looks at the embed `audience`, by a token that one of its `keys` has signed.
///
/// # Errors
/// Why nobody is proved to.
pub fn verify(
    token: &str,
    keys: &[ViewerKey],
    audience: &str,
    now: DateTime<Utc>,
) -> Result<Proven, Unproven> {
    // Another has been installed by nobody: it is this one, or was it before.
    let _installed = PROVIDER.install_default();
    if token.len() > MOST_BYTES {
        return Err(Unproven::Invalid("It is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| told(&error))?;
    let kid = header.kid.ok_or(Unproven::Invalid("Its header has no kid"))?;
    let key = keys.iter().find(|key| key.kid == kid);
    let key = key.ok_or(Unproven::Invalid("The embed has no key with its kid"))?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = LEEWAY.into();
    validation.validate_nbf = true;
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&key.bytes()), &validation);
    proven(decoded.map_err(|error| told(&error))?.claims, key, now)
}

fn proven(claims: Claims, key: &ViewerKey, now: DateTime<Utc>) -> Result<Proven, Unproven> {
    let (now, leeway) = (now.timestamp() as f64, f64::from(LEEWAY));
    let too_long = claims.exp - now > LIFE + leeway || claims.iat.is_some_and(|iat| claims.exp - iat > LIFE);
    let line = |text: &str, most: usize| {
        (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let optional = |text: &Option<String>, most: usize| text.as_ref().is_none_or(|text| line(text, most));
    for (holds, why) in [
        (!too_long, "It lives longer than an hour"),
        (claims.iat.is_none_or(|iat| iat <= now + leeway), "Its iat is in the future"),
        (line(&claims.sub, ID), "Its sub must have 1 to 255 characters, none of them a control character"),
        (
            optional(&claims.name, NAME),
            "Its name must have 1 to 200 characters, none of them a control character",
        ),
        (
            optional(&claims.email, EMAIL) && claims.email.as_ref().is_none_or(|email| email.contains('@')),
            "Its email must be an address of up to 320 characters",
        ),
    ] {
        if !holds {
            return Err(Unproven::Invalid(why));
        }
    }
    let permissions = claims.permissions.map(|words| words.iter().map(|word| permission(word)).collect());
    Ok(Proven {
        viewer: Viewer { id: claims.sub, name: claims.name, email: claims.email },
        permissions: permissions.transpose()?,
        key: key.x.clone(),
    })
}

/// A permission as `/platform/v1` writes it.
fn permission(word: &str) -> Result<Permission, Unproven> {
    let found = Permission::ALL.into_iter().find(|permission| permission.as_snake_case() == word);
    found.ok_or(Unproven::Invalid("Its permissions name one that there is not"))
}

fn told(error: &Error) -> Unproven {
    Unproven::Invalid(match error.kind() {
        ErrorKind::ExpiredSignature => return Unproven::Expired,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => "It must be signed by EdDSA",
        ErrorKind::InvalidAudience => "Its aud is not the id of the embed",
        ErrorKind::ImmatureSignature => "Its nbf is in the future",
        ErrorKind::InvalidSignature => "Its signature is not that of the key with its kid",
        ErrorKind::MissingRequiredClaim(_) => "It must have sub, aud and exp",
        ErrorKind::InvalidClaimFormat(_) => "Its exp, nbf or aud cannot be read",
        _ => "It is no JWT that can be read",
    })
}

/// Checks Ed25519 signatures by ring, and does nothing else.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: refuse_to_sign,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn refuse_to_sign(_: &Algorithm, _: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::EdDSA || key.family() != AlgorithmFamily::Ed {
        return Err(ErrorKind::UnsupportedAlgorithm.into());
    }
    Ok(Box::new(Ed25519(UnparsedPublicKey::new(&ED25519, key.try_get_as_bytes()?.to_vec()))))
}

struct Ed25519(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for Ed25519 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.0.verify(message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
