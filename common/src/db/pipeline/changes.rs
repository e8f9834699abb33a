//! All that one step of the pipeline writes, committed in one pipelined round trip.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::amendments::{ContentRow, Contents, Moves, ReactionTargets, Reactions, ReactionsRow};
use super::contacts::{Begun, Picked};
use super::health::InboxStandings;
use super::load::{LoadedLane, Message};
use super::media::{FileLinks, NewFiles};
use super::merged::Merged;
use super::placements::{Placement, Placements, Postponement, Postponements, ResumedRow, Resumptions};
use super::rows::{
    Answers, AttemptState, AttemptStates, Audit, EventRow, Events, LaneRow, LaneStates, MessageState,
    MessageStates, NewAttempts, NewMessages, Processed, Rows, Timeline, TimelineRow,
};
use super::touches::{ProfileNames, Touches, Windows};
use super::wishes::{OptOuts, Wishes};
use crate::db::tx::{Params, Step};
use crate::db::{Error, Tx, outbox as outbox_table};
use crate::delivery::SentReaction;
use crate::domain::ids::{ConversationId, InboxId};
use crate::domain::lane::Lane;
use crate::domain::postponed::Postponed;
use crate::outbox::Row as OutboxRow;
use crate::queue::Route;

/// What is to be written. Lanes and messages are written back as a whole; the rest is added.
#[derive(Debug, Default)]
pub struct Changes {
    /// First answers to idempotent requests; a lost race fails the whole step.
    pub answers: Answers,
    /// New messages.
    pub messages: NewMessages,
    /// Contacts' files that are to be fetched; before the links to them.
    pub files: NewFiles,
    /// Which messages refer to which files.
    pub file_links: FileLinks,
    /// Messages that changed.
    pub states: MessageStates,
    /// Messages that changed in more than delivering changes.
    pub placements: Placements,
    /// Messages that stand outside their lane from now on, or for another reason.
    pub postponements: Postponements,
    /// Messages that no longer do.
    pub resumed: Resumptions,
    /// Lanes that changed.
    pub lanes: LaneStates,
    /// Conversations with a new message.
    pub touches: Touches,
    /// Names that profiles told.
    pub profile_names: ProfileNames,
    /// Conversations whose reply window alone moved.
    pub windows: Windows,
    /// What contacts want no more of, or again: marketing.
    pub wishes: Wishes,
    /// The same of messages altogether.
    pub opt_outs: OptOuts,
    /// Messages that their senders edited or deleted.
    pub contents: Contents,
    /// Reactions to messages.
    pub reactions: Reactions,
    /// Reactions whose message has become known.
    pub reaction_targets: ReactionTargets,
    /// Conversations with another address.
    pub moves: Moves,
    /// Reactions of ours that the provider took, until [`crate::delivery::show_sent`] has put them on their messages.
    pub(crate) sent_reactions: Vec<SentReaction>,
    /// Tries that begin.
    pub attempts: NewAttempts,
    /// Tries that ended.
    pub attempt_states: AttemptStates,
    /// What happened to messages.
    pub timeline: Timeline,
    /// The event log.
    pub events: Events,
    /// The audit log.
    pub audit: Audit,
    /// Channel events worked off.
    pub processed: Processed,
    /// Whether inboxes work.
    pub standings: InboxStandings,
    outbox: OutboxRows,
}

#[derive(Debug, Default)]
struct OutboxRows {
    part: i16,
    routes: Vec<String>,
    lanes: Vec<Uuid>,
    inboxes: Vec<Uuid>,
}

impl Changes {
    /// Notes a thing that happened to a message, now.
    pub fn happened(
        &mut self,
        message: Uuid,
        event: &'static str,
        attempt: Option<i32>,
        detail: Option<serde_json::Value>,
    ) {
        let detail = detail.map(|detail| detail.to_string());
        self.timeline.push(TimelineRow {
            message_id: message,
            at: chrono::Utc::now(),
            event,
            attempt,
            detail,
        });
    }

