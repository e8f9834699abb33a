//! The provider tells of what the business sent, and so of what we sent ourselves: that is a proof, and no other message.

use std::collections::HashMap;

use common::channels::{Author, InboundEvent, InboundMessage, StatusUpdate};
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::load::{self, Attempt};
use common::db::{Error, Tx};
use common::domain::content::Content;
use common::domain::message::Status;
use uuid::Uuid;

use super::apply::Decider;
use super::group::{Loaded, Understood};
use super::watermarks::load_messages;

/// Loads the messages that are in flight to contacts to whom the business is said to have written: where the provider does not
/// echo our word for an attempt, the echo is compared with them.
pub(super) async fn find_in_flight(tx: &Tx, events: &[Understood], loaded: &mut Loaded) -> Result<(), Error> {
    let mut attempts: Vec<Uuid> = Vec::new();
    for Understood { waiting, event } in events {
        let InboundEvent::Message(message) = event else { continue };
        if message.author != Author::Business || message.correlation.is_some() {
            continue;
        }
        let contact = loaded.contacts.find(waiting.inbox, &message.addresses);
        let lane = contact.and_then(|contact| loaded.lanes.get(&contact.conversation));
        attempts.extend(lane.and_then(|lane| lane.lane.attempt));
    }
    if attempts.is_empty() {
        return Ok(());
    }
    let rows = tx.run(&[tx.step(load::ATTEMPTS, vec![&attempts]).await?]).await?;
    let found = rows.iter().flatten().map(|row| Attempt::read(row).map(|attempt| (attempt.id, attempt)));
    let found: HashMap<Uuid, Attempt> = found.collect::<Result<_, _>>()?;
    load_messages(tx, found.values().map(|attempt| attempt.message), loaded).await?;
    loaded.attempts.extend(found);
    Ok(())
}

impl Decider<'_> {
    /// What an echo of something that we sent proves; none if it tells of somebody else's message.
    pub(super) fn own_echo(&mut self, waiting: &WaitingEvent, echo: &InboundMessage) -> Option<&'static str> {
        if echo.author != Author::Business {
            return None;
        }
        let attempt = match echo.correlation {
            Some(named) => self.loaded.attempts.get(&named)?.clone(),
            None => self.like_in_flight(waiting, echo)?.clone(),
        };
        let update = StatusUpdate {
            provider_id: echo.provider_id.clone(),
            correlation: Some(attempt.id),
            status: Some(Status::Sent),
            word: "echo".into(),
            at: echo.at,
            failure: None,
        };
        let effect = self.status(waiting, &update)?;
        self.proved.push((attempt.message, attempt.conversation, echo.at));
        Some(effect)
    }

    /// The try that is in flight to the contact, if the echo says what its message says.
    fn like_in_flight(&self, waiting: &WaitingEvent, echo: &InboundMessage) -> Option<&Attempt> {
        let contact = self.loaded.contacts.find(waiting.inbox, &echo.addresses)?;
        let lane = self.loaded.lanes.get(&contact.conversation)?;
        let attempt = self.loaded.attempts.get(&lane.lane.attempt?)?;
        let message = self.loaded.messages.get(&attempt.message)?;
        (message.provider_message_id.is_none() && says_the_same(&message.content, &echo.content))
            .then_some(attempt)
    }
}

/// Whether an echo may tell of this content. Files are told by another address, and what can be pressed in another form.
fn says_the_same(sent: &Content, echoed: &Content) -> bool {
    match (sent, echoed) {
        (Content::Text(sent), Content::Text(echoed)) => sent.text.trim() == echoed.text.trim(),
        (Content::Interactive(sent), Content::Text(echoed)) => {
            sent.interactive.words().trim() == echoed.text.trim()
        }
        (Content::Interactive(_), Content::Unsupported(_)) => true,
        (Content::Text(_), _) | (_, Content::Text(_)) => false,
        (sent, echoed) => sent.kind() == echoed.kind(),
    }
}

#[cfg(test)]
mod tests {
    use common::domain::content::{Media, Unsupported};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_echo_is_compared_by_what_it_says() {
        let interactive = json!({ "type": "interactive", "interactive": { "type": "buttons", "body": "Yes?", "buttons": [] } });
        let interactive: Content = serde_json::from_value(interactive).unwrap();
        let unsupported = Content::Unsupported(Unsupported { reason: None, raw: json!({}) });
        let picture = Content::Image(Media::default());
        for (sent, echoed, same) in [
            (Content::text("a"), Content::text("a "), true),
            (Content::text("a"), Content::text("b"), false),
            (Content::text("a"), unsupported.clone(), false),
            (interactive.clone(), unsupported, true),
            (interactive, Content::text("Yes?"), true),
            (picture.clone(), picture.clone(), true),
            (picture, Content::text("a"), false),
        ] {
            assert_eq!(says_the_same(&sent, &echoed), same, "{sent:?} {echoed:?}");
        }
    }
}
