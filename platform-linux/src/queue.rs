//! Fixed queues between a media thread and the control thread: one writer, one reader, and a bell that is rung only for
//! a reader that may sleep.
//!
//! A reader that finds nothing says that it will sleep, looks once more, and sleeps; a writer puts its item in and
//! then looks whether the reader said so. Both orders are fenced, so one of the two always sees the other.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Context, Poll, ready};

use async_io::Async;
use heapless::spsc::{Consumer, Producer, Queue};
use polling::Poller;
use rustix::event::{EventfdFlags, eventfd};

/// Commands that wait for a shard.
pub const COMMANDS: usize = 256;

/// Notices that wait for the control half.
pub const NOTICES: usize = 1024;

/// DTLS datagrams that wait, each way.
pub const DTLS_DATAGRAMS: usize = 128;

/// Copies of packets that wait to be written or heard.
pub const COPIES: usize = 256;

/// Copies of packets that wait to be recorded, a shard: about a second of what a meeting sends.
pub const RECORDED: usize = 1024;

/// The writing end.
pub struct Sender<T: 'static> {
    items: Producer<'static, T>,
    bell: Arc<Bell>,
}

impl<T> Sender<T> {
    /// Puts `item` in and wakes the reader, or gives it back if the queue is full. Never blocks or allocates.
    pub fn try_send(&mut self, item: T) -> Result<(), T> {
        self.items.enqueue(item)?;
        self.bell.ring();
        Ok(())
    }

    /// How many items find a place now.
    pub fn vacancies(&self) -> usize {
        self.items.capacity() - self.items.len()
    }
}

/// The reading end of a media thread, which sleeps elsewhere: in its poller.
pub(crate) struct Inbox<T: 'static> {
    items: Consumer<'static, T>,
}

impl<T> Inbox<T> {
    /// The next item, if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<T> {
        self.items.dequeue()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        !self.items.ready()
    }
}

/// The reading end of the control thread.
pub struct Receiver<T: 'static> {
    items: Consumer<'static, T>,
    bell: Arc<Bell>,
    event: Async<OwnedFd>,
}

impl<T> Receiver<T> {
    /// The next item, if there is one.
    pub fn try_recv(&mut self) -> Option<T> {
        self.items.dequeue()
    }

    /// The next item. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> T {
        loop {
            if let Some(item) = self.items.dequeue() {
                return item;
            }
            self.ready().await;
        }
    }

    /// Waits until there is an item. Dropping the future loses nothing.
    pub async fn ready(&mut self) {
        poll_fn(|context| self.poll_ready(context)).await;
    }

    /// Is ready when there is an item.
    pub(crate) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.bell.sleep();
            if self.items.ready() {
                self.bell.wake();
                return Poll::Ready(());
            }
            // A reactor that fails leaves nothing to wait for; the next round looks again.
            let _ = ready!(self.event.poll_readable(context));
            let _ = rustix::io::read(self.event.get_ref(), &mut [0; size_of::<u64>()]);
        }
    }
}

/// Wakes a sleeping reader.
pub(crate) struct Bell {
    sleeping: AtomicBool,
    kind: BellKind,
}

enum BellKind {
    Poller(Arc<Poller>),
    Event(OwnedFd),
}

impl Bell {
    /// A bell for a reader that sleeps in `poller`.
    pub(crate) fn poller(poller: Arc<Poller>) -> Arc<Self> {
        Arc::new(Self { sleeping: AtomicBool::new(false), kind: BellKind::Poller(poller) })
    }

    /// Says that the reader will sleep; it must look at its queues once more before it does.
    pub(crate) fn sleep(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Says that the reader is awake.
    pub(crate) fn wake(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    /// Wakes the reader if it may sleep.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.sleeping.swap(false, Ordering::Relaxed) {
            // Neither can fail in a way that leaves the reader asleep: a full eventfd counter is readable.
            match &self.kind {
                BellKind::Poller(poller) => drop(poller.notify()),
                BellKind::Event(event) => drop(rustix::io::write(event, &1_u64.to_ne_bytes())),
            }
        }
    }
}

/// A queue towards a media thread that sleeps in the poller of `bell`. Its memory is never given back: a shard lives as
/// long as the process.
pub(crate) fn to_media<T, const N: usize>(bell: &Arc<Bell>) -> (Sender<T>, Inbox<T>) {
    let (producer, consumer) = leaked::<T, N>();
    (Sender { items: producer, bell: Arc::clone(bell) }, Inbox { items: consumer })
}

/// A queue towards the control thread.
pub(crate) fn to_control<T, const N: usize>() -> io::Result<(Sender<T>, Receiver<T>)> {
    let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
    let bell = Arc::new(Bell { sleeping: AtomicBool::new(false), kind: BellKind::Event(event.try_clone()?) });
    let (producer, consumer) = leaked::<T, N>();
    let receiver = Receiver { items: consumer, bell: Arc::clone(&bell), event: Async::new(event)? };
    Ok((Sender { items: producer, bell }, receiver))
}

/// Bytes of a queue of `N` items.
pub(crate) const fn memory_bytes<T, const N: usize>() -> usize {
    size_of::<Queue<T, N>>()
}

fn leaked<T, const N: usize>() -> (Producer<'static, T>, Consumer<'static, T>) {
    Box::leak(Box::new(Queue::<T, N>::new())).split()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_passes_in_order_however_the_two_sides_sleep() {
        let (mut sender, mut receiver) = to_control::<u32, 8>().unwrap();
        let writer = std::thread::spawn(move || {
            for number in 0..20_000 {
                let mut item = number;
                while let Err(back) = sender.try_send(item) {
                    item = back;
                    std::thread::yield_now();
                }
            }
        });
        for number in 0..20_000 {
            assert_eq!(smol::block_on(receiver.recv()), number);
        }
        writer.join().unwrap();
    }

    #[test]
    fn a_full_queue_gives_the_item_back() {
        let (mut sender, mut receiver) = to_control::<u32, 4>().unwrap();
        assert_eq!((0..4).map(|number| sender.try_send(number)).filter(Result::is_ok).count(), 3);
        assert_eq!(receiver.try_recv(), Some(0));
        assert_eq!(sender.try_send(4), Ok(()));
    }
}