    /// Adds an entry to the event log about a message as it now stands.
    pub fn message_event(&mut self, kind: &'static str, inbox: Uuid, message: &Message) {
        let payload = serde_json::json!({ "message": message.view() }).to_string();
        self.events.push(EventRow {
            id: Uuid::now_v7(),
            organization_id: message.organization,
            kind,
            inbox_id: Some(inbox),
            conversation_id: Some(message.conversation),
            message_id: Some(message.id),
            payload,
        });
    }

    /// Notes that a message brings its conversation back, if it was archived; the conversation's touch does it.
    pub fn brings_back(&mut self, loaded: &mut LoadedLane) {
        if !std::mem::take(&mut loaded.archived) {
            return;
        }
        let lane = &loaded.lane;
        let payload = serde_json::json!({ "conversation": {
            "id": ConversationId(lane.conversation), "inboxId": InboxId(lane.inbox), "state": "open",
        }});
        self.events.push(EventRow {
            id: Uuid::now_v7(),
            organization_id: lane.organization,
            kind: "conversation.updated",
            inbox_id: Some(lane.inbox),
            conversation_id: Some(lane.conversation),
            message_id: None,
            payload: payload.to_string(),
        });
    }

    /// Adds an entry to the event log about a conversation that begins.
    pub fn conversation_begun(&mut self, begun: &Begun) {
        self.events.push(EventRow {
            id: Uuid::now_v7(),
            organization_id: begun.organization,
            kind: "conversation.created",
            inbox_id: Some(begun.inbox),
            conversation_id: Some(begun.conversation),
            message_id: None,
            payload: begun.told().to_string(),
        });
    }

    /// Adds entries to the event log about conversations that began as somebody's.
    pub fn conversations_picked(&mut self, begun: &[Begun], picked: &[Picked]) {
        for picked in picked {
            let Some(begun) = begun.iter().find(|begun| begun.conversation == picked.conversation) else {
                continue;
            };
            self.events.push(EventRow {
                id: Uuid::now_v7(),
                organization_id: begun.organization,
                kind: "conversation.assigned",
                inbox_id: Some(begun.inbox),
                conversation_id: Some(begun.conversation),
                message_id: None,
                payload: begun.told_assigned(picked).to_string(),
            });
        }
    }

    /// Writes a message back as it now stands.
    pub fn save_message(&mut self, message: &Message) {
        if message.moved {
            return self.placements.push(Placement::of(message));
        }
        let failure = message.failure.as_ref().map(|failure| serde_json::json!(failure).to_string());
        self.states.push(MessageState {
            id: message.id,
            status: message.status.as_str(),
            failure,
            provider_message_id: message.provider_message_id.clone(),
            lane_position: message.lane_position,
            attempts: message.attempts,
            failures: message.failures,
        });
    }

    /// Notes when somebody must look at a message outside its lane.
    pub fn postpone(&mut self, message: &Message, reason: Postponed, look_at: DateTime<Utc>) {
        self.postponements.push(Postponement {
            message_id: message.id,
            organization_id: message.organization,
            conversation_id: message.conversation,
            reason: reason.as_str(),
            look_at,
        });
    }

    /// Forgets when somebody must look at a message, which no longer stands outside its lane.
    pub fn resume(&mut self, message: &Message) {
        self.resumed.push(ResumedRow { message_id: message.id });
    }

