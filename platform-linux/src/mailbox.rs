//! Values on their way from one task to another of the same thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A queue with one reader. It is as long as its writers make it: they bound themselves.
pub struct Mailbox<T> {
    items: RefCell<VecDeque<T>>,
    reader: RefCell<Option<Waker>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { items: RefCell::default(), reader: RefCell::default() }
    }
}

impl<T> Mailbox<T> {
    /// Puts `item` at the end.
    pub fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    /// The next item, if there is one.
    pub fn try_next(&self) -> Option<T> {
        self.items.borrow_mut().pop_front()
    }

    /// The next item. Dropping the future loses nothing.
    pub async fn next(&self) -> T {
        poll_fn(|context| match self.items.borrow_mut().pop_front() {
            Some(item) => Poll::Ready(item),
            None => {
                *self.reader.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
