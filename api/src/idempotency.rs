//! `Idempotency-Key` for POSTs that write in one transaction: the key is claimed and the answer kept in that transaction.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use common::crypto::Sealer;
use common::db;
use common::db::idempotency::{self, Answer, Known, Request};
use common::domain::principal::{Credential, Principal};
use common::problem::{Problem, ProblemBody};
use deadpool_postgres::{GenericClient, Pool};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::extract::IdempotencyKey;
use crate::problems;

/// Says that an answer repeats an earlier one.
pub const REPLAYED: &str = "idempotent-replayed";

/// One request, and what is kept of its answer if it named a key.
#[derive(Debug)]
pub struct Once {
    request: Option<Request>,
    sealer: Option<Sealer>,
}

/// Why work ended without an answer of its own.
#[derive(Debug)]
pub enum Stopped {
    /// What the client is told.
    Problem(Problem),
    /// Another request with the same key committed first.
    Taken,
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<db::Error> for Stopped {
    fn from(error: db::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<tokio_postgres::Error> for Stopped {
    fn from(error: tokio_postgres::Error) -> Self {
        db::Error::from(error).into()
    }
}

impl Once {
    /// The request to `route` by `principal` with this body.
    pub fn new(principal: &Principal, route: &'static str, key: IdempotencyKey, body: &[u8]) -> Self {
        Self::hashed(principal, route, key, Sha256::digest(body).into())
    }

    /// The same for a body that was read as a stream.
    pub fn hashed(principal: &Principal, route: &'static str, key: IdempotencyKey, hash: [u8; 32]) -> Self {
        Self::of(principal.credential, route, key, hash)
    }

    /// The same for whoever presents a credential without being let in by it.
    pub fn of(credential: Credential, route: &'static str, key: IdempotencyKey, hash: [u8; 32]) -> Self {
        let credential = credential.id();
        Self { request: key.0.map(|key| Request { credential, route, key, hash }), sealer: None }
    }

    /// The same for a request whose answer holds a secret: it is kept sealed.
    #[must_use]
    pub fn sealed(self, sealer: &Sealer) -> Self {
        Self { sealer: Some(sealer.clone()), ..self }
    }

    /// Answers: with the first answer to the same request, or by doing `work`, whose answer is kept.
    ///
    /// # Errors
    /// The work's problem, or 409 when the key came with another body.
    pub async fn answer(
        &self,
        pool: &Pool,
        work: impl Future<Output = Result<Answer, Stopped>>,
    ) -> Result<Response, Problem> {
        if let Some(answer) = self.earlier(pool).await? {
            return Ok(answer);
        }
        match work.await {
            Ok(answer) => Ok(respond(answer)),
            Err(Stopped::Problem(problem)) => {
                self.keep(pool, &problem).await;
                Err(problem)
            }
            Err(Stopped::Taken) => {
                let gone = || {
                    Problem::unavailable("too_much_waiting", "The same request is being answered; try again")
                };
                self.earlier(pool).await?.ok_or_else(gone)
            }
        }
    }

    /// Claims the key for an open transaction, before it writes anything else.
    ///
    /// # Errors
    /// `Taken` when another request has it.
    pub async fn claim(&self, client: &impl GenericClient) -> Result<(), Stopped> {
        match &self.request {
            Some(request) if !idempotency::claim(client, request).await? => Err(Stopped::Taken),
            Some(_) | None => Ok(()),
        }
    }

    /// Keeps the answer in the transaction that claimed the key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fill(
        &self,
        client: &impl GenericClient,
        status: StatusCode,
        body: &impl Serialize,
        location: Option<String>,
    ) -> Result<Answer, Stopped> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        let answer = Answer { status: status.as_u16(), body, location, sealed: false };
        let Some(request) = &self.request else { return Ok(answer) };
        match &self.sealer {
            None => idempotency::answer(client, request, &answer).await?,
            Some(sealer) => {
                let body = sealer.seal(&answer.body, &context(request)).map_err(Problem::internal)?;
                let kept = Answer { body, sealed: true, ..answer.clone() };
                idempotency::answer(client, request, &kept).await?;
            }
        }
        Ok(answer)
    }

    async fn earlier(&self, pool: &Pool) -> Result<Option<Response>, Problem> {
        let Some(request) = &self.request else { return Ok(None) };
        let client = pool.get().await.map_err(db::Error::from)?;
        match idempotency::find(&client, request).await? {
            None => Ok(None),
            Some(Known::OtherBody) => {
                let detail = "This Idempotency-Key was used with another body";
                Err(Problem::new(StatusCode::CONFLICT, "idempotency_key_reused", detail))
            }
            Some(Known::Answered(answer)) => replay(self.open(request, answer)?).map(Some),
        }
    }

    fn open(&self, request: &Request, kept: Answer) -> Result<Answer, Problem> {
        match &self.sealer {
            Some(sealer) if kept.sealed => {
                let body = sealer.open(&kept.body, &context(request)).map_err(Problem::internal)?;
                Ok(Answer { body, sealed: false, ..kept })
            }
            _ if kept.sealed => {
                Err(Problem::internal(anyhow::anyhow!("an answer is sealed that need not be")))
            }
            _ => Ok(kept),
        }
    }

    /// Keeps a refusal that repeating the request would not change.
    async fn keep(&self, pool: &Pool, problem: &Problem) {
        let lasting = [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
        let Some(request) = self.request.as_ref().filter(|_| lasting.contains(&problem.status)) else {
            return;
        };
        let kept = async {
            let body = serde_json::to_vec(&problem.body(None, None))
                .map_err(|e| db::Error::Stored(e.to_string()))?;
            let answer = Answer { status: problem.status.as_u16(), body, location: None, sealed: false };
            let mut client = pool.get().await?;
            let tx = client.transaction().await?;
            if idempotency::claim(&tx, request).await? {
                idempotency::answer(&tx, request, &answer).await?;
            }
            Ok::<_, db::Error>(tx.commit().await?)
        };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a refusal was not kept under its idempotency key");
        }
    }
}

/// What a sealed answer is bound to: the request it answers.
fn context(request: &Request) -> Vec<u8> {
    [request.credential.as_bytes(), request.route.as_bytes(), b"\0", request.key.as_bytes()].concat()
}

fn replay(answer: Answer) -> Result<Response, Problem> {
    let mut response = if answer.status < 400 {
        respond(answer)
    } else {
        stored_problem(answer.status, &answer.body)?.into_response()
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// The problem that was kept as an answer.
///
/// # Errors
/// 500 when it cannot be read.
pub fn stored_problem(status: u16, body: &[u8]) -> Result<Problem, Problem> {
    let body: ProblemBody = serde_json::from_slice(body).map_err(Problem::internal)?;
    let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
    let code = problems::find(&body.code).map_or("invalid_request", |kind| kind.code);
    let mut problem = Problem::new(status, code, body.detail);
    problem.errors = body.errors;
    problem.messaging_window = body.messaging_window;
    Ok(problem)
}

fn respond(answer: Answer) -> Response {
    if answer.status == StatusCode::NO_CONTENT.as_u16() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(location) = answer.location.and_then(|path| HeaderValue::try_from(path).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}