    /// Writes back those lanes and messages that changed.
    pub fn save_changed<'a>(
        &mut self,
        lanes: impl Iterator<Item = &'a LoadedLane>,
        messages: impl Iterator<Item = &'a Message>,
    ) {
        lanes.filter(|loaded| loaded.changed()).for_each(|loaded| self.save_lane(&loaded.lane));
        for message in messages {
            if message.changed {
                self.save_message(message);
            }
            if message.content_changed {
                self.save_content(message);
            }
            if message.reactions_changed {
                let reactions = serde_json::json!(message.reactions).to_string();
                self.reactions.push(ReactionsRow { id: message.id, reactions });
            }
        }
    }

    fn save_content(&mut self, message: &Message) {
        self.contents.push(ContentRow {
            id: message.id,
            organization_id: message.organization,
            conversation_id: message.conversation,
            content: serde_json::json!(message.content).to_string(),
            preview: message.content.preview(),
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        });
    }

    /// Writes a lane back as it now stands.
    pub fn save_lane(&mut self, lane: &Lane) {
        self.lanes.push(LaneRow {
            conversation_id: lane.conversation,
            state: lane.state.as_str(),
            last_message_id: lane.last_message,
            next_position: lane.next_position,
            queued: lane.queued,
            lease: lane.lease,
            attempt_id: lane.attempt,
            due_at: lane.due_at,
            ready_at: lane.ready_at,
            bulk: lane.bulk,
            pair_tat: lane.pair_tat,
            held: lane.held,
            scheduled: lane.scheduled,
        });
    }

    /// Notes how a try ended without more to tell.
    pub fn attempt_ended(&mut self, id: Uuid, state: &'static str) {
        let none = (None, None, None);
        let (provider_message_id, provider_code, detail) = none;
        self.attempt_states.push(AttemptState { id, state, provider_message_id, provider_code, detail });
    }

    /// Sends a pointer to an admitted lane once this is committed.
    pub fn point_at(&mut self, part: i16, route: Route, lane: Uuid, inbox: Uuid) {
        self.outbox.part = part;
        self.outbox.routes.push(route.key());
        self.outbox.lanes.push(lane);
        self.outbox.inboxes.push(inbox);
    }

    /// Commits everything; the outbox rows are to be handed to the relay.
    ///
    /// # Errors
    /// The first statement's that failed, and then nothing is written; or the commit's, and then nobody knows.
    pub async fn commit(self, tx: Tx) -> Result<Vec<OutboxRow>, Error> {
        let steps = self.steps(&tx).await?;
        let mut answers = tx.commit(&steps).await?;
        if self.outbox.routes.is_empty() {
            return Ok(Vec::new());
        }
        let rows = answers.drain(..).next().unwrap_or_default();
        rows.iter().map(outbox_table::read).collect()
    }

    /// What most steps write is one statement; it comes first, and returns the outbox's rows. The rest follows, each on its own,
    /// since it may write the same rows again.
    async fn steps<'a>(&'a self, tx: &Tx) -> Result<Vec<Step<'a>>, Error> {
        let mut merged = Merged::default();
        macro_rules! merge {
            ($($rows:ident)+) => { $(merged.rows(&self.$rows);)+ };
        }
        merge!(answers messages lanes touches attempts timeline events audit processed);
        // A message or a try that begins in this step may change in it, too.
        let (states_apart, tries_apart) = (!self.messages.is_empty(), !self.attempts.is_empty());
        if !states_apart {
            merged.rows(&self.states);
        }
        if !tries_apart {
            merged.rows(&self.attempt_states);
        }
        let outbox = &self.outbox;
        if !outbox.routes.is_empty() {
            let params: Params<'_> = vec![&outbox.part, &outbox.routes, &outbox.lanes, &outbox.inboxes];
            merged.returning(outbox_table::INSERT, params);
        }
        let mut steps = Vec::new();
        if !merged.is_empty() {
            steps.push(merged.step(tx).await?);
        }
        macro_rules! apart {
            ($($rows:ident)+) => {
                $(if !self.$rows.is_empty() { steps.push(step(tx, &self.$rows).await?); })+
            };
        }
        if states_apart {
            apart!(states);
        }
        if tries_apart {
            apart!(attempt_states);
        }
        apart!(files file_links placements resumed postponements profile_names windows wishes opt_outs);
        apart!(contents reactions reaction_targets moves standings);
        Ok(steps)
    }
}

async fn step<'a, R: Rows>(tx: &Tx, rows: &'a R) -> Result<Step<'a>, Error> {
    tx.step(R::SQL, rows.params()).await
}
