//! `idempotency_keys`: the first answer to each request that named a key, kept for 24 hours.
//!
//! A transaction claims the key before it writes anything and fills in the answer before it commits, so that answer and
//! work are kept together or not at all.

use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::Error;

/// Which request an answer belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The credential that sent it.
    pub credential: Uuid,
    /// Method and path template.
    pub route: &'static str,
    /// The key it named.
    pub key: String,
    /// SHA-256 of its body.
    pub hash: [u8; 32],
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, a problem's included.
    pub body: Vec<u8>,
    /// The `Location` header, if there was one.
    pub location: Option<String>,
}

/// What is known of a request's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The same request was answered.
    Answered(Answer),
    /// The same request was answered with a secret: the body is sealed, with the row's key as context.
    Sealed(Answer),
    /// The key was used with another body.
    OtherBody,
}

/// Looks for the answer to an earlier request with the same key. An answer past its 24 hours is not one.
///
/// # Errors
/// When the database fails.
pub async fn find(client: &impl GenericClient, request: &Request) -> Result<Option<Known>, Error> {
    let sql = "SELECT request_hash, status, body, location, sealed FROM idempotency_keys
        WHERE credential_id = $1 AND route = $2 AND key = $3 AND created_at > now() - interval '24 hours'";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&request.credential, &request.route, &request.key]).await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<_, &[u8]>(0)? != request.hash {
        return Ok(Some(Known::OtherBody));
    }
    let status =
        u16::try_from(row.try_get::<_, i16>(1)?).map_err(|error| Error::Stored(error.to_string()))?;
    let answer = Answer { status, body: row.try_get(2)?, location: row.try_get(3)? };
    Ok(Some(if row.try_get(4)? { Known::Sealed(answer) } else { Known::Answered(answer) }))
}

/// Claims the key for the open transaction; false if an earlier request has it. Waits for one that is being answered.
///
/// # Errors
/// When the database fails.
pub async fn claim(client: &impl GenericClient, request: &Request) -> Result<bool, Error> {
    let sql = "INSERT INTO idempotency_keys AS k (credential_id, route, key, request_hash, status, body)
        VALUES ($1, $2, $3, $4, 0, '')
        ON CONFLICT (credential_id, route, key) DO UPDATE
            SET request_hash = excluded.request_hash, status = 0, body = '', location = NULL, sealed = false,
                created_at = now()
            WHERE k.created_at <= now() - interval '24 hours'";
    let statement = client.prepare_cached(sql).await?;
    let hash = request.hash.as_slice();
    let claimed =
        client.execute(&statement, &[&request.credential, &request.route, &request.key, &hash]).await?;
    Ok(claimed == 1)
}

/// Fills in the answer to a request whose key the open transaction has claimed.
///
/// # Errors
/// When the database fails.
pub async fn answer(client: &impl GenericClient, request: &Request, answer: &Answer) -> Result<(), Error> {
    fill(client, request, answer, false).await
}

/// The same for an answer whose body the caller has sealed.
///
/// # Errors
/// When the database fails.
pub async fn answer_sealed(
    client: &impl GenericClient,
    request: &Request,
    answer: &Answer,
) -> Result<(), Error> {
    fill(client, request, answer, true).await
}

async fn fill(
    client: &impl GenericClient,
    request: &Request,
    answer: &Answer,
    sealed: bool,
) -> Result<(), Error> {
    let sql = "UPDATE idempotency_keys SET status = $4, body = $5, location = $6, sealed = $7
        WHERE credential_id = $1 AND route = $2 AND key = $3";
    let statement = client.prepare_cached(sql).await?;
    let status = i16::try_from(answer.status).map_err(|error| Error::Stored(error.to_string()))?;
    client
        .execute(
            &statement,
            &[
                &request.credential,
                &request.route,
                &request.key,
                &status,
                &answer.body,
                &answer.location,
                &sealed,
            ],
        )
        .await?;
    Ok(())
}
