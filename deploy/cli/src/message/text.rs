//! A message's history for people.

use std::fmt::Write as _;

use common::domain::content::Content;
use common::domain::view::{Direction, SenderType};
use common::trace::TraceId;
use serde_json::json;

use super::history::History;
use super::story::{self, duration, in_words, timeline_line};
use crate::parse::shown;

/// The whole history; text, names and addresses only with `content`.
pub fn tell(history: &History, content: bool) -> String {
    let mut text = format!("{}\n\n", headline(history));
    for sentence in story::sentences(history) {
        let _infallible = writeln!(text, "  {sentence}");
    }
    text.push('\n');
    for (name, value) in facts(history, content) {
        let _infallible = writeln!(text, "  {name:<13} {value}");
    }
    part(
        &mut text,
        "Timeline",
        history.timeline().iter().map(|entry| timeline_line(history, entry)).collect(),
    );
    if history.message.direction == Direction::Outbound {
        part(&mut text, "Attempts", attempts(history));
    }
    part(&mut text, "What the channel told", channel_events(history, content));
    part(&mut text, "What clients were told", events(history, content));
    if !content {
        text.push_str("\nText, names and addresses are left out; --content shows them.\n");
    }
    text
}

fn headline(history: &History) -> String {
    let message = &history.message;
    let kind = message.content.kind();
    format!("{} is an {} {kind} message: {}", message.id, message.direction, message.status.as_str())
}

fn facts(history: &History, content: bool) -> Vec<(&'static str, String)> {
    let (message, standing) = (&history.message, &history.standing);
    let sender = &message.sender;
    let name = sender.name.as_ref().filter(|_| content || sender.r#type != SenderType::Contact);
    let name = name.map_or_else(String::new, |name| format!(" \"{name}\""));
    let viewer = sender.viewer_id.as_ref().map_or_else(String::new, |id| format!(", viewer {id}"));
    let deleted = if standing.inbox_deleted { ", deleted" } else { "" };
    let mut facts = vec![
        ("Organization", format!("{} \"{}\"", history.organization, standing.organization_name)),
        (
            "Inbox",
            format!(
                "{} \"{}\" ({}, gate {}{deleted})",
                standing.inbox, standing.inbox_name, standing.channel, standing.gate
            ),
        ),
        ("Conversation", format!("{} ({})", message.conversation_id, standing.conversation_state)),
        ("Lane", format!("{}, {} queued", standing.lane.as_str(), standing.queued)),
        ("Sender", format!("{} {}{name}{viewer}", sender.r#type, sender.id)),
        ("Time", shown(message.timestamp.0)),
        ("Trace", TraceId(standing.trace).to_string()),
    ];
    facts.extend(standing.window_expires_at.map(|end| ("Reply window", format!("until {}", shown(end)))));
    facts.extend(message.provider_message_id.clone().map(|id| ("Provider's id", id)));
    facts.extend(message.client_reference.clone().map(|reference| ("Client's ref.", reference)));
    facts.extend(message.reply_to.map(|quoted| ("Quotes", quoted.to_string())));
    facts.extend(said(&message.content));
    if content {
        facts.push(("Contact", standing.address.clone()));
        facts.push(("Content", json!(message.content).to_string()));
    }
    facts
}

/// What of the content is nobody's secret, and explains what the channel says of it.
fn said(content: &Content) -> Option<(&'static str, String)> {
    match content {
        Content::Reaction(it) => it.message_id.map(|id| ("Reacts to", id.to_string())),
        Content::Template(it) => Some(("Template", format!("{} in {}", it.name, it.language))),
        _ => None,
    }
}

fn part(text: &mut String, title: &str, lines: Vec<String>) {
    let _infallible = writeln!(text, "\n{title}");
    let lines = if lines.is_empty() { vec!["nothing".to_owned()] } else { lines };
    for line in lines {
        let _infallible = writeln!(text, "  {line}");
    }
}

fn attempts(history: &History) -> Vec<String> {
    let attempts = history.attempts.iter().map(|attempt| {
        let begun = duration(history.offset(attempt.started_at));
        let generation = if attempt.generation > 1 {
            format!(" of generation {}", attempt.generation)
        } else {
            String::new()
        };
        let mut line = format!(
            "{:>10}  number {}{generation}: {}",
            format!("+{begun}"),
            attempt.number,
            in_words(&attempt.state)
        );
        if let Some(ended) = attempt.ended_at {
            let _infallible = write!(line, ", known after {}", duration(ended - attempt.started_at));
        }
        let code = attempt.provider_code.as_ref().map(|code| format!("code {code}"));
        let notes = [code, attempt.detail.clone(), attempt.provider_message_id.clone()];
        for note in notes.into_iter().flatten() {
            let _infallible = write!(line, "; {note}");
        }
        let _infallible = write!(line, " ({} by {})", attempt.id, attempt.worker);
        line
    });
    attempts.collect()
}

fn channel_events(history: &History, content: bool) -> Vec<String> {
    let events = history.channel_events.iter().map(|event| {
        let effect = event.effect.as_deref().unwrap_or(match event.processed_at {
            Some(_) => "worked off",
            None => "waits to be worked off",
        });
        let received = duration(history.offset(event.received_at));
        let mut line =
            format!("{:>10}  {} (channel event {}): {effect}", format!("+{received}"), event.kind, event.id);
        if event.failures > 0 {
            let _infallible = write!(line, "; {} failures", event.failures);
        }
        if content {
            let _infallible = write!(line, "\n              {}", event.payload);
        }
        line
    });
    events.collect()
}

fn events(history: &History, content: bool) -> Vec<String> {
    let events = history.events.iter().map(|event| {
        let number = event.seq.map_or_else(|| "not numbered yet".to_owned(), |seq| format!("number {seq}"));
        let at = duration(history.offset(event.at));
        let mut line = format!("{:>10}  {} ({}, {number})", format!("+{at}"), event.kind, event.id);
        if content {
            let _infallible = write!(line, "\n              {}", event.payload);
        }
        line
    });
    events.collect()
}
