//! What happened, in a few sentences: how the message stands, why, and what comes next.

use chrono::{DateTime, TimeDelta, Utc};
use common::domain::lane::LaneState;
use common::domain::message::Status;
use common::domain::view::{Direction, SenderType, TimelineEntry};

use super::history::History;
use crate::parse::shown;

/// The story, one sentence each.
pub fn sentences(history: &History) -> Vec<String> {
    let mut story = match history.message.direction {
        Direction::Inbound => inbound(history),
        Direction::Outbound => outbound(history),
    };
    let dead = history.channel_events.iter().filter(|event| is_dead(event.effect.as_deref())).count();
    if dead > 0 {
        story.push(format!(
            "{dead} of the channel's events about it could not be worked off: see `switchboard dead-letters list`."
        ));
    }
    let waiting = history.channel_events.iter().filter(|event| event.processed_at.is_none()).count();
    if waiting > 0 {
        story.push(format!("{waiting} of the channel's events about it wait to be worked off."));
    }
    story
}

fn is_dead(effect: Option<&str>) -> bool {
    effect.is_some_and(|effect| effect.starts_with("dead"))
}

fn inbound(history: &History) -> Vec<String> {
    let stored = history.began();
    let sent = history.message.timestamp.0;
    let mut story = vec![format!(
        "The contact sent it at {}, as the channel tells; it was in the conversation {} later.",
        shown(sent),
        duration(stored - sent)
    )];
    story.push(match history.message.status {
        Status::Read => "It has been read.".to_owned(),
        _ => "It has not been marked as read.".to_owned(),
    });
    story
}

fn outbound(history: &History) -> Vec<String> {
    if history.message.sender.r#type == SenderType::BusinessApp {
        return vec![
            "The business sent it from the channel's own app; nothing here delivered it.".to_owned(),
        ];
    }
    let mut story = vec![match history.message.status {
        Status::Pending => "It has been accepted and the channel is not known to have taken it.".to_owned(),
        Status::Sent => format!("{} No delivery has been reported yet.", taken(history)),
        Status::Delivered => format!("{} It is on the contact's device.", taken(history)),
        Status::Read => format!("{} The contact has read it.", taken(history)),
        Status::Failed => failed(history),
    }];
    if history.standing.in_line {
        story.push(next(history));
        story.extend(
            history
                .standing
                .expires_at
                .map(|end| format!("If it has not left by {}, it fails as expired.", shown(end))),
        );
    }
    story.extend(outside(history));
    story.push(tries(history));
    let happened = |event: &str| history.timeline().iter().any(|entry| entry.event == event);
    if happened("possible_duplicate") {
        story.push(
            "A try was repeated although an earlier one had been taken: the contact may have it twice."
                .to_owned(),
        );
    } else if happened("resending") {
        story.push(
            "A try whose outcome stayed unknown was repeated, as the inbox asks: the contact may have it twice.".to_owned(),
        );
    }
    if history.standing.generation > 1 {
        let retries = history.standing.generation - 1;
        story.push(format!("It was retried by hand {}.", times(retries.into())));
    }
    story
}

fn taken(history: &History) -> String {
    let sent = history.timeline().iter().rev().find(|entry| entry.event == "sent");
    match sent {
        Some(entry) => {
            format!("The channel took it {} after it was accepted.", duration(history.offset(entry.at.0)))
        }
        None => "The channel took it.".to_owned(),
    }
}

fn failed(history: &History) -> String {
    let Some(failure) = &history.message.failure else { return "It failed.".to_owned() };
    let mut text = format!("It failed: {} ({}", failure.title, failure.code);
    if let Some(code) = &failure.provider_code {
        text.push_str(&format!(", the channel's code {code}"));
    }
    text.push_str(").");
    if let Some(detail) = &failure.detail {
        text.push_str(&format!(" The channel said: {}.", detail.trim_end_matches('.')));
    }
    text.push_str(if failure.retryable {
        " A manual retry may help."
    } else {
        " A manual retry will not help."
    });
    text
}

/// What a message outside the line waits for.
fn outside(history: &History) -> Option<String> {
    let standing = &history.standing;
    let at = standing.look_at.map_or_else(|| "an unknown time".to_owned(), |at| when(at, history.now));
    match standing.postponed.as_deref()? {
        "held" => Some(format!(
            "It stands outside the line until the contact writes; if that has not happened by {at}, it fails as expired."
        )),
        _ => Some(format!("It stands outside the line until its time: {at}.")),
    }
}

