//! One group of inbound lanes, one transaction: lock, read in stored order, look up, decide, write.

use std::collections::{BTreeSet, HashMap, HashSet};

use common::channels::{self, InboundEvent, UpTo};
use common::db::pipeline::channel_events::{self, WaitingEvent, lane_key, lock_key};
use common::db::pipeline::load::{self, Attempt, LoadedLane, Message};
use common::db::pipeline::{HASH_JOINS, provider_ids};
use common::db::{Error, Tx};
use common::domain::ids::InboxId;
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

use super::apply::Decider;
use super::contacts::{Addresses, Contacts};
use super::{own_echoes, watermarks};

/// What a transaction achieved.
pub(super) struct Done {
    /// Whether more may be waiting in the same lanes.
    pub more: bool,
}

/// An event, understood.
pub(super) struct Understood {
    pub waiting: WaitingEvent,
    pub event: InboundEvent,
}

impl Understood {
    /// The contact's addresses, and the provider's id of the message that the event is about beside its own.
    fn about(&self) -> (&[String], Option<&String>) {
        match &self.event {
            InboundEvent::Message(message) => (&message.addresses, message.reaction_to.as_ref()),
            InboundEvent::Edited(edit) => (&edit.addresses, Some(&edit.target)),
            InboundEvent::Deleted(deletion) => (&deletion.addresses, Some(&deletion.target)),
            InboundEvent::Watermark(mark) => match &mark.up_to {
                UpTo::Message(id) => (&mark.addresses, Some(id)),
                UpTo::Time(_) => (&mark.addresses, None),
            },
            InboundEvent::Wish(wish) => (&wish.addresses, None),
            InboundEvent::Status(_) | InboundEvent::Ignored { .. } => (&[], None),
        }
    }

    /// The attempt that the event names.
    fn correlation(&self) -> Option<Uuid> {
        match &self.event {
            InboundEvent::Message(message) => message.correlation,
            InboundEvent::Status(update) => update.correlation,
            _ => None,
        }
    }

    /// The address that the contact changes to.
    fn new_address(&self) -> Option<&String> {
        match &self.event {
            InboundEvent::Message(message) => message.new_address.as_ref(),
            _ => None,
        }
    }
}

/// Messages that provider ids lead to, with their conversations.
pub(super) type Known = HashMap<(Uuid, String), (Uuid, Uuid)>;

/// All that the decisions rest upon.
pub(super) struct Loaded {
    pub known: Known,
    pub attempts: HashMap<Uuid, Attempt>,
    pub contacts: Contacts,
    pub lanes: HashMap<Uuid, LoadedLane>,
    pub messages: HashMap<Uuid, Message>,
    pub heads: HashMap<Uuid, Uuid>,
    /// Messages that wait until the contact writes, oldest first, by conversation.
    pub held: HashMap<Uuid, Vec<Uuid>>,
    /// Messages that reports on all up to one are about, by event.
    pub marked: HashMap<i64, Vec<Uuid>>,
}

