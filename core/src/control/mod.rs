//! Janus' words: sessions, handles, requests, replies, events. Janus' vocabulary lives here and nowhere else.

pub mod error;
pub mod memory;
pub mod settings;

use crate::id::ConnectionId;
use crate::link::{HandshakeCommand, HandshakeEvent};
use crate::media::{Command, Notice};
use crate::random::Random;
use crate::room::RoomSettings;
use crate::time::Instant;

pub use error::Refusal;
pub use memory::{Lender, Memory, memory};
pub use settings::Settings;

/// Where the control half's words go. Nothing is read back from it.
pub trait Outlet {
    /// Sends one JSON message to a client.
    fn text(&mut self, connection: ConnectionId, message: &[u8]);

    /// Tells a shard.
    fn command(&mut self, shard: u8, command: Command);

    /// Tells the task that owns DTLS.
    fn handshake(&mut self, command: HandshakeCommand);
}

/// The control half: one owner, no clock, no socket, no heap.
pub struct Control<'m, R: Random> {
    #[expect(dead_code)]
    memory: Memory<'m>,
    #[expect(dead_code)]
    settings: Settings,
    #[expect(dead_code)]
    random: R,
}

impl<'m, R: Random> Control<'m, R> {
    /// A control half in `memory`, without rooms.
    pub fn new(memory: Memory<'m>, settings: Settings, random: R) -> Self {
        Self { memory, settings, random }
    }

    /// Adds a room of the configuration.
    pub fn add_room(&mut self, _room: RoomSettings) -> Result<(), Refusal> {
        Ok(())
    }

    /// A client connected.
    pub fn opened(&mut self, _now: Instant, _connection: ConnectionId) {}

    /// One JSON message of a client.
    pub fn request(&mut self, _now: Instant, _connection: ConnectionId, _text: &[u8], _out: &mut impl Outlet) {}

    /// A client is gone.
    pub fn closed(&mut self, _now: Instant, _connection: ConnectionId, _out: &mut impl Outlet) {}

    /// A shard's notice.
    pub fn notice(&mut self, _now: Instant, _shard: u8, _notice: Notice, _out: &mut impl Outlet) {}

    /// News from DTLS.
    pub fn handshake(&mut self, _now: Instant, _event: HandshakeEvent, _out: &mut impl Outlet) {}

    /// Does what is due (session timeouts) and says when to call again at the latest.
    pub fn tick(&mut self, now: Instant, _out: &mut impl Outlet) -> Instant {
        now.after_ms(1000)
    }
}
