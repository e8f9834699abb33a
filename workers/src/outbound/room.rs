//! How many calls are under way: in all, and for each inbox no more than its share, so that a provider that hangs for one holds up no
//! other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Room for calls.
pub(super) struct Room {
    all: Arc<Semaphore>,
    inboxes: Mutex<HashMap<Uuid, Arc<Inbox>>>,
    /// Most calls of one inbox, and of one whose provider did not answer lately.
    most: usize,
    most_in_doubt: usize,
    /// Most lanes of one inbox that wait here for such a place.
    most_waiting: usize,
}

struct Inbox {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Whether the last call got no answer.
    in_doubt: AtomicBool,
}

/// A call's place, until dropped.
pub(super) struct Place {
    inbox: Arc<Inbox>,
    _its: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Place {
    /// Tells whether the provider answered, whatever it said.
    pub(super) fn answered(&self, answered: bool) {
        self.inbox.in_doubt.store(!answered, Relaxed);
    }
}

impl Room {
    /// Room for so many calls, of deliveries of which so many are taken at once.
    pub(super) fn new(concurrency: usize, deliveries: usize) -> Self {
        let share = |of: usize| (concurrency.min(deliveries) / of).max(1);
        Self {
            all: Arc::new(Semaphore::new(concurrency)),
            inboxes: Mutex::default(),
            most: share(2),
            most_in_doubt: share(16),
            most_waiting: share(4),
        }
    }

    /// Waits for a place; none if so many of the inbox's lanes have or await one that this one is better off in line.
    pub(super) async fn enter(&self, inbox: Uuid) -> Option<Place> {
        let inbox = self.inbox(inbox);
        if !inbox.has_room(self) {
            return None;
        }
        inbox.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(&inbox.waiting);
        let its = inbox.places.clone().acquire_owned().await.ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        drop(waiting);
        Some(Place { inbox, _its: its, _of_all: of_all })
    }

    fn inbox(&self, id: Uuid) -> Arc<Inbox> {
        let fresh = || {
            Arc::new(Inbox {
                places: Arc::new(Semaphore::new(self.most)),
                waiting: AtomicUsize::new(0),
                in_doubt: AtomicBool::new(false),
            })
        };
        let Ok(mut inboxes) = self.inboxes.lock() else { return fresh() };
        if inboxes.len() > 10_000 {
            inboxes.retain(|_, inbox| Arc::strong_count(inbox) > 1);
        }
        inboxes.entry(id).or_insert_with(fresh).clone()
    }
}

impl Inbox {
    fn has_room(&self, room: &Room) -> bool {
        let free = self.places.available_permits();
        let under_way = room.most - free;
        let waiting = self.waiting.load(Relaxed);
        if self.in_doubt.load(Relaxed) {
            return under_way + waiting < room.most_in_doubt;
        }
        waiting < free + room.most_waiting
    }
}

/// Counts one that waits, until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What a lane gets at once; none while it waits.
    fn now(room: &Room, inbox: Uuid) -> Option<Option<Place>> {
        let mut entering = pin!(room.enter(inbox));
        match entering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    #[test]
    fn an_inbox_that_hangs_leaves_the_others_their_half_and_then_nearly_all() {
        let (room, hangs, other) = (Room::new(64, 256), Uuid::now_v7(), Uuid::now_v7());
        let mut places: Vec<Place> = (0..32).map(|_| now(&room, hangs).unwrap().unwrap()).collect();
        assert!(now(&room, hangs).is_none(), "the next one waits for one of its own");
        assert!(now(&room, other).unwrap().is_some());
        // Time-outs: from now on few are tried.
        places.pop().unwrap().answered(false);
        assert!(now(&room, hangs).unwrap().is_none(), "it is better off in line");
        places.truncate(3);
        let tried = now(&room, hangs).unwrap().unwrap();
        assert!(now(&room, hangs).unwrap().is_none());
        tried.answered(true);
        assert!(now(&room, hangs).unwrap().is_some());
    }

    #[tokio::test]
    async fn no_more_wait_for_an_inbox_than_others_leave_room_for() {
        let (room, inbox) = (Arc::new(Room::new(16, 256)), Uuid::now_v7());
        let mut places = Vec::new();
        for _ in 0..8 {
            places.push(room.enter(inbox).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(room.enter(inbox))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(room.enter(inbox).await.is_none());
        drop(places);
        for one in waiting {
            assert!(one.await.is_some());
        }
    }
}
