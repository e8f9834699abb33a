//! A connection's secrets, as they are sealed at rest.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Secret;
use crate::crypto::{Sealer, Unsealable};
use crate::domain::ids::ConnectionId;

/// The secrets of a connection, by what its provider needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Credentials {
    /// Of Meta's channels.
    Meta(MetaCredentials),
    /// Of an account for texts.
    Text(TextCredentials),
    /// Of an RCS agent.
    Rcs(RcsCredentials),
}

/// The secrets of a Meta connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaCredentials {
    /// Authorizes calls to the provider.
    pub access_token: Secret,
    /// Signs webhooks.
    pub app_secret: Secret,
    /// Proves in the handshake that a webhook's address is ours.
    pub verify_token: Secret,
}

/// The secrets of an account for texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextCredentials {
    /// Signs webhooks, and authorizes calls where there is no API key.
    pub auth_token: Secret,
    /// The API key that messages are sent with, if the account gave one.
    #[serde(default)]
    pub api_key_sid: Option<String>,
    /// That key's secret.
    #[serde(default)]
    pub api_key_secret: Option<Secret>,
}

/// The secrets of an RCS agent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RcsCredentials {
    /// Gets the tokens that authorize calls: the provider's JSON.
    pub service_account: Secret,
    /// Signs webhooks, and proves in the handshake that a webhook's address is ours.
    pub client_token: Secret,
}

impl TextCredentials {
    /// Who calls for an account, and with which password.
    pub fn login(&self, account: &str) -> (String, Secret) {
        match (&self.api_key_sid, &self.api_key_secret) {
            (Some(sid), Some(secret)) => (sid.clone(), secret.clone()),
            _ => (account.to_owned(), self.auth_token.clone()),
        }
    }
}

impl Credentials {
    /// Who calls the provider for an account, where calls name somebody, and the token or password.
    pub fn login(&self, account: &str) -> (Option<String>, Secret) {
        match self {
            Self::Meta(secrets) => (None, secrets.access_token.clone()),
            Self::Text(secrets) => {
                let (user, password) = secrets.login(account);
                (Some(user), password)
            }
            Self::Rcs(secrets) => (None, secrets.service_account.clone()),
        }
    }

    /// The secret that webhooks are signed with.
    pub fn signs_webhooks(&self) -> &Secret {
        match self {
            Self::Meta(secrets) => &secrets.app_secret,
            Self::Text(secrets) => &secrets.auth_token,
            Self::Rcs(secrets) => &secrets.client_token,
        }
    }

    /// Seals the secrets for a connection's row.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, sealer: &Sealer, connection: ConnectionId) -> Result<Vec<u8>, Unsealable> {
        sealer.seal(self.plain().to_string().as_bytes(), connection.0.as_bytes())
    }

    fn plain(&self) -> Value {
        match self {
            Self::Meta(secrets) => json!({
                "accessToken": secrets.access_token.expose(),
                "appSecret": secrets.app_secret.expose(),
                "verifyToken": secrets.verify_token.expose(),
            }),
            Self::Text(secrets) => json!({
                "authToken": secrets.auth_token.expose(),
                "apiKeySid": secrets.api_key_sid,
                "apiKeySecret": secrets.api_key_secret.as_ref().map(Secret::expose),
            }),
            Self::Rcs(secrets) => json!({
                "serviceAccount": secrets.service_account.expose(),
                "clientToken": secrets.client_token.expose(),
            }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MasterKey;

    #[test]
    fn what_is_sealed_is_opened_as_what_it_was() {
        let sealer = Sealer::new(&MasterKey::new([7; 32]));
        let meta = MetaCredentials {
            access_token: Secret::new("a"),
            app_secret: Secret::new("b"),
            verify_token: Secret::new("c"),
        };
        let text = TextCredentials {
            auth_token: Secret::new("t"),
            api_key_sid: Some("SK1".into()),
            api_key_secret: Some(Secret::new("s")),
        };
        let plain = TextCredentials { api_key_sid: None, api_key_secret: None, ..text.clone() };
        assert_eq!(plain.login("AC1").0, "AC1");
        assert_eq!(text.login("AC1"), ("SK1".to_owned(), Secret::new("s")));
        let rcs = RcsCredentials { service_account: Secret::new("{}"), client_token: Secret::new("c") };
        for credentials in [
            Credentials::Meta(meta),
            Credentials::Text(text),
            Credentials::Text(plain),
            Credentials::Rcs(rcs),
        ] {
            let id = ConnectionId::new();
            let sealed = credentials.seal(&sealer, id).unwrap();
            assert_eq!(Credentials::open(&sealer, id, &sealed).unwrap(), credentials);
            assert!(Credentials::open(&sealer, ConnectionId::new(), &sealed).is_err());
        }
    }
}
