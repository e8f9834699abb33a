//! Contacts that write all the time, straight to the api: each goes on only after a 200, as the provider does for one chat.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::testing::eventually;
use faults::{Client, Webhook};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What each try was answered; none where nobody listened.
pub type Answers = Vec<(Instant, Option<u16>)>;

/// Contacts at work.
pub struct Traffic {
    stop: CancellationToken,
    contacts: JoinSet<(String, usize)>,
    answers: Arc<Mutex<Answers>>,
}

impl Traffic {
    /// Lets `contacts` contacts write to a number, each once in `every`.
    pub fn start(client: &Client, number: &str, contacts: usize, every: Duration) -> Self {
        let mut traffic =
            Self { stop: CancellationToken::new(), contacts: JoinSet::new(), answers: Arc::default() };
        for contact in 0..contacts {
            let contact = Contact {
                client: client.clone(),
                number: number.to_owned(),
                address: format!("1555100{contact:04}"),
                answers: traffic.answers.clone(),
                stop: traffic.stop.clone(),
            };
            traffic.contacts.spawn(async move { contact.write(every).await });
        }
        traffic
    }

    /// The answers so far.
    pub fn answers(&self) -> Answers {
        self.answers.lock().unwrap().clone()
    }

    /// Lets every contact end its text; how many each has written.
    pub async fn end(self) -> BTreeMap<String, usize> {
        self.stop.cancel();
        self.contacts.join_all().await.into_iter().collect()
    }
}

struct Contact {
    client: Client,
    number: String,
    address: String,
    answers: Arc<Mutex<Answers>>,
    stop: CancellationToken,
}

impl Contact {
    async fn write(self, every: Duration) -> (String, usize) {
        let mut written = 0;
        let mut tick = tokio::time::interval(every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.stop.is_cancelled() {
            tick.tick().await;
            let id = format!("wamid.{}.{written}", self.address);
            let webhook = Webhook::new().text(&self.number, &self.address, &id, &format!("text {written}"));
            while self.post(&webhook).await != Some(200) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            written += 1;
        }
        (self.address, written)
    }

    async fn post(&self, webhook: &Webhook) -> Option<u16> {
        let answer = self.client.post_webhook(webhook).await.ok();
        self.answers.lock().unwrap().push((Instant::now(), answer));
        answer
    }
}

/// Waits until everything that was written shows up, and says that it is in order.
pub async fn shows_up(client: &Client, written: &BTreeMap<String, usize>, within: Duration) {
    for (address, count) in written {
        let expected: Vec<String> = (0..*count).map(|n| format!("text {n}")).collect();
        let texts = eventually("everything shows up", within, async || {
            let texts = client.texts_with(address).await.map_err(|error| error.to_string())?;
            if texts.len() >= expected.len() { Ok(texts) } else { Err(format!("{} of {count}", texts.len())) }
        })
        .await;
        let astray = texts.iter().zip(&expected).position(|(shown, sent)| shown != sent);
        assert_eq!(
            astray.map(|at| &texts[at.saturating_sub(3)..(at + 4).min(texts.len())]),
            None,
            "{address}"
        );
        assert_eq!(texts.len(), *count, "{address}");
    }
}