/// What the message waits for.
fn next(history: &History) -> String {
    let standing = &history.standing;
    let waits = lane(history);
    match standing.ahead {
        0 => format!("It is the next of its conversation: {waits}"),
        ahead => format!(
            "{ahead} of its conversation's messages go before it, and of those the first's turn is now: {waits}"
        ),
    }
}

fn lane(history: &History) -> String {
    let standing = &history.standing;
    let due = standing.due_at.map_or_else(|| "an unknown time".to_owned(), |at| when(at, history.now));
    match standing.lane {
        LaneState::Idle => "nothing is queued in its lane, which is not as it should be.".to_owned(),
        LaneState::Ready if standing.gate != "open" => {
            let why = if standing.reasons.is_empty() {
                "no reason noted".to_owned()
            } else {
                standing.reasons.join(", ")
            };
            let probe = standing
                .gate_probe_at
                .map_or_else(String::new, |at| format!(" One message tries at {}.", when(at, history.now)));
            format!("its inbox may not send now, as the channel refuses it ({why}).{probe}")
        }
        LaneState::Ready => {
            let since =
                standing.ready_at.map_or_else(String::new, |at| format!(", since {}", when(at, history.now)));
            format!("it waits for its sender's turn{since}.")
        }
        LaneState::Admitted => {
            format!("an outbound worker has been pointed to it; that is repeated at {due}.")
        }
        LaneState::Claimed => format!("a worker is handing it to the channel; its claim lasts until {due}."),
        LaneState::Waiting => format!("its last try was refused for now, and it is tried again at {due}."),
        LaneState::Uncertain => {
            format!(
                "nobody knows whether its last try was taken; evidence from the channel is awaited until {due}."
            )
        }
    }
}

fn tries(history: &History) -> String {
    let total = history.attempts.len() as i64;
    if total == 0 {
        return "It has not been tried yet.".to_owned();
    }
    let mut states: Vec<(&str, i64)> = Vec::new();
    for attempt in &history.attempts {
        match states.iter_mut().find(|(state, _)| *state == attempt.state) {
            Some((_, count)) => *count += 1,
            None => states.push((&attempt.state, 1)),
        }
    }
    let ended = states.iter().map(|(state, count)| format!("{count} {}", in_words(state)));
    format!("It was tried {}: {}.", times(total), ended.collect::<Vec<_>>().join(", "))
}

/// A try's state in words.
pub fn in_words(state: &str) -> &str {
    match state {
        "sending" => "in flight",
        "accepted" => "taken by the channel",
        "transient" => "refused for now",
        "refused" => "refused",
        "uncertain" => "of unknown outcome",
        "abandoned" => "abandoned before the call",
        other => other,
    }
}

/// A timeline entry's offset, text and all.
pub fn timeline_line(history: &History, entry: &TimelineEntry) -> String {
    format!("{:>10}  {}", format!("+{}", duration(history.offset(entry.at.0))), entry.text)
}

fn times(count: i64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

fn when(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at >= now {
        format!("{} (in {})", shown(at), duration(at - now))
    } else {
        format!("{} ({} ago)", shown(at), duration(now - at))
    }
}

/// `1.234 s`, `2 min 3 s`, `3 h 20 min`, `4 d 5 h`.
pub fn duration(span: TimeDelta) -> String {
    let sign = if span < TimeDelta::zero() { "-" } else { "" };
    let span = span.abs();
    let (days, hours, minutes) = (span.num_days(), span.num_hours(), span.num_minutes());
    let text = match (days, hours, minutes) {
        (0, 0, 0) => format!("{}.{:03} s", span.num_seconds(), span.num_milliseconds() % 1_000),
        (0, 0, minutes) => format!("{minutes} min {} s", span.num_seconds() % 60),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        let cases = [
            (1_234, "1.234 s"),
            (-20, "-0.020 s"),
            (123_000, "2 min 3 s"),
            (12_000_000, "3 h 20 min"),
            (363_600_000, "4 d 5 h"),
        ];
        for (millis, expected) in cases {
            assert_eq!(duration(TimeDelta::milliseconds(millis)), expected);
        }
    }
}