/// Works off up to `most` events of these lanes.
///
/// # Errors
/// When the database fails; then nothing has been worked off.
pub(super) async fn transact(pool: &Pool, lanes: &[Uuid], most: i64) -> Result<Done, Error> {
    // In key order, so that groups never deadlock.
    let locks: BTreeSet<i64> = lanes.iter().map(|lane| lock_key(*lane)).collect();
    let locks: Vec<i64> = locks.into_iter().collect();
    let tx = Tx::open(pool).await?;
    let steps = [
        tx.step(HASH_JOINS, vec![]).await?,
        tx.step(channel_events::LOCK, vec![&locks]).await?,
        tx.step(channel_events::WAITING, vec![&lanes, &most]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let events: Vec<Understood> = answers[2].iter().map(understand).collect::<Result<_, _>>()?;
    if events.is_empty() {
        tx.rollback().await?;
        return Ok(Done { more: false });
    }
    let more = events.len() as i64 == most;
    let mut loaded = look_up(&tx, &events).await?;
    let mut decider = Decider::new(&mut loaded);
    for event in &events {
        decider.decide(event)?;
    }
    let left = decider.write(tx).await?;
    Ok(Done { more: more || left })
}

fn understand(row: &Row) -> Result<Understood, Error> {
    let waiting = WaitingEvent::read(row)?;
    let event = match channels::parse(waiting.channel, waiting.kind, &waiting.payload, waiting.received_at) {
        // What had left still ends as the provider says; nothing else begins or changes in a deleted inbox.
        event @ (InboundEvent::Status(_) | InboundEvent::Watermark(_)) => event,
        _ if waiting.inbox_deleted => InboundEvent::Ignored { reason: "the inbox was deleted" },
        event => event,
    };
    Ok(Understood { waiting, event })
}

/// The keys by which a group's events are looked up.
#[derive(Default)]
struct Keys {
    inboxes: Vec<Uuid>,
    provider_ids: Vec<String>,
    correlations: Vec<Uuid>,
    addresses: Addresses,
}

impl Keys {
    fn of(events: &[Understood]) -> Self {
        let mut keys = Self::default();
        for understood in events {
            let inbox = understood.waiting.inbox;
            match &understood.event {
                InboundEvent::Message(message) => {
                    keys.provider_id(inbox, &message.provider_id);
                    message.reply_to.iter().for_each(|id| keys.provider_id(inbox, id));
                }
                InboundEvent::Status(update) => keys.provider_id(inbox, &update.provider_id),
                InboundEvent::Edited(_)
                | InboundEvent::Deleted(_)
                | InboundEvent::Watermark(_)
                | InboundEvent::Wish(_)
                | InboundEvent::Ignored { .. } => (),
            }
            keys.correlations.extend(understood.correlation());
            let (addresses, target) = understood.about();
            target.into_iter().for_each(|id| keys.provider_id(inbox, id));
            keys.addresses.extend(inbox, addresses);
            keys.addresses.extend(inbox, understood.new_address().map_or(&[], std::slice::from_ref));
        }
        keys
    }

    fn provider_id(&mut self, inbox: Uuid, id: &str) {
        self.inboxes.push(inbox);
        self.provider_ids.push(id.to_owned());
    }
}

/// Contacts that change to an address: whatever waits in that one's lane is not worked off meanwhile by another.
async fn lock_new_addresses(tx: &Tx, events: &[Understood]) -> Result<(), Error> {
    let lanes: BTreeSet<i64> = events.iter().filter_map(new_lane).map(lock_key).collect();
    if !lanes.is_empty() {
        let lanes: Vec<i64> = lanes.into_iter().collect();
        tx.run(&[tx.step(channel_events::LOCK, vec![&lanes]).await?]).await?;
    }
    Ok(())
}

fn new_lane(understood: &Understood) -> Option<Uuid> {
    understood.new_address().map(|address| lane_key(InboxId(understood.waiting.inbox), address))
}

async fn look_up(tx: &Tx, events: &[Understood]) -> Result<Loaded, Error> {
    lock_new_addresses(tx, events).await?;
    let keys = Keys::of(events);
    let steps = [
        tx.step(provider_ids::FIND, vec![&keys.inboxes, &keys.provider_ids]).await?,
        tx.step(load::ATTEMPTS, vec![&keys.correlations]).await?,
        keys.addresses.find(tx).await?,
    ];
    let answers = tx.run(&steps).await?;
    let known: Known =
        answers[0].iter().map(|row| ((row.get(0), row.get(1)), (row.get(2), row.get(3)))).collect();
    let attempts: HashMap<Uuid, Attempt> =
        answers[1].iter().map(|row| Attempt::read(row).map(|a| (a.id, a))).collect::<Result<_, _>>()?;
    let mut contacts = Contacts::read(&answers[2])?;
    contacts.create_missing(tx, events).await?;
    let (mut conversations, mut messages) = (BTreeSet::new(), BTreeSet::new());
    let mut written = HashSet::new();
    for understood in events {
        let inbox = understood.waiting.inbox;
        let (addresses, target) = understood.about();
        let found = contacts.find(inbox, addresses).map(|contact| contact.conversation);
        conversations.extend(found);
        if matches!(&understood.event, InboundEvent::Message(message) if message.opens_window) {
            written.extend(found);
        }
        let mut led_to: Vec<(Uuid, Uuid)> = Vec::new();
        led_to.extend(target.and_then(|id| known.get(&(inbox, id.clone()))));
        if let InboundEvent::Status(update) = &understood.event {
            led_to.extend(known.get(&(inbox, update.provider_id.clone())));
        }
        let attempt = understood.correlation().and_then(|id| attempts.get(&id));
        led_to.extend(attempt.map(|attempt| (attempt.message, attempt.conversation)));
        for (message, conversation) in led_to {
            messages.insert(message);
            conversations.insert(conversation);
        }
    }
    let (lanes, messages) = lock(tx, conversations, messages).await?;
    let (heads, held, marked) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut loaded = Loaded { known, attempts, contacts, lanes, messages, heads, held, marked };
    own_echoes::find_in_flight(tx, events, &mut loaded).await?;
    watermarks::find(tx, events, &mut loaded).await?;
    look_into_lanes(tx, &mut loaded, &written).await?;
    Ok(loaded)
}

type Locked = (HashMap<Uuid, LoadedLane>, HashMap<Uuid, Message>);

async fn lock(tx: &Tx, conversations: BTreeSet<Uuid>, messages: BTreeSet<Uuid>) -> Result<Locked, Error> {
    let conversations: Vec<Uuid> = conversations.into_iter().collect();
    let messages: Vec<Uuid> = messages.into_iter().collect();
    let messages_sql = load::messages();
    let steps = [
        tx.step(load::LOCK, vec![&conversations]).await?,
        tx.step(load::LANES, vec![&conversations]).await?,
        tx.step(&messages_sql, vec![&messages]).await?,
    ];
    let answers = tx.run(&steps).await?;
    let messages = answers[2].iter().map(|row| Message::read(row).map(|m| (m.id, m)));
    Ok((LoadedLane::read_all(&answers[1])?, messages.collect::<Result<_, _>>()?))
}

/// What most groups need not know: which message is the head, of lanes whose message is still queued; and what waits until
/// the contact writes, of those who have written.
async fn look_into_lanes(tx: &Tx, loaded: &mut Loaded, written: &HashSet<Uuid>) -> Result<(), Error> {
    let (heads_sql, held_sql) = (load::heads(), load::held());
    let queued: Vec<Uuid> = loaded
        .messages
        .values()
        .filter(|message| message.lane_position.is_some())
        .map(|message| message.conversation)
        .collect();
    let holding = written.iter().filter(|id| loaded.lanes.get(*id).is_some_and(|lane| lane.lane.held > 0));
    let holding: Vec<Uuid> = holding.copied().collect();
    if queued.is_empty() && holding.is_empty() {
        return Ok(());
    }
    let steps = [tx.step(&heads_sql, vec![&queued]).await?, tx.step(&held_sql, vec![&holding]).await?];
    let answers = tx.run(&steps).await?;
    loaded.heads.extend(answers[0].iter().map(|row| (row.get::<_, Uuid>(2), row.get::<_, Uuid>(0))));
    for row in &answers[1] {
        let message = Message::read(row)?;
        loaded.held.entry(message.conversation).or_default().push(message.id);
        loaded.messages.entry(message.id).or_insert(message);
    }
    Ok(())
}
