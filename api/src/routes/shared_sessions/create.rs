//! `POST /v1/shared-inbox/sessions`: exchanges the token of a link or embed for a session.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use common::crypto::hash_token;
use common::crypto::shared::{EmbedToken, Guest, SessionName, SharedTokens};
use common::crypto::viewer_tokens::{self, Proven, Unproven};
use common::db::idempotency::Answer;
use common::db::shared_sessions::{self, Ended};
use common::db::{inbox_embeds, shared_links};
use common::domain::ids::{OrganizationId, SharedSessionId};
use common::problem::Problem;
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{SharedSessionAnswer, Source, answer};
use crate::auth::ended;
use crate::extract::{ClientAddress, IdempotencyKey, Json, Named};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// How long a session lasts.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// What is exchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "sil_550e8400-e29b-41d4-a716-446655440999.signature" }))]
pub struct CreateSharedSession {
    /// The last part of a link's `publicUrl`, or an embed's token.
    token: String,
    /// For embeds: a JWT by which the product that holds the embed names its user, signed by EdDSA with one of the embed's `viewer_keys`. Its
    /// header has `kid`; its claims `sub`, `aud` (the embed's id), `exp` (within an hour), and if you like `iat`, `nbf`, `name`, `email`, and
    /// `permissions`, a list such as `["read_inbox", "send_text"]` that narrows what the embed permits.
    #[schema(example = json!(null))]
    viewer_token: Option<String>,
}

/// The last part of an address; whether it opens anything shows later.
#[derive(Debug)]
pub struct SharedToken(pub String);

impl FromStr for SharedToken {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for SharedToken {
    const NOUN: &'static str = "page";
}

/// What a token led to.
#[derive(Debug)]
pub struct Found {
    organization: OrganizationId,
    guest: Guest,
    source: Source,
    expires_at: Option<DateTime<Utc>>,
}

/// Begin a session
///
/// Takes the token of a link or embed, and no key. The session lasts an hour, and not longer than its link or embed. What these
/// permit is looked up on every request. Exchanges are counted for each link or embed and address.
#[utoipa::path(
    post, path = "/v1/shared-inbox/sessions", tag = "Shared inbox sessions",
    request_body = CreateSharedSession,
    responses(
        (status = 201, description = "The session", body = SharedSessionAnswer),
        (status = 401, description = "The token is not valid (`invalid_token`), or not any more: `link_revoked`, `link_expired`, `link_rotated`, `embed_revoked`, `embed_expired`. \
            Or nobody is proved to look: `viewer_identity_required`, `invalid_viewer_token`, `viewer_token_expired`",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create_shared_session(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    key: IdempotencyKey,
    Json(input, body): Json<CreateSharedSession>,
) -> Result<Response, Problem> {
    let found = find(&state, &input.token, address).await?;
    let proven = prove(&found.source, input.viewer_token.as_deref())?;
    let hash = Sha256::digest(&body).into();
    let once =
        Once::of(found.guest.into(), "POST /v1/shared-inbox/sessions", key, hash).sealed(&state.sealer);
    once.answer(&state.pool, begin(&state, &once, found, proven)).await
}

async fn begin(
    state: &AppState,
    once: &Once,
    found: Found,
    proven: Option<Proven>,
) -> Result<Answer, Stopped> {
    let Found { organization, guest, source, expires_at } = found;
    let name = SessionName { organization, guest, session: SharedSessionId::new() };
    let end = Utc::now() + LIFETIME;
    let end = expires_at.map_or(end, |expires_at| expires_at.min(end));
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    shared_sessions::insert(&tx, &name, proven.as_ref(), end).await?;
    let who = proven.map_or((None, None), |proven| (Some(proven.viewer), proven.permissions));
    let shown = answer(source, state.shared.session(&name).expose(), who, end);
    let answer = once.fill(&tx, StatusCode::CREATED, &shown, None).await?;
    tx.commit().await?;
    let pool = state.pool.clone();
    state.shutdown.spawn(async move {
        let noted = async { shared_sessions::note_use(&pool.get().await?, guest).await };
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a link or embed was not noted");
        }
    });
    Ok(answer)
}

/// Who looks, as the product that holds the embed proves.
fn prove(source: &Source, token: Option<&str>) -> Result<Option<Proven>, Problem> {
    let embed = match (source, token) {
        (Source::Link(_), None) => return Ok(None),
        (Source::Link(_), Some(_)) => {
            return Err(Problem::invalid("viewerToken", "not_supported", "is for embeds only"));
        }
        (Source::Embed(embed), _) => embed,
    };
    let Some(token) = token else {
        return if embed.require_viewer_identity { Err(ended(Ended::ViewerRequired)) } else { Ok(None) };
    };
    let proven = viewer_tokens::verify(token, &embed.viewer_keys, &embed.id.0.to_string(), Utc::now());
    proven.map(Some).map_err(|why| match why {
        Unproven::Expired => {
            Problem::new(StatusCode::UNAUTHORIZED, "viewer_token_expired", "The viewer's token has expired")
        }
        Unproven::Invalid(why) => {
            let detail = format!("The viewer's token proves nothing. {why}");
            Problem::new(StatusCode::UNAUTHORIZED, "invalid_viewer_token", detail)
        }
    })
}

/// The link or embed behind a token, if it lets anybody in.
async fn find(state: &AppState, token: &str, address: IpAddr) -> Result<Found, Problem> {
    let looked_up = look_up(state, token).await?;
    // What leads nowhere is counted too, together.
    let counted = looked_up.as_ref().map_or(Uuid::nil(), |(found, _)| found.id());
    state.exchanges.check(counted, address)?;
    let (found, standing) = looked_up.ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", "The token is of no link and no embed")
    })?;
    standing.map_err(ended)?;
    Ok(found)
}

