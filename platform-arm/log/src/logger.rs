//! What `defmt` calls for every line.
#![allow(unsafe_code, reason = "the trait of loggers is unsafe to implement")]

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::frame::{FRAME_BYTES, Frame};
use crate::limit::Limit;
use crate::output::Output;

/// The longest text of the platform, in bytes; longer ones are cut.
const TEXT_BYTES: usize = 512;

/// The longest encoded frame: every 7 bytes become at most 8, and a zero ends it.
const ENCODED_BYTES: usize = FRAME_BYTES + FRAME_BYTES / 7 + 8;

/// Since when times are counted.
static START: OnceLock<Instant> = OnceLock::new();

static SENDER: Mutex<Sender> = Mutex::new(Sender { output: None, limit: Limit::NEW });

/// Frames that were left out by the limit, were too long, or were not taken by the output.
static LOST: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static FRAME: RefCell<Frame> = const { RefCell::new(Frame::EMPTY) };
    /// Whether the frame's kind was limited already.
    static IS_ADMITTED: Cell<bool> = const { Cell::new(false) };
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something may soon not work.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
}

/// Sends frames to `output` from now on; before they are lost.
pub fn start(output: Output) {
    START.get_or_init(Instant::now);
    SENDER.lock().unwrap_or_else(PoisonError::into_inner).output = Some(output);
}

/// A line of the platform, which limits its kinds itself.
pub fn line(level: Level, kind: &str, text: &str) {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES)];
    IS_ADMITTED.set(true);
    match level {
        Level::Error => defmt::error!("{=str}: {=str}", kind, text),
        Level::Warn => defmt::warn!("{=str}: {=str}", kind, text),
        Level::Info => defmt::info!("{=str}: {=str}", kind, text),
        Level::Debug => defmt::debug!("{=str}: {=str}", kind, text),
    }
    IS_ADMITTED.set(false);
}

/// How many frames were lost or left out since the start.
pub fn lost() -> u32 {
    LOST.load(Ordering::Relaxed)
}

defmt::timestamp!("{=u64:us}", since_start_us());

fn since_start_us() -> u64 {
    START.get().map_or(0, |start| start.elapsed().as_micros() as u64)
}

/// Where frames of all threads meet.
struct Sender {
    output: Option<Output>,
    limit: Limit,
}

impl Sender {
    /// Sends a frame; false if it is lost.
    fn send(&mut self, frame: &Frame) -> bool {
        let (Some(output), Some(bytes), Some(kind)) = (&mut self.output, frame.whole(), frame.kind()) else {
            return false;
        };
        if !IS_ADMITTED.get() && !self.limit.admit(kind, since_start_us() / 1_000_000) {
            return false;
        }
        let mut encoded = Encoded { bytes: [0; ENCODED_BYTES], len: 0 };
        let mut encoder = defmt::Encoder::new();
        encoder.start_frame(|part| encoded.push(part));
        encoder.write(bytes, |part| encoded.push(part));
        encoder.end_frame(|part| encoded.push(part));
        output.write(&encoded.bytes[..encoded.len])
    }
}

struct Encoded {
    bytes: [u8; ENCODED_BYTES],
    len: usize,
}

impl Encoded {
    fn push(&mut self, part: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + part.len()) {
            place.copy_from_slice(part);
            self.len += part.len();
        }
    }
}

#[defmt::global_logger]
struct Frames;

// SAFETY: what is between acquire and release of one thread is in memory of that thread alone, so frames of threads do
// not mix; they meet behind a lock, at release, when they are whole.
unsafe impl defmt::Logger for Frames {
    fn acquire() {
        FRAME.with_borrow_mut(Frame::clear);
    }

    // SAFETY: nothing is kept back.
    unsafe fn flush() {}

    // SAFETY: touches this thread's frame only, and the sender behind its lock.
    unsafe fn release() {
        let sent = FRAME.with_borrow(|frame| SENDER.lock().unwrap_or_else(PoisonError::into_inner).send(frame));
        if !sent {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }

    // SAFETY: touches this thread's frame only.
    unsafe fn write(bytes: &[u8]) {
        FRAME.with_borrow_mut(|frame| frame.push(bytes));
    }
}
