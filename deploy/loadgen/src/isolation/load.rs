//! The replies of an isolation run, and how long each took to the provider and to its last status.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use http::{Method, Request, header};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::stage::Stage;
use super::streams::Stream;
use crate::client::json_request;
use crate::replies::{number_of, text};
use crate::{drive, report, sandbox};

/// Makes replies: each inbox in turn, each of its contacts in turn.
pub struct Load<'a> {
    streams: &'a [Stream],
    /// When each number was answered with 202, in microseconds since 1970; 0 if it was not.
    accepted: RefCell<Vec<i64>>,
}

/// What came of one inbox's replies.
pub struct Outcome {
    /// How many the provider took.
    pub taken: u64,
    /// From 202 to there.
    pub to_provider: Histogram<u64>,
    /// From 202 to the event of the last status.
    pub shown: Histogram<u64>,
}

impl drive::Load for Load<'_> {
    fn request(&self, number: u64) -> anyhow::Result<Request<Full<Bytes>>> {
        let stream = &self.streams[self.place(number)];
        let turn = (number / self.streams.len() as u64) as usize;
        let conversation = &stream.conversations[turn % stream.conversations.len()];
        let content = serde_json::json!({ "type": "text", "text": text(number) });
        let body = serde_json::json!({ "conversationId": conversation, "content": content });
        let mut request = json_request(Method::POST, "/v1/conversations/reply", serde_json::to_vec(&body)?)?;
        request.headers_mut().insert(header::AUTHORIZATION, stream.key.clone());
        Ok(request)
    }

    fn accepted(&self, number: u64, _: &Bytes) {
        let (mut accepted, index) = (self.accepted.borrow_mut(), number as usize);
        if accepted.len() <= index {
            accepted.resize(index + 1, 0);
        }
        accepted[index] = Utc::now().timestamp_micros();
    }
}

impl<'a> Load<'a> {
    /// Replies to these inboxes' conversations.
    pub fn new(streams: &'a [Stream]) -> Self {
        Self { streams, accepted: RefCell::default() }
    }

    fn place(&self, number: u64) -> usize {
        (number % self.streams.len() as u64) as usize
    }

    /// The 202s among these numbers, with their times.
    fn told(&self, numbers: Range<u64>) -> Vec<(u64, i64)> {
        let accepted = self.accepted.borrow();
        let at = |number: u64| accepted.get(number as usize).copied().unwrap_or_default();
        numbers.map(|number| (number, at(number))).filter(|(_, at)| *at > 0).collect()
    }

    /// Waits until all of the chosen inboxes' replies have their last status. What is missing after `patience`, in words.
    pub async fn arrived(
        &self,
        stage: &Stage,
        numbers: Range<u64>,
        patience: Duration,
        chosen: impl Fn(usize) -> bool,
    ) -> anyhow::Result<Result<(), String>> {
        let wanted = self.told(numbers).into_iter().map(|(number, _)| number);
        let wanted: Vec<u64> = wanted.filter(|number| chosen(self.place(*number))).collect();
        let started = Instant::now();
        loop {
            let shown = self.shown(stage).await?;
            let missing: Vec<u64> =
                wanted.iter().copied().filter(|number| !shown.contains_key(number)).collect();
            if missing.is_empty() {
                return Ok(Ok(()));
            }
            if started.elapsed() > patience {
                return Ok(Err(self.in_words(&missing)));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn in_words(&self, missing: &[u64]) -> String {
        let count = |place: usize| missing.iter().filter(|number| self.place(**number) == place).count();
        let each = self.streams.iter().enumerate().map(|(place, stream)| (count(place), &stream.name));
        let each = each.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} of {name}"));
        format!("replies did not arrive in time: {}", each.collect::<Vec<_>>().join(", "))
    }

    /// What came of the replies with these numbers, by inbox.
    pub async fn outcome(&self, stage: &Stage, numbers: Range<u64>) -> anyhow::Result<Vec<Outcome>> {
        let ledger = sandbox::ledger(stage.sandbox).await?;
        let mut taken: HashMap<u64, DateTime<Utc>> = HashMap::new();
        for message in ledger.values().flatten() {
            taken.entry(message.number).or_insert(message.at);
        }
        let shown = self.shown(stage).await?;
        let fresh = || Outcome { taken: 0, to_provider: report::histogram(), shown: report::histogram() };
        let mut outcomes: Vec<Outcome> = self.streams.iter().map(|_| fresh()).collect();
        for (number, told) in self.told(numbers) {
            let outcome = &mut outcomes[self.place(number)];
            // The provider may have been called before the answer reached the client: that is no wait at all.
            let wait = |at: &DateTime<Utc>| (at.timestamp_micros() - told).max(1).unsigned_abs();
            if let Some(at) = taken.get(&number) {
                outcome.taken += 1;
                outcome.to_provider.saturating_record(wait(at));
            }
            if let Some(at) = shown.get(&number) {
                outcome.shown.saturating_record(wait(at));
            }
        }
        Ok(outcomes)
    }

    /// When the event of its last status was written, of every reply that has got that far.
    async fn shown(&self, stage: &Stage) -> anyhow::Result<HashMap<u64, DateTime<Utc>>> {
        let sql = "SELECT m.content ->> 'text', e.at FROM events e JOIN messages m ON m.id = e.message_id
            WHERE m.direction = 'outbound' AND e.type = CASE WHEN e.inbox_id = ANY($1) THEN 'message.sent' ELSE 'message.delivered' END";
        let only_sent = self.streams.iter().filter(|stream| stream.furthest == "sent");
        let only_sent: Vec<Uuid> = only_sent.map(|stream| stream.inbox).collect();
        let rows = stage.client.query(sql, &[&only_sent]).await?;
        let read = |row: &tokio_postgres::Row| Some((number_of(row.get(0))?, row.get(1)));
        Ok(rows.iter().filter_map(read).collect())
    }
}
