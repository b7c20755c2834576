//! Events that wait for one management system, bounded: a new one takes the place of the oldest.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use parlor_core::control::EventCounts;

/// The most events that wait.
const EVENTS: usize = 2000;

/// The most bytes that wait.
const BYTES: usize = 1 << 20;

/// Events, each with its topic, the oldest first.
pub(super) type Batch = Vec<(u16, Box<str>)>;

/// Events of one system, the oldest first, each with its topic.
#[derive(Default)]
pub(super) struct Queue {
    events: RefCell<VecDeque<(u16, Box<str>)>>,
    bytes: Cell<usize>,
    dropped: Cell<u64>,
    lost: Cell<u64>,
    is_busy: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl Queue {
    /// Appends an event; the oldest ones go if there is no room.
    pub(super) fn push(&self, topic: u16, text: &str) {
        let mut events = self.events.borrow_mut();
        while !events.is_empty() && (events.len() >= EVENTS || self.bytes.get() + text.len() > BYTES) {
            let oldest = events.pop_front().map_or(0, |(_, text)| text.len());
            self.bytes.set(self.bytes.get() - oldest);
            self.dropped.set(self.dropped.get() + 1);
            self.count_lost(1);
        }
        self.bytes.set(self.bytes.get() + text.len());
        events.push_back((topic, text.into()));
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    /// The oldest events, at least one and `most` at most. They count as under way until the next call.
    pub(super) async fn next(&self, most: usize) -> Batch {
        self.is_busy.set(false);
        poll_fn(|context| {
            let mut events = self.events.borrow_mut();
            if events.is_empty() {
                *self.reader.borrow_mut() = Some(context.waker().clone());
                return Poll::Pending;
            }
            let count = events.len().min(most.max(1));
            let taken: Vec<_> = events.drain(..count).collect();
            let bytes: usize = taken.iter().map(|(_, text)| text.len()).sum();
            self.bytes.set(self.bytes.get() - bytes);
            self.is_busy.set(true);
            Poll::Ready(taken)
        })
        .await
    }

    /// Counts events that the system will never hear of.
    pub(super) fn count_lost(&self, count: u64) {
        self.lost.set(self.lost.get() + count);
    }

    /// How many wait, and how many the system will never hear of.
    pub(super) fn counts(&self) -> EventCounts {
        EventCounts { waiting: self.events.borrow().len() as u64, lost: self.lost.get() }
    }

    /// How many were dropped since the last call.
    pub(super) fn take_dropped(&self) -> u64 {
        self.dropped.replace(0)
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_busy.get() && self.events.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_gives_way_and_is_counted() {
        let queue = Queue::default();
        for number in 0..EVENTS + 5 {
            queue.push(1, &number.to_string());
        }
        assert_eq!(queue.take_dropped(), 5);
        assert_eq!(queue.counts(), EventCounts { waiting: EVENTS as u64, lost: 5 });
        assert_eq!(&*smol::block_on(queue.next(1))[0].1, "5");
        let large = "x".repeat(BYTES - 10);
        queue.push(1, &large);
        queue.push(1, "this one is too much");
        assert_eq!(smol::block_on(queue.next(10)).len(), 1);
        assert_eq!(queue.bytes.get(), 0);
        assert!(!queue.is_idle());
    }
}
