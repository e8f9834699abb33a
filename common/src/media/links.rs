//! Links to files for those who have no key: signed, for one file, and only for a while.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::config::{Http, MasterKey};
use crate::crypto::signature::{hmac_sha256, same};
use crate::domain::content::Content;
use crate::domain::ids::{MediaId, OrganizationId};

/// What the key that signs links is derived for; another purpose has another key.
const PURPOSE: &[u8] = b"switchboard media links v1";
/// Ends of links are rounded up to this many seconds, so that a browser that asks again finds what it has cached.
const ROUND: i64 = 300;
const SIGNED_BYTES: usize = 40;
const SIGNATURE_BYTES: usize = 32;

/// Makes and reads links; cheap to clone.
#[derive(Clone)]
pub struct Links {
    key: [u8; 32],
    base: String,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not made here, or was changed.
    #[error("the link is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the link has expired")]
    Expired,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Links {
    /// How long a link lives that is shown to clients.
    pub const SHOWN: TimeDelta = TimeDelta::hours(1);
    /// How long a link lives that a provider is given with a message.
    pub const SENT: TimeDelta = TimeDelta::hours(24);

    /// Links under this public address, signed with a key derived from the master key.
    pub fn new(master: &MasterKey, http: &Http) -> Self {
        Self { key: hmac_sha256(&master.0, PURPOSE), base: format!("{}/media/", http.public_url) }
    }

    /// A link to a file that lives at least so long.
    pub fn url(&self, organization: OrganizationId, media: MediaId, life: TimeDelta) -> String {
        let end = (Utc::now() + life).timestamp();
        let end = end + (ROUND - end.rem_euclid(ROUND));
        let mut signed = [organization.0.as_bytes().as_slice(), media.0.as_bytes()].concat();
        signed.extend_from_slice(&end.to_be_bytes());
        let signature = hmac_sha256(&self.key, &signed);
        signed.extend_from_slice(&signature);
        format!("{}{}", self.base, URL_SAFE_NO_PAD.encode(signed))
    }

    /// Which file a link's last part opens.
    ///
    /// # Errors
    /// When it was not made here, was changed, or its time is over at `now`.
    pub fn open(&self, token: &str, now: DateTime<Utc>) -> Result<(OrganizationId, MediaId), LinkError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| LinkError::Invalid)?;
        if bytes.len() != SIGNED_BYTES + SIGNATURE_BYTES {
            return Err(LinkError::Invalid);
        }
        let (signed, signature) = bytes.split_at(SIGNED_BYTES);
        if !same(signature, &hmac_sha256(&self.key, signed)) {
            return Err(LinkError::Invalid);
        }
        let id = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|_| LinkError::Invalid);
        let (organization, media) = (id(&signed[..16])?, id(&signed[16..32])?);
        let end: [u8; 8] = signed[32..].try_into().map_err(|_| LinkError::Invalid)?;
        if i64::from_be_bytes(end) <= now.timestamp() {
            return Err(LinkError::Expired);
        }
        Ok((OrganizationId(organization), MediaId(media)))
    }

    /// The content with a link to its file of ours, if it has one.
    pub fn linked<'a>(
        &self,
        organization: OrganizationId,
        content: &'a Content,
        life: TimeDelta,
    ) -> Cow<'a, Content> {
        if content.file().is_none_or(|file| file.media_id.is_none()) {
            return Cow::Borrowed(content);
        }
        let mut content = content.clone();
        self.link(organization, &mut content, life);
        Cow::Owned(content)
    }

    /// Gives a file of ours in `content` a link that lives at least so long.
    pub fn link(&self, organization: OrganizationId, content: &mut Content, life: TimeDelta) {
        let Some(file) = content.file_mut() else { return };
        if let Some(id) = file.media_id.as_deref().and_then(|id| id.parse().ok()) {
            file.url = Some(self.url(organization, id, life));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(master: u8) -> Links {
        Links { key: hmac_sha256(&[master; 32], PURPOSE), base: "https://x.example/media/".into() }
    }

    fn token(url: &str) -> &str {
        url.rsplit('/').next().unwrap()
    }

    #[test]
    fn a_link_opens_its_file_until_its_time_is_over() {
        let (organization, media) = (OrganizationId::new(), MediaId::new());
        let url = links(1).url(organization, media, TimeDelta::hours(1));
        let at = |minutes: i64| links(1).open(token(&url), Utc::now() + TimeDelta::minutes(minutes));
        assert_eq!(at(0), Ok((organization, media)));
        assert_eq!(at(59), Ok((organization, media)));
        assert_eq!(at(66), Err(LinkError::Expired));
        assert_eq!(links(2).open(token(&url), Utc::now()), Err(LinkError::Invalid), "another master key");
    }

    #[test]
    fn no_changed_link_opens_anything() {
        let url = links(1).url(OrganizationId::new(), MediaId::new(), TimeDelta::hours(1));
        let bytes = URL_SAFE_NO_PAD.decode(token(&url)).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(links(1).open(&changed, Utc::now()), Err(LinkError::Invalid), "byte {place}");
        }
        for text in ["", "x", "%", &token(&url)[1..], &format!("{}A", token(&url))] {
            assert_eq!(links(1).open(text, Utc::now()), Err(LinkError::Invalid), "{text}");
        }
    }
}
