//! The whole state of a running sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::changes::Changes;
use crate::clock::Clock;
use crate::directory::{self, Directory};
use crate::faults::{Fault, Faults};
use crate::held::Held;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::mail::Caught;
use crate::media::MediaStore;
use crate::pages::{Pages, page};
use crate::rcs::{Agents, agent};
use crate::recipient_faults;
use crate::settings::Settings;
use crate::text::{Texts, account};
use crate::webhook::Webhooks;

/// The whole state of a running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// The behaviour in force.
    pub behaviour: Arc<Live>,
    /// Time.
    pub clock: Arc<Clock>,
    /// Accounts and phone numbers.
    pub directory: Directory,
    /// Accounts for texts.
    pub texts: Texts,
    /// RCS agents.
    pub agents: Agents,
    /// Pages and Instagram accounts.
    pub pages: Pages,
    /// Everything accepted.
    pub ledger: Ledger,
    /// Faults to order.
    pub faults: Faults,
    /// Answers being held.
    pub held: Held,
    /// Stored media.
    pub media: MediaStore,
    /// Emails caught.
    pub mail: Caught,
    /// Tells those who look on that something happened.
    pub changes: Arc<Changes>,
    /// Webhooks to the business.
    pub webhooks: Arc<Webhooks>,
    messages: AtomicU64,
}

impl Sandbox {
    /// A sandbox with the default account, at rest.
    pub fn new(
        settings: &Settings,
        stop: CancellationToken,
        closing: CancellationToken,
    ) -> anyhow::Result<Self> {
        let changes = Arc::new(Changes::new(closing));
        let behaviour = Arc::new(Live::new(settings.behaviour.clone()));
        let clock = Arc::new(Clock::start());
        let directory = Directory::default();
        directory
            .put(directory::default_account(settings.webhook_url.clone()))
            .map_err(|refusal| anyhow::anyhow!("default account: {refusal}"))?;
        let texts = Texts::default();
        texts
            .put(account::default_account(settings.text_webhook_url.clone()))
            .map_err(|refusal| anyhow::anyhow!("default account for texts: {refusal}"))?;
        let agents = Agents::default();
        agents
            .put(agent::default_agent(settings.rcs_webhook_url.clone()))
            .map_err(|refusal| anyhow::anyhow!("default RCS agent: {refusal}"))?;
        let pages = Pages::default();
        let default_pages = [
            page::default_page(settings.messenger_webhook_url.clone()),
            page::default_account(settings.instagram_webhook_url.clone()),
        ];
        for page in default_pages {
            pages.put(page).map_err(|refusal| anyhow::anyhow!("default page: {refusal}"))?;
        }
        Ok(Self {
            texts,
            agents,
            pages,
            webhooks: Arc::new(Webhooks::new(
                behaviour.clone(),
                clock.clone(),
                changes.clone(),
                settings.webhook_capacity,
                stop,
            )?),
            changes,
            behaviour,
            clock,
            directory,
            ledger: Ledger::new(settings.ledger_capacity),
            faults: Faults::default(),
            held: Held::default(),
            mail: Caught::default(),
            media: MediaStore::new(settings.media_capacity),
            messages: AtomicU64::new(0),
        })
    }

    /// The next place among all messages. Whoever looks on hears of it, on whichever channel it is.
    pub fn next_sequence(&self) -> u64 {
        self.changes.tell();
        self.messages.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The fault for one message: ordered by a rule, or else by the recipient's digits.
    pub fn fault(&self, sender: &str, recipient: &str) -> Option<Fault> {
        self.faults.pick(sender, recipient).or_else(|| {
            let asked = recipient_faults::ask(recipient)?;
            self.behaviour.get().recipient_faults.then_some(asked)
        })
    }
}
