//! What travels over the broker: pointers, never data. A pointer may be lost, repeated or reordered with no harm.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A message of the work queues; versioned, because two releases may run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Deliver the head of each of these lanes.
    DeliverLanesV1 {
        /// Lanes, with the inbox whose pace each follows.
        lanes: Vec<LanePointer>,
    },
    /// Work off the channel events of these inbound lanes.
    ApplyChannelEventsV1 {
        /// `channel_events.lane_key`s.
        lanes: Vec<Uuid>,
    },
    /// Fetch these files of contacts.
    FetchMediaV1 {
        /// Rows of `media`.
        media: Vec<Uuid>,
    },
    /// Post what is due to a customer's endpoint.
    PostWebhooksV1 {
        /// Row of `webhooks`.
        webhook: Uuid,
    },
}

/// Points at a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LanePointer {
    /// The conversation.
    pub lane: Uuid,
    /// Its inbox.
    pub inbox: Uuid,
}

/// A body that no release of ours wrote.
#[derive(Debug, thiserror::Error)]
#[error("undecodable task: {0}")]
pub struct Undecodable(#[from] serde_json::Error);

impl Serialize for LanePointer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.lane.simple(), self.inbox.simple()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LanePointer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (lane, inbox) = <(Uuid, Uuid)>::deserialize(deserializer)?;
        Ok(Self { lane, inbox })
    }
}

impl Task {
    /// Most lanes of one delivery task: keeps its body under 1 kB.
    pub const LANES: usize = 12;
    /// Most inbound lanes of one task.
    pub const EVENT_LANES: usize = 24;
    /// Most files of one task: few, for the task is done when the slowest is.
    pub const FILES: usize = 4;

    /// The body.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// When it is not a task of a version we know.
    pub fn decode(body: &[u8]) -> Result<Self, Undecodable> {
        Ok(serde_json::from_slice(body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_tasks_stay_under_a_kilobyte_and_round_trip() {
        let pointer = LanePointer { lane: Uuid::now_v7(), inbox: Uuid::now_v7() };
        let deliver = Task::DeliverLanesV1 { lanes: vec![pointer; Task::LANES] };
        let apply = Task::ApplyChannelEventsV1 { lanes: vec![Uuid::now_v7(); Task::EVENT_LANES] };
        let fetch = Task::FetchMediaV1 { media: vec![Uuid::now_v7(); Task::FILES] };
        let post = Task::PostWebhooksV1 { webhook: Uuid::now_v7() };
        for task in [deliver, apply, fetch, post] {
            let body = task.encode();
            assert!(body.len() < 1024, "{} bytes", body.len());
            assert_eq!(Task::decode(&body).unwrap(), task);
        }
    }
}
