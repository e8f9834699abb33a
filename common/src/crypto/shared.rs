//! The tokens of shared inboxes: what a public URL ends in, what an embed's frame ends in, and what each is exchanged for.
//!
//! A link's token and a session's prove what they name by a signature under a key derived from the master key, so that neither is
//! stored and a forged one costs no look-up. What they may do is asked of the database, each time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::hash_token;
use super::signature::{hmac_sha256, same};
use crate::config::{MasterKey, Secret};
use crate::domain::ids::{InboxEmbedId, LinkRotationId, OrganizationId, SharedInboxLinkId, SharedSessionId};
use crate::domain::principal::Credential;

/// What each key is derived for; another purpose has another key.
const LINKS: &[u8] = b"switchboard shared inbox links v1";
const SESSIONS: &[u8] = b"switchboard shared inbox sessions v1";
const SIGNATURE_BYTES: usize = 32;
/// Kind, organization, link or embed, session.
const NAMED_BYTES: usize = 1 + 3 * 16;
const LINK: u8 = 1;
const EMBED: u8 = 2;

/// A session as its token names it. None of this ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionName {
    /// The organization.
    pub organization: OrganizationId,
    /// The link or embed.
    pub guest: Guest,
    /// The session.
    pub session: SharedSessionId,
}

/// The link or embed that a session came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guest {
    /// A link.
    Link(SharedInboxLinkId),
    /// An embed.
    Embed(InboxEmbedId),
}

impl From<Guest> for Credential {
    fn from(guest: Guest) -> Self {
        match guest {
            Guest::Link(id) => Self::Link(id),
            Guest::Embed(id) => Self::Embed(id),
        }
    }
}

/// Makes and reads the tokens of links and sessions; cheap to clone.
#[derive(Clone)]
pub struct SharedTokens {
    links: [u8; 32],
    sessions: [u8; 32],
}

impl std::fmt::Debug for SharedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedTokens")
    }
}

impl SharedTokens {
    /// How a link's token begins.
    pub const LINK: &'static str = "sil_";
    /// How a session's token begins.
    pub const SESSION: &'static str = "sis_";

    /// With keys derived from the master key.
    pub fn new(master: &MasterKey) -> Self {
        Self { links: hmac_sha256(&master.0, LINKS), sessions: hmac_sha256(&master.0, SESSIONS) }
    }

    /// The token of a link's rotation: the same each time.
    pub fn link(&self, rotation: LinkRotationId) -> String {
        let signature = hmac_sha256(&self.links, rotation.0.as_bytes());
        format!("{}{}.{}", Self::LINK, rotation.0, URL_SAFE_NO_PAD.encode(signature))
    }

    /// The rotation that a link's token names, if it was made here.
    pub fn read_link(&self, token: &str) -> Option<LinkRotationId> {
        let (id, signature) = token.strip_prefix(Self::LINK)?.split_once('.')?;
        let rotation = Uuid::try_parse(id).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        same(&signature, &hmac_sha256(&self.links, rotation.as_bytes())).then_some(LinkRotationId(rotation))
    }

    /// The token of a session.
    pub fn session(&self, name: &SessionName) -> Secret {
        let (kind, guest) = match name.guest {
            Guest::Link(id) => (LINK, id.0),
            Guest::Embed(id) => (EMBED, id.0),
        };
        let mut bytes = vec![kind];
        for id in [name.organization.0, guest, name.session.0] {
            bytes.extend_from_slice(id.as_bytes());
        }
        let signature = hmac_sha256(&self.sessions, &bytes);
        bytes.extend_from_slice(&signature);
        Secret::new(format!("{}{}", Self::SESSION, URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The session that a token names, if it was made here.
    pub fn read_session(&self, token: &str) -> Option<SessionName> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(Self::SESSION)?).ok()?;
        if bytes.len() != NAMED_BYTES + SIGNATURE_BYTES {
            return None;
        }
        let (named, signature) = bytes.split_at(NAMED_BYTES);
        if !same(signature, &hmac_sha256(&self.sessions, named)) {
            return None;
        }
        let id = |place: usize| Uuid::from_slice(&named[1 + place * 16..17 + place * 16]).ok();
        let guest = match named[0] {
            LINK => Guest::Link(SharedInboxLinkId(id(1)?)),
            EMBED => Guest::Embed(InboxEmbedId(id(1)?)),
            _ => return None,
        };
        Some(SessionName { organization: OrganizationId(id(0)?), guest, session: SharedSessionId(id(2)?) })
    }
}

/// A new embed's token and what is stored of it.
#[derive(Debug)]
pub struct EmbedToken {
    /// The token itself, shown once.
    pub token: Secret,
    /// What is stored.
    pub hash: [u8; 32],
}

impl EmbedToken {
    /// How an embed's token begins.
    pub const PREFIX: &'static str = "emb_";

    /// Mints a token.
    pub fn mint() -> Self {
        let token = format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        Self { hash: hash_token(&token), token: Secret::new(token) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(master: u8) -> SharedTokens {
        SharedTokens::new(&MasterKey::new([master; 32]))
    }

    #[test]
    fn a_link_s_token_is_the_same_each_time_and_read_only_where_it_was_made() {
        let rotation = LinkRotationId::new();
        let token = tokens(1).link(rotation);
        assert_eq!(token, tokens(1).link(rotation));
        assert!(token.starts_with(&format!("sil_{}.", rotation.0)), "{token}");
        assert_eq!(tokens(1).read_link(&token), Some(rotation));
        assert_eq!(tokens(2).read_link(&token), None);
        let other = tokens(1).link(LinkRotationId::new());
        let mixed = format!("{}.{}", token.split_once('.').unwrap().0, other.split_once('.').unwrap().1);
        for bad in [mixed.as_str(), &token[..token.len() - 1], &token[..41], "sil_", "sil_.", ""] {
            assert_eq!(tokens(1).read_link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_s_token_names_it_and_no_changed_one_does() {
        for guest in [Guest::Link(SharedInboxLinkId::new()), Guest::Embed(InboxEmbedId::new())] {
            let name =
                SessionName { organization: OrganizationId::new(), guest, session: SharedSessionId::new() };
            let token = tokens(1).session(&name);
            assert_eq!(tokens(1).read_session(token.expose()), Some(name));
            assert_eq!(tokens(2).read_session(token.expose()), None);
            let bytes = URL_SAFE_NO_PAD.decode(&token.expose()[4..]).unwrap();
            for place in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[place] ^= 1;
                let changed = format!("sis_{}", URL_SAFE_NO_PAD.encode(changed));
                assert_eq!(tokens(1).read_session(&changed), None, "byte {place}");
            }
        }
        for bad in ["sis_", "sis_AAAA", "", "sil_x"] {
            assert_eq!(tokens(1).read_session(bad), None, "{bad}");
        }
    }
}
