//! Messages on their way to one client: bounded, so that a client that does not read holds up nobody.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// The most bytes that wait for one client. A list of a big room and an offer of many m-lines fit several times.
pub const WAITING_BYTES: usize = 512 * 1024;

/// The most messages that wait for one client.
pub const WAITING_MESSAGES: usize = 1024;

/// Messages of one client, on one thread.
#[derive(Default)]
pub struct Outgoing {
    messages: RefCell<VecDeque<Box<str>>>,
    bytes: Cell<usize>,
    overflowed: Cell<bool>,
    /// Whether nothing comes any more.
    ended: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    watcher: RefCell<Option<Waker>>,
}

impl Outgoing {
    /// Puts a message at the end; false if too many wait, from then on for ever.
    pub fn push(&self, message: &str) -> bool {
        let mut messages = self.messages.borrow_mut();
        let fits = messages.len() < WAITING_MESSAGES && self.bytes.get() + message.len() <= WAITING_BYTES;
        if fits && !self.overflowed.get() {
            self.bytes.set(self.bytes.get() + message.len());
            messages.push_back(message.into());
        } else {
            self.overflowed.set(true);
            *messages = VecDeque::new();
        }
        self.wake();
        !self.overflowed.get()
    }

    /// Says that nothing comes any more; what waits can still be read.
    pub fn end(&self) {
        self.ended.set(true);
        self.wake();
    }

    /// Whether it has not been given up.
    pub fn is_open(&self) -> bool {
        !self.overflowed.get()
    }

    /// The next message, if there is one.
    pub fn try_next(&self) -> Option<Box<str>> {
        let mut messages = self.messages.borrow_mut();
        let message = messages.pop_front()?;
        self.bytes.set(self.bytes.get() - message.len());
        if messages.is_empty() {
            // A burst is over: an idle client costs nothing.
            *messages = VecDeque::new();
        }
        Some(message)
    }

    /// The next message; nothing once too many waited, or when the last was read. Dropping the future loses nothing.
    pub async fn next(&self) -> Option<Box<str>> {
        poll_fn(|context| match self.try_next() {
            Some(message) => Poll::Ready(Some(message)),
            None if self.is_over() => Poll::Ready(None),
            None => {
                *self.reader.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Waits until nothing comes any more, or too many messages wait. One may wait so beside a reader.
    pub async fn over(&self) {
        poll_fn(|context| match self.is_over() {
            true => Poll::Ready(()),
            false => {
                *self.watcher.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Waits until too many messages wait.
    pub async fn overflow(&self) {
        poll_fn(|context| match self.overflowed.get() {
            true => Poll::Ready(()),
            false => {
                *self.reader.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    fn is_over(&self) -> bool {
        self.overflowed.get() || self.ended.get()
    }

    fn wake(&self) {
        for waiting in [&self.reader, &self.watcher] {
            if let Some(waker) = waiting.borrow_mut().take() {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::future::{block_on, poll_once};

    #[test]
    fn messages_keep_their_order() {
        let outgoing = Outgoing::default();
        assert!(outgoing.push("a") && outgoing.push("b"));
        assert_eq!(block_on(outgoing.next()).as_deref(), Some("a"));
        assert_eq!(block_on(outgoing.next()).as_deref(), Some("b"));
        assert!(block_on(poll_once(outgoing.next())).is_none());
    }

    #[test]
    fn what_waits_at_the_end_is_still_read() {
        let outgoing = Outgoing::default();
        assert!(block_on(poll_once(outgoing.over())).is_none());
        assert!(outgoing.push("a"));
        outgoing.end();
        block_on(outgoing.over());
        assert_eq!(block_on(outgoing.next()).as_deref(), Some("a"));
        assert_eq!(block_on(outgoing.next()), None);
    }

    #[test]
    fn a_client_that_does_not_read_is_given_up_and_its_memory_too() {
        let outgoing = Outgoing::default();
        let message = "x".repeat(WAITING_BYTES / 4);
        assert_eq!((0..6).filter(|_| outgoing.push(&message)).count(), 4);
        assert_eq!(block_on(outgoing.next()), None);
        block_on(outgoing.overflow());
        assert!(!outgoing.push("a"), "for ever");
        let outgoing = Outgoing::default();
        assert_eq!((0..2 * WAITING_MESSAGES).filter(|_| outgoing.push("")).count(), WAITING_MESSAGES);
    }
}
