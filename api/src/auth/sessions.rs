//! Sessions of links and embeds: asked of the database on every request, so that what an owner changes holds from the next one on.

use std::sync::Arc;

use chrono::Utc;
use common::crypto::shared::{Guest, SessionName};
use common::db;
use common::db::shared_sessions::{self, Ended, Session};
use common::domain::permissions::Permission;
use common::domain::principal::{Credential, Principal};
use common::problem::Problem;
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use http::StatusCode;

/// Looks sessions up; cheap to clone.
#[derive(Debug, Clone)]
pub struct Sessions {
    pool: Pool,
    shutdown: Shutdown,
}

impl Sessions {
    /// Over these connections.
    pub fn new(pool: &Pool, shutdown: &Shutdown) -> Self {
        Self { pool: pool.clone(), shutdown: shutdown.clone() }
    }

    /// The session as it is now.
    ///
    /// # Errors
    /// 401 with the reason's code, or 503 when the database is away.
    pub async fn find(&self, name: &SessionName) -> Result<(Session, Arc<Principal>), Problem> {
        let client = self.pool.get().await.map_err(db::Error::from)?;
        let session = shared_sessions::check(&client, name.session).await?;
        let session = session.ok_or_else(|| ended(Ended::Unknown))?;
        let principal = session.principal.clone().map_err(ended)?;
        self.note_use(&session);
        Ok((session, principal))
    }

    /// Notes in the background that a link or embed is in use, at most once a minute.
    pub fn note_use(&self, session: &Session) {
        let Ok(principal) = &session.principal else { return };
        if !session.is_use_to_be_noted(Utc::now()) {
            return;
        }
        let guest = match principal.credential {
            Credential::ApiKey(_) => return,
            Credential::Link(id) => Guest::Link(id),
            Credential::Embed(id) => Guest::Embed(id),
        };
        let pool = self.pool.clone();
        self.shutdown.spawn(async move {
            let noted = async { shared_sessions::note_use(&pool.get().await?, guest).await };
            if let Err(error) = noted.await {
                tracing::debug!(%error, "the use of a link or embed was not noted");
            }
        });
    }
}

/// The answer to what was a link, an embed or a session.
pub fn ended(why: Ended) -> Problem {
    let (code, detail) = match why {
        Ended::Unknown => ("invalid_session", "The session is not valid"),
        Ended::SessionEnded => ("session_ended", "The session was ended"),
        Ended::SessionExpired => ("session_expired", "The session has expired"),
        Ended::LinkRevoked => ("link_revoked", "The link was revoked"),
        Ended::LinkExpired => ("link_expired", "The link has expired"),
        Ended::LinkRotated => ("link_rotated", "The link has another address now"),
        Ended::EmbedRevoked => ("embed_revoked", "The embed was revoked"),
        Ended::EmbedExpired => ("embed_expired", "The embed has expired"),
        Ended::ViewerRequired => {
            ("viewer_identity_required", "The embed takes only viewers whom the product that holds it names")
        }
        Ended::ViewerKeyRemoved => {
            ("viewer_key_removed", "The embed has the key no more that proved who looks")
        }
    };
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

/// The refusal of what the link or embed does not permit.
pub fn not_permitted(permission: Permission) -> Problem {
    let detail = format!("This needs the permission {permission}, which the link or embed does not give");
    Problem::new(StatusCode::FORBIDDEN, "insufficient_permission", detail)
}

/// The refusal of what only keys may do.
pub(super) fn not_for_visitors() -> Problem {
    let detail = "This takes an API key: it is not a visitor's to do";
    Problem::new(StatusCode::FORBIDDEN, "insufficient_permission", detail)
}

/// The refusal of what embeds may do and links may not.
pub(super) fn not_for_links() -> Problem {
    let detail = "This is not to be done through a link";
    Problem::new(StatusCode::FORBIDDEN, "insufficient_permission", detail)
}
