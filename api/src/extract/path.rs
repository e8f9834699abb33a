//! The id in a path: what is no id names nothing, so it is 404.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use common::domain::ids::{
    ApiKeyId, ConnectionId, ContactId, ConversationId, CustomerId, InboxEmbedId, InboxId, MediaId, MessageId,
    PhoneNumberId, SharedInboxLinkId, SharedSessionId, TeamId, UserId, WebhookDeliveryId, WebhookId,
    WebhookReplayId,
};
use common::problem::Problem;
use http::request::Parts;

use crate::state::AppState;

/// The one parameter of a path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The two parameters of a path: a thing, and one that belongs to it.
#[derive(Debug)]
pub struct Nested<T, U>(pub T, pub U);

/// What a path parameter names.
pub trait Named: FromStr + Send {
    /// The word for it in a 404.
    const NOUN: &'static str;
}

impl Named for ConnectionId {
    const NOUN: &'static str = "connection";
}

impl Named for InboxId {
    const NOUN: &'static str = "inbox";
}

impl Named for ContactId {
    const NOUN: &'static str = "contact";
}

impl Named for ConversationId {
    const NOUN: &'static str = "conversation";
}

impl Named for MessageId {
    const NOUN: &'static str = "message";
}

impl Named for UserId {
    const NOUN: &'static str = "user";
}

impl Named for TeamId {
    const NOUN: &'static str = "team";
}

impl Named for ApiKeyId {
    const NOUN: &'static str = "API key";
}

impl Named for CustomerId {
    const NOUN: &'static str = "customer";
}

impl Named for PhoneNumberId {
    const NOUN: &'static str = "phone number";
}

impl Named for MediaId {
    const NOUN: &'static str = "file";
}

impl Named for WebhookId {
    const NOUN: &'static str = "webhook";
}

impl Named for WebhookDeliveryId {
    const NOUN: &'static str = "delivery";
}

impl Named for WebhookReplayId {
    const NOUN: &'static str = "replay";
}

impl Named for SharedInboxLinkId {
    const NOUN: &'static str = "shared inbox link";
}

impl Named for InboxEmbedId {
    const NOUN: &'static str = "inbox embed";
}

impl Named for SharedSessionId {
    const NOUN: &'static str = "session";
}

impl Named for common::channels::Channel {
    const NOUN: &'static str = "channel";
}

/// The two parameters of a path, the outer one first.
#[derive(Debug)]
pub struct Paths<A, B>(pub A, pub B);

impl<A: Named, B: Named> FromRequestParts<AppState> for Paths<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let mut texts = params.iter().flat_map(|params| params.iter().map(|(_, value)| value));
        let (outer, inner) = (texts.next(), texts.next());
        let outer = outer.and_then(|text| text.parse().ok()).ok_or_else(|| Problem::not_found(A::NOUN))?;
        let inner = inner.and_then(|text| text.parse().ok()).ok_or_else(|| Problem::not_found(B::NOUN))?;
        Ok(Self(outer, inner))
    }
}

impl<T: Named> FromRequestParts<AppState> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let text = params.as_ref().ok().and_then(|params| params.iter().next().map(|(_, value)| value));
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(|| Problem::not_found(T::NOUN))
    }
}

impl<T: Named, U: Named> FromRequestParts<AppState> for Nested<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let mut texts = params.iter().flat_map(|params| params.iter().map(|(_, value)| value));
        let outer = texts.next().and_then(|text| text.parse().ok());
        let outer = outer.ok_or_else(|| Problem::not_found(T::NOUN))?;
        let inner = texts.next().and_then(|text| text.parse().ok());
        Ok(Self(outer, inner.ok_or_else(|| Problem::not_found(U::NOUN))?))
    }
}