impl Found {
    /// From where the embed may be used, if it is one's.
    pub fn allowed_origins(&self) -> &[String] {
        match &self.source {
            Source::Link(_) => &[],
            Source::Embed(embed) => &embed.allowed_origins,
        }
    }

    fn id(&self) -> Uuid {
        match self.guest {
            Guest::Link(id) => id.0,
            Guest::Embed(id) => id.0,
        }
    }
}

/// The link or embed behind a token, and whether it lets anybody in.
///
/// # Errors
/// When the database is away.
pub async fn look_up(state: &AppState, token: &str) -> Result<Option<(Found, Result<(), Ended>)>, Problem> {
    let now = Utc::now();
    if token.starts_with(SharedTokens::LINK) {
        let Some(rotation) = state.shared.read_link(token) else { return Ok(None) };
        let Some(link) = shared_links::find_by_rotation(&state.db().await?, rotation).await? else {
            return Ok(None);
        };
        let guest = Guest::Link(link.id);
        let rotated = if link.rotation == rotation { Ok(()) } else { Err(Ended::LinkRotated) };
        let standing = Ended::check(guest, (link.revoked_at, link.expires_at), now).and(rotated);
        let (organization, expires_at) = (link.organization, link.expires_at);
        return Ok(Some((
            Found { organization, guest, source: Source::Link(Box::new(link)), expires_at },
            standing,
        )));
    }
    if !token.starts_with(EmbedToken::PREFIX) {
        return Ok(None);
    }
    let Some(embed) = inbox_embeds::find_by_hash(&state.db().await?, &hash_token(token)).await? else {
        return Ok(None);
    };
    let guest = Guest::Embed(embed.id);
    let standing = Ended::check(guest, (embed.revoked_at, embed.expires_at), now);
    let (organization, expires_at) = (embed.organization, embed.expires_at);
    Ok(Some((Found { organization, guest, source: Source::Embed(Box::new(embed)), expires_at }, standing)))
}

/// The link or embed of a session, as it is now.
pub(super) async fn source(
    client: &impl GenericClient,
    name: &SessionName,
) -> Result<Option<Source>, Problem> {
    Ok(match name.guest {
        Guest::Link(id) => shared_links::find(client, name.organization, id, false)
            .await?
            .map(|link| Source::Link(Box::new(link))),
        Guest::Embed(id) => inbox_embeds::find(client, name.organization, id, false)
            .await?
            .map(|embed| Source::Embed(Box::new(embed))),
    })
}
