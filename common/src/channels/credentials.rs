//! A connection's secrets, as they are sealed at rest.

use serde::Deserialize;
use serde_json::json;

use crate::config::Secret;
use crate::crypto::{Sealer, Unsealable};
use crate::domain::ids::ConnectionId;

/// The secrets of a Meta connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Authorizes calls to the provider.
    pub access_token: Secret,
    /// Signs webhooks.
    pub app_secret: Secret,
    /// Proves in the handshake that a webhook's address is ours.
    pub verify_token: Secret,
}

impl Credentials {
    /// Seals the secrets for a connection's row.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, sealer: &Sealer, connection: ConnectionId) -> Result<Vec<u8>, Unsealable> {
        let plain = json!({
            "accessToken": self.access_token.expose(),
            "appSecret": self.app_secret.expose(),
            "verifyToken": self.verify_token.expose(),
        });
        sealer.seal(plain.to_string().as_bytes(), connection.0.as_bytes())
    }

    /// Opens what `seal` wrote into a connection's row.
    ///
    /// # Errors
    /// When it was sealed under another master key or for another row.
    pub fn open(sealer: &Sealer, connection: ConnectionId, sealed: &[u8]) -> Result<Self, Unsealable> {
        let plain = sealer.open(sealed, connection.0.as_bytes())?;
        serde_json::from_slice(&plain).map_err(|_| Unsealable)
    }
}
