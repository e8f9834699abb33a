//! Takes a correct message in: window, rates, ledger, chat and statuses.

use std::sync::{Arc, OnceLock};

use super::error::GraphError;
use super::statuses;
use super::validate::Message;
use crate::account::Phone;
use crate::chat::{Chat, Chats, Entry};
use crate::clock::{MILLISECOND, Micros};
use crate::faults::StatusFault;
use crate::message::{Accepted, Progress, Step};
use crate::pacing::Rate;
use crate::sandbox::Sandbox;
use crate::settings::Behaviour;
use crate::wamid::{self, Direction};
use crate::webhook::{Event, Update};

const SECOND: Micros = 1_000 * MILLISECOND;

/// Takes a message in, or says which rule of the provider forbids it now. How it fares is told at once, or later by `tell`.
pub(super) fn accept(
    sandbox: &Sandbox,
    phone: &Arc<Phone>,
    message: &Message<'_>,
    body: &[u8],
    (fault, tell_later): (Option<&StatusFault>, bool),
) -> Result<Arc<Accepted>, GraphError> {
    let behaviour = sandbox.behaviour.get();
    let profile = phone.profile();
    if profile.digits == message.recipient {
        return Err(GraphError::of(131_021));
    }
    let throughput = profile.config.throughput.unwrap_or(behaviour.throughput);
    let provider_id = wamid::mint(&message.recipient, Direction::Outbound);
    // Held to the end: ledger, chat and statuses of one number must tell the same order.
    let mut chats = phone.chats.lock();
    let now = sandbox.clock.now();
    permit(&mut chats, message, &behaviour, throughput, now)?;
    let chat = chats.open(&message.recipient);
    let accepted = sandbox.ledger.append(|n| {
        Arc::new(Accepted {
            n,
            sequence: sandbox.next_sequence(),
            phone: phone.clone(),
            recipient: message.recipient.as_str().into(),
            user_id: chat.user_id.clone(),
            provider_id: provider_id.into(),
            correlation: message.correlation.map(Into::into),
            echoes: !fault.is_some_and(|fault| fault.drop_correlation),
            category: message.category(),
            body: body.into(),
            at: now,
            progress: Progress::at(Step::Accepted),
            fetched: OnceLock::new(),
        })
    });
    chat.remember(Entry::Accepted(accepted.clone()), behaviour.chat_history);
    if !tell_later {
        schedule(sandbox, chat, &accepted, (message.is_reaction, now), fault);
    }
    Ok(accepted)
}

/// Tells, from now on, how a message fares that was accepted before.
pub(super) fn tell(
    sandbox: &Sandbox,
    phone: &Arc<Phone>,
    accepted: &Arc<Accepted>,
    only_sent: bool,
    fault: Option<&StatusFault>,
) {
    let mut chats = phone.chats.lock();
    let now = sandbox.clock.now();
    schedule(sandbox, chats.open(&accepted.recipient), accepted, (only_sent, now), fault);
}

fn schedule(
    sandbox: &Sandbox,
    chat: &mut Chat,
    accepted: &Arc<Accepted>,
    (only_sent, now): (bool, Micros),
    fault: Option<&StatusFault>,
) {
    for planned in statuses::plan(now, only_sent, &sandbox.behaviour.get(), fault, &mut chat.due) {
        let event = Event::Status { message: accepted.clone(), step: planned.step, code: planned.code };
        sandbox.webhooks.schedule.add(planned.due, Update { at: planned.due, event });
    }
}

/// Checks window and rates; counts the message only if all allow it.
fn permit(
    chats: &mut Chats,
    message: &Message<'_>,
    behaviour: &Behaviour,
    throughput: u64,
    now: Micros,
) -> Result<(), GraphError> {
    let window = behaviour.window_seconds * SECOND;
    let chat = chats.find(&message.recipient);
    let open = message.template.is_some() || chat.is_some_and(|chat| chat.window_open(now, window));
    if behaviour.window && !open {
        return Err(GraphError::of(131_047));
    }
    if !behaviour.pacing {
        return Ok(());
    }
    let number = Rate { interval: SECOND / throughput, burst: throughput };
    let pair = Rate { interval: behaviour.pair_interval_ms * MILLISECOND, burst: behaviour.pair_burst };
    if !chats.throughput.allows(now, number) {
        return Err(GraphError::of(130_429));
    }
    if !chat.is_none_or(|chat| chat.pair.allows(now, pair)) {
        return Err(GraphError::of(131_056));
    }
    chats.throughput.take(now, number);
    chats.open(&message.recipient).pair.take(now, pair);
    Ok(())
}
