//! Copies of packets on their way from a media thread to the thread that writes: a bounded queue, and which recordings
//! lost a packet because it was full.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use parlor_core::id::RelayId;
use parlor_core::link::CopiedPacket;

use crate::queue::{self, Receiver, Sender};

/// A copy.
pub(crate) struct Recorded {
    pub(super) at: Instant,
    pub(super) relay: RelayId,
    pub(super) packet: CopiedPacket,
}

/// A media thread's end. It never waits.
pub(crate) struct RecordingTap {
    sender: Sender<Recorded>,
    overflows: Overflows,
}

/// The end of the thread that writes.
pub struct RecordedPackets {
    pub(super) receiver: Receiver<Recorded>,
    overflows: Overflows,
}

/// For each relay's place: the generation whose recording lost a packet, plus 1; 0 if none did.
#[derive(Clone)]
pub(super) struct Overflows(Arc<[AtomicU32]>);

/// The two ends of one shard, which has so many relays.
pub(crate) fn tap(relays: u16) -> io::Result<(RecordingTap, RecordedPackets)> {
    let (sender, receiver) = queue::to_control::<_, { queue::RECORDED }>()?;
    let overflows = Overflows((0..relays).map(|_| AtomicU32::new(0)).collect());
    let tap = RecordingTap { sender, overflows: overflows.clone() };
    Ok((tap, RecordedPackets { receiver, overflows }))
}

/// Bytes of a shard's queue.
pub(crate) const fn memory_bytes() -> usize {
    queue::memory_bytes::<Recorded, { queue::RECORDED }>()
}

impl RecordingTap {
    /// Hands a copy on. A recording that lost one gets no more: it ends there.
    pub(crate) fn push(&mut self, relay: RelayId, packet: CopiedPacket) {
        if self.overflows.has(relay) {
            return;
        }
        if self.sender.try_send(Recorded { at: Instant::now(), relay, packet }).is_err() {
            self.overflows.note(relay);
        }
    }
}

impl RecordedPackets {
    /// How many relays there can be.
    pub(super) fn relays(&self) -> usize {
        self.overflows.0.len()
    }

    pub(super) fn overflows(&self) -> Overflows {
        self.overflows.clone()
    }
}

impl Overflows {
    /// Whether the recording of `relay` lost a packet.
    pub(super) fn has(&self, relay: RelayId) -> bool {
        self.place(relay).is_some_and(|place| place.load(Ordering::Relaxed) == u32::from(relay.generation) + 1)
    }

    /// A recording of `relay` begins.
    pub(super) fn forget(&self, relay: RelayId) {
        if let Some(place) = self.place(relay) {
            place.store(0, Ordering::Relaxed);
        }
    }

    fn note(&self, relay: RelayId) {
        if let Some(place) = self.place(relay) {
            place.store(u32::from(relay.generation) + 1, Ordering::Relaxed);
        }
    }

    fn place(&self, relay: RelayId) -> Option<&AtomicU32> {
        self.0.get(usize::from(relay.index))
    }
}
