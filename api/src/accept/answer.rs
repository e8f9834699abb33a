//! First answers to idempotent requests.

use std::collections::HashMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use common::db::{Error, Tx, tx::Step};
use common::problem::Problem;
use http::{HeaderValue, StatusCode, header};
use tokio_postgres::Row;
use uuid::Uuid;

use super::round::Item;
use crate::idempotency::{REPLAYED, stored_problem};

const FIND: &str = "SELECT k.credential_id, k.key, k.request_hash, k.status, k.body, k.location,
        k.created_at > now() - interval '24 hours', k.route
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS r (credential_id, route, key)
    CROSS JOIN LATERAL (SELECT * FROM idempotency_keys
        WHERE credential_id = r.credential_id AND route = r.route AND key = r.key LIMIT 1) k";

/// The answer to a submission, or the repeated first answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON of the message, or of the problem that a repeated request met before.
    pub body: Bytes,
    /// The message's path.
    pub location: Option<String>,
    /// Whether this repeats the first answer to the same idempotency key.
    pub replayed: bool,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = if self.status < 400 {
            let mut response = Response::new(Body::from(self.body));
            *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::ACCEPTED);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        } else {
            stored_problem(self.status, &self.body).unwrap_or_else(|problem| problem).into_response()
        };
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The keys of a group, for one look-up.
#[derive(Default)]
pub(super) struct Keys {
    credentials: Vec<Uuid>,
    routes: Vec<&'static str>,
    keys: Vec<String>,
}

/// The answers that were given before.
#[derive(Default)]
pub(super) struct Answers(HashMap<(Uuid, String, String), Stored>);

struct Stored {
    hash: Vec<u8>,
    answer: Answer,
}

impl Keys {
    pub(super) fn of(items: &[Item<'_>]) -> Self {
        let mut keys = Self::default();
        for item in items {
            if let Some((key, _)) = &item.asked.idempotency {
                keys.credentials.push(item.asked.asker.credential().id());
                keys.routes.push(item.asked.route);
                keys.keys.push(key.clone());
            }
        }
        keys
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) async fn step<'a>(&'a self, tx: &Tx) -> Result<Step<'a>, Error> {
        tx.step(FIND, vec![&self.credentials, &self.routes, &self.keys]).await
    }
}

impl Answers {
    pub(super) fn read(rows: &[Row]) -> Result<Self, Error> {
        let mut answers = HashMap::new();
        for row in rows {
            // Asked of the row rather than in the condition, where it would tempt the planner to read by age.
            if !row.try_get::<_, bool>(6)? {
                continue;
            }
            let body: Vec<u8> = row.try_get(4)?;
            let status = u16::try_from(row.try_get::<_, i16>(3)?).unwrap_or(202);
            let location = row.try_get(5)?;
            let answer = Answer { status, body: Bytes::from(body), location, replayed: true };
            let key = (row.try_get(0)?, row.try_get(7)?, row.try_get(1)?);
            answers.insert(key, Stored { hash: row.try_get(2)?, answer });
        }
        Ok(Self(answers))
    }

    /// The first answer to this request, if it was given.
    ///
    /// # Errors
    /// 409 when the key came with another body.
    pub(super) fn find(&self, item: &Item<'_>) -> Result<Option<Answer>, Problem> {
        let Some((key, hash)) = &item.asked.idempotency else { return Ok(None) };
        let place = (item.asked.asker.credential().id(), item.asked.route.to_owned(), key.clone());
        let Some(stored) = self.0.get(&place) else { return Ok(None) };
        if stored.hash.as_slice() == hash {
            return Ok(Some(stored.answer.clone()));
        }
        let detail = "This Idempotency-Key was used with another request body";
        Err(Problem::new(StatusCode::CONFLICT, "idempotency_key_reused", detail))
    }
}
