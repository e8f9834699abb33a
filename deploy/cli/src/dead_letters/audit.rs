//! Notes what was done to a dead letter in the audit log of each organization that it concerns.

use common::db::audit::{self, Actor, Entry};
use common::db::dead_letters::{self, DeadLetter};
use common::db::{media, webhooks};
use common::domain::ids::OrganizationId;
use common::queue::Task;
use deadpool_postgres::Transaction;
use serde_json::json;
use uuid::Uuid;

/// Notes `action`; under the nil id where no organization can be told, so that the act is never without a trace.
pub(super) async fn note(
    tx: &Transaction<'_>,
    letter: &DeadLetter,
    action: &'static str,
) -> anyhow::Result<()> {
    let mut organizations = concerned(tx, letter).await?;
    organizations.sort_unstable();
    organizations.dedup();
    if organizations.is_empty() {
        organizations.push(OrganizationId(Uuid::nil()));
    }
    for organization in organizations {
        let entry = Entry {
            organization,
            actor: Actor::Operator,
            action,
            resource: letter.id.0,
            trace: None,
            detail: Some(json!({ "source": letter.source.as_str(), "channelEvent": letter.channel_event })),
        };
        audit::insert(tx, &entry).await?;
    }
    Ok(())
}

async fn concerned(tx: &Transaction<'_>, letter: &DeadLetter) -> anyhow::Result<Vec<OrganizationId>> {
    if let Some(organization) = letter.organization {
        return Ok(vec![organization]);
    }
    Ok(match letter.body.as_deref().map(Task::decode) {
        Some(Ok(Task::DeliverLanesV1 { lanes })) => {
            let lanes: Vec<Uuid> = lanes.iter().map(|pointer| pointer.lane).collect();
            let owners = dead_letters::list_lane_owners(tx, &lanes).await?;
            owners.into_iter().map(|owner| owner.organization).collect()
        }
        Some(Ok(Task::ApplyChannelEventsV1 { lanes })) => dead_letters::list_event_owners(tx, &lanes).await?,
        Some(Ok(Task::FetchMediaV1 { media })) => media::list_owners(tx, &media).await?,
        Some(Ok(Task::PostWebhooksV1 { webhook })) => {
            webhooks::find_owner(tx, webhook).await?.into_iter().collect()
        }
        Some(Err(_)) | None => Vec::new(),
    })
}
