//! First answers to idempotent requests.

use std::collections::HashMap;

use bytes::Bytes;
use common::db::{Error, Tx, tx::Step};
use common::problem::Problem;
use http::StatusCode;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Answer, Reply};

/// The route under which replies' idempotency keys are kept.
pub(super) const ROUTE: &str = "POST /v1/conversations/reply";

const FIND: &str = "SELECT k.credential_id, k.key, k.request_hash, k.status, k.body, k.location,
        k.created_at > now() - interval '24 hours'
    FROM unnest($1::uuid[], $2::text[]) AS r (credential_id, key)
    CROSS JOIN LATERAL (SELECT * FROM idempotency_keys
        WHERE credential_id = r.credential_id AND route = $3 AND key = r.key LIMIT 1) k";

/// The keys of a group, for one look-up.
#[derive(Default)]
pub(super) struct Keys {
    credentials: Vec<Uuid>,
    keys: Vec<String>,
}

/// The answers that were given before.
#[derive(Default)]
pub(super) struct Answers(HashMap<(Uuid, String), Stored>);

struct Stored {
    hash: Vec<u8>,
    answer: Answer,
}

impl Keys {
    pub(super) fn of(replies: &[&Reply]) -> Self {
        let mut keys = Self::default();
        for reply in replies {
            if let Some((key, _)) = &reply.idempotency {
                keys.credentials.push(reply.principal.key.0);
                keys.keys.push(key.clone());
            }
        }
        keys
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) async fn step<'a>(&'a self, tx: &Tx) -> Result<Step<'a>, Error> {
        tx.step(FIND, vec![&self.credentials, &self.keys, &ROUTE]).await
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
            let key = (row.try_get(0)?, row.try_get(1)?);
            answers.insert(key, Stored { hash: row.try_get(2)?, answer });
        }
        Ok(Self(answers))
    }

    /// The first answer to this request, if it was given.
    ///
    /// # Errors
    /// 409 when the key came with another body.
    pub(super) fn find(&self, reply: &Reply) -> Result<Option<Answer>, Problem> {
        let Some((key, hash)) = &reply.idempotency else { return Ok(None) };
        let Some(stored) = self.0.get(&(reply.principal.key.0, key.clone())) else { return Ok(None) };
        if stored.hash.as_slice() == hash {
            return Ok(Some(stored.answer.clone()));
        }
        let detail = "This Idempotency-Key was used with another request body";
        Err(Problem::new(StatusCode::CONFLICT, "idempotency_key_reused", detail))
    }
}
