//! A webhook as it was received, on its way through the fallback queue.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::channels::Channel;

/// Where the path and query stand among the headers.
const PATH: &str = ":path";

/// The headers that providers sign with: those whose names begin with `x-`, in lower case; and, as `:path`, the path and
/// query that a webhook came to, which some sign too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHeaders(BTreeMap<String, String>);

impl SignedHeaders {
    /// Takes what matters out of a request's headers.
    pub fn of(uri: &http::Uri, headers: &http::HeaderMap) -> Self {
        let named = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-"));
        let readable = named
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let path = uri.path_and_query().map(|path| (PATH.to_owned(), path.as_str().to_owned()));
        Self(readable.chain(path).collect())
    }

    /// The path and query that the webhook came to.
    pub fn path(&self) -> &str {
        self.get(PATH).unwrap_or_default()
    }

    /// The query that the webhook came with.
    pub fn query(&self) -> &str {
        self.path().split_once('?').map_or("", |(_, query)| query)
    }

    /// A header by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The one message of ours that holds data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The api process that took it in.
    pub process: Uuid,
    /// Its number within that process, rising.
    pub number: i64,
    /// The channel it came in at.
    pub channel: Channel,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// Its trace.
    pub trace: Uuid,
    /// What it was signed with.
    pub headers: SignedHeaders,
    /// Its raw bytes, in base64.
    body: String,
}

impl Envelope {
    /// An envelope around raw bytes.
    pub fn new(
        process: Uuid,
        number: i64,
        channel: Channel,
        trace: Uuid,
        webhook: (&SignedHeaders, &[u8]),
    ) -> Self {
        let (headers, body) = webhook;
        let (received_at, headers, body) = (Utc::now(), headers.clone(), STANDARD.encode(body));
        Self { process, number, channel, received_at, trace, headers, body }
    }

    /// An envelope around nothing: once it is stored, so is everything that was put into the queue before it.
    pub fn marker(process: Uuid, number: i64, channel: Channel) -> Self {
        Self::new(process, number, channel, Uuid::nil(), (&SignedHeaders::default(), &[]))
    }

    /// Whether there is nothing in it.
    pub fn is_marker(&self) -> bool {
        self.body.is_empty()
    }

    /// The bytes that go into the queue.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The webhook's raw bytes.
    pub fn body(&self) -> Option<Bytes> {
        STANDARD.decode(&self.body).ok().map(Bytes::from)
    }
}
