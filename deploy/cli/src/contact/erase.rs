//! `switchboard contact erase`.

use anyhow::bail;
use common::db::audit::{self, Actor, Entry};
use common::db::contacts::erase::{Marked, find_organization, mark};
use common::domain::ids::ContactId;
use serde_json::json;

use crate::environment;
use crate::output::Output;

/// Tries at what another change got in the way of.
const TRIES: usize = 5;

/// Arguments of `contact erase`.
#[derive(Debug, clap::Args)]
pub struct Erase {
    /// Id of the contact (ctc_…)
    #[arg(value_name = "CONTACT")]
    id: ContactId,
}

impl Erase {
    /// Marks the contact as to be forgotten; repeating it changes nothing.
    ///
    /// # Errors
    /// When there is no such contact or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let Some(organization) = find_organization(&session, self.id).await? else { return self.unknown() };
        for _ in 0..TRIES {
            let tx = session.transaction().await?;
            match mark(&tx, organization, self.id).await? {
                Marked::Unknown => return self.unknown(),
                Marked::Changed => continue,
                Marked::Before => return self.tell(output, "had been erased before; nothing is new"),
                Marked::Now(contact) => {
                    let entry = Entry {
                        organization,
                        actor: Actor::Operator,
                        action: "contact.erase",
                        resource: contact.0,
                        trace: None,
                        detail: None,
                    };
                    audit::insert(&tx, &entry).await?;
                }
            }
            tx.commit().await?;
            return self.tell(output, "is gone from the API now; the relay deletes what is left of it");
        }
        bail!("the contact is being changed by others: try again")
    }

    fn unknown(&self) -> anyhow::Result<()> {
        bail!("there is no contact {}", self.id)
    }

    fn tell(&self, output: &Output, what: &str) -> anyhow::Result<()> {
        Ok(output.answer(&json!({ "id": self.id }), &format!("{} {what}.", self.id))?)
    }
}
