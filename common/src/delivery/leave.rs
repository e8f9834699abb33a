//! Whether a message may leave now, and how it gets in line or stands outside: one rule for acceptance, release, retry and
//! claim.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::channels;
use crate::db::pipeline::Changes;
use crate::db::pipeline::load::{LoadedLane, Message};
use crate::domain::content::Content;
use crate::domain::postponed::{ClosedWindow, Postponed};

/// How long a message is tried by default.
const EXPIRES: TimeDelta = TimeDelta::hours(24);
/// How long one is held at most.
const HELD: TimeDelta = TimeDelta::days(30);

/// What becomes of a message that is about to leave.
#[derive(Debug, Clone, PartialEq)]
pub enum Leave {
    /// It may.
    Now,
    /// This may, in its place.
    Replaced(Box<Content>),
    /// It waits until the contact writes.
    Held,
    /// It may not: the reply window is closed.
    Refused,
}

impl Leave {
    /// What the reply window and the client's wish say of this content.
    pub fn decide(
        loaded: &LoadedLane,
        content: &Content,
        closed_window: &ClosedWindow,
        now: DateTime<Utc>,
    ) -> Self {
        if loaded.window_open(now) || channels::passes_closed_window(loaded.channel, content) {
            return Self::Now;
        }
        match closed_window {
            ClosedWindow::Fail => Self::Refused,
            ClosedWindow::Hold => Self::Held,
            ClosedWindow::Template(template) => Self::Replaced(template.clone()),
        }
    }
}

/// Puts a message at the end of its lane's line.
pub fn put_in_line(loaded: &mut LoadedLane, message: &mut Message, now: DateTime<Utc>) {
    message.expires_at.get_or_insert(now + EXPIRES);
    message.lane_position = Some(loaded.lane.enqueue(now));
    // A template that goes out through a closed window answers nobody.
    loaded.lane.rank(matches!(message.content, Content::Template(_)) && !loaded.window_open(now));
}

/// Puts a message that stood outside at the end of the line; its time is that of the release.
pub fn release(changes: &mut Changes, loaded: &mut LoadedLane, message: &mut Message, now: DateTime<Utc>) {
    if let Some(reason) = message.postponed.take() {
        loaded.lane.resume(reason);
    }
    message.at = now;
    (message.changed, message.moved) = (true, true);
    put_in_line(loaded, message, now);
    changes.resume(message);
    changes.happened(message.id, "released", None, None);
    changes.message_event("message.released", loaded.lane.inbox, message);
}

/// Lets other content take the place of a message's own.
pub fn replace(changes: &mut Changes, message: &mut Message, content: Content) {
    changes.happened(message.id, "replaced", None, Some(json!({ "type": content.kind() })));
    message.content = content;
    (message.changed, message.moved) = (true, true);
}

/// Lets a message stand outside its lane: until its scheduled time, or until the contact writes. One that is in line is its
/// head, and the next one's turn comes.
pub fn set_aside(
    changes: &mut Changes,
    loaded: &mut LoadedLane,
    message: &mut Message,
    reason: Postponed,
    now: DateTime<Utc>,
) {
    if message.lane_position.take().is_some() {
        loaded.lane.settle(true, now);
    }
    if let Some(before) = message.postponed.replace(reason) {
        loaded.lane.resume(before);
    }
    loaded.lane.postpone(reason);
    (message.changed, message.moved) = (true, true);
    let held_until = message.expires_at.map_or(now + HELD, |end| end.min(now + HELD));
    let look_at = match reason {
        Postponed::Scheduled => message.scheduled_at.unwrap_or(now),
        Postponed::Held => held_until,
    };
    changes.postpone(message, reason, look_at);
    changes.happened(message.id, reason.as_str(), None, Some(json!({ "until": look_at })));
}
