//! The replies that load the product: numbered, so that each can be found again at the provider.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use chrono::Utc;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::client::json_request;
use crate::drive::Load;
use crate::seed::Seed;

/// A reply whose fate is followed.
#[derive(Debug)]
pub struct Followed {
    /// The answer's body.
    pub body: Bytes,
    /// When the answer was there.
    pub at: Instant,
    /// The key to look it up with.
    pub authorization: HeaderValue,
}

/// Makes replies: each sender in turn, any of its conversations.
pub struct Replies<'a> {
    seed: &'a Seed,
    authorizations: Vec<HeaderValue>,
    /// Whether each reply names an `Idempotency-Key`.
    idempotent: bool,
    /// When each number was answered with 202, in microseconds since 1970; 0 if it was not.
    accepted: RefCell<Vec<i64>>,
    /// How many were answered with 202.
    pub count: Cell<u64>,
    /// Whether to send nothing new.
    pub paused: Cell<bool>,
    /// Where every twentieth reply is told to, while somebody listens.
    followers: RefCell<Option<mpsc::UnboundedSender<Followed>>>,
}

/// One in so many is followed.
const FOLLOWED: u64 = 20;

/// The text of a reply.
pub fn text(number: u64) -> String {
    format!(
        "Reply {number:09}: thank you for your message, your order is on its way and should be with you tomorrow."
    )
}

/// The number in a reply's text.
pub fn number_of(text: &str) -> Option<u64> {
    text.strip_prefix("Reply ")?.get(..9)?.parse().ok()
}

impl<'a> Replies<'a> {
    /// Replies to the conversations of `seed`.
    pub fn new(seed: &'a Seed, idempotent: bool) -> anyhow::Result<Self> {
        let bearer = |key: &str| HeaderValue::try_from(format!("Bearer {key}"));
        let authorizations =
            seed.accounts.iter().map(|account| bearer(&account.key)).collect::<Result<_, _>>()?;
        Ok(Self {
            seed,
            authorizations,
            idempotent,
            accepted: RefCell::default(),
            count: Cell::new(0),
            paused: Cell::new(false),
            followers: RefCell::new(None),
        })
    }

    /// Tells one in twenty replies from now on, until the next call.
    pub fn follow(&self, listener: Option<mpsc::UnboundedSender<Followed>>) {
        self.followers.replace(listener);
    }

    /// When each number was answered with 202, in microseconds since 1970; 0 if it was not.
    pub fn accepted(&self) -> Vec<i64> {
        self.accepted.borrow().clone()
    }

    fn account(&self, number: u64) -> usize {
        (number % self.seed.shape.senders as u64) as usize % self.seed.accounts.len()
    }
}

impl Load for Replies<'_> {
    fn request(&self, number: u64) -> anyhow::Result<Request<Full<Bytes>>> {
        let shape = self.seed.shape;
        let sender = (number % shape.senders as u64) as usize;
        let conversation =
            sender + shape.senders * rand::random_range(0..shape.conversations / shape.senders);
        let body = format!(
            "{{\"conversationId\":\"{}\",\"content\":{{\"type\":\"text\",\"text\":\"{}\"}}}}",
            self.seed.conversation(conversation),
            text(number)
        );
        let mut request = json_request(Method::POST, "/v1/conversations/reply", body.into_bytes())?;
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorizations[self.account(number)].clone());
        if self.idempotent {
            headers.insert("idempotency-key", HeaderValue::try_from(Uuid::new_v4().to_string())?);
        }
        Ok(request)
    }

    fn accepted(&self, number: u64, body: &Bytes) {
        let (mut accepted, index) = (self.accepted.borrow_mut(), number as usize);
        if accepted.len() <= index {
            accepted.resize(index + 1, 0);
        }
        accepted[index] = Utc::now().timestamp_micros();
        self.count.set(self.count.get() + 1);
        if number.is_multiple_of(FOLLOWED)
            && let Some(listener) = &*self.followers.borrow()
        {
            let authorization = self.authorizations[self.account(number)].clone();
            // Nobody listens any more once its phase is over.
            let _over = listener.send(Followed { body: body.clone(), at: Instant::now(), authorization });
        }
    }

    fn paused(&self) -> bool {
        self.paused.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_s_number_is_found_in_its_text() {
        assert_eq!(number_of(&text(1_234)), Some(1_234));
        assert_eq!(number_of("Hello"), None);
    }
}
