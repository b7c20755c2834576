//! Janus' words: sessions, handles, requests, replies, events. Janus' vocabulary lives here and nowhere else.
//!
//! ```text
//! text ─▶ json (proved view) ─▶ envelope (session, handle) ─▶ videoroom (which request, which part)
//!           ─▶ rooms, people, join, publish, watch, subscribe (decode whole, then act) ─▶ post (reply, events)
//! notice, handshake ─▶ peer ─▶ post, commands
//! ```

mod changes;
mod envelope;
pub mod error;
mod forward;
mod forwarder_info;
mod handle;
mod info;
mod join;
mod jsep;
mod json;
mod media_info;
pub mod memory;
mod offers;
mod origin;
mod parameter;
mod peer;
mod people;
mod post;
mod publish;
mod reply;
mod rooms;
mod select;
mod session;
pub mod settings;
mod shard;
mod state;
mod subscribe;
mod turn;
mod videoroom;
mod watch;

#[cfg(test)]
mod tests;

use crate::id::ConnectionId;
use crate::link::{HandshakeCommand, HandshakeEvent};
use crate::media::{Command, Notice};
use crate::random::Random;
use crate::room::RoomSettings;
use crate::store::Table;
use crate::time::Instant;

pub use error::Refusal;
use error::{core_error, refuse};
pub use memory::{Lender, Memory, memory};
pub use origin::{Origin, Transport};
pub use settings::Settings;

use post::Post;
use shard::Shard;
use state::State;
use turn::Turn;

/// Where the control half's words go. Nothing is read back from it.
pub trait Outlet {
    /// Sends one JSON message to a client.
    fn text(&mut self, connection: ConnectionId, message: &[u8]);

    /// Tells a shard.
    fn command(&mut self, shard: u8, command: Command);

    /// Tells the task that owns DTLS.
    fn handshake(&mut self, command: HandshakeCommand);

    /// A session began, or was claimed: its events go to this connection.
    fn session_began(&mut self, _connection: ConnectionId, _session: u64) {}

    /// A session ended, or was claimed by another: its events go to this connection no more.
    fn session_ended(&mut self, _connection: ConnectionId, _session: u64) {}
}

/// The longest that [`Control::tick`] lets wait, in milliseconds.
const TICK_MS: u64 = 1000;

/// The control half: one owner, no clock, no socket, no heap.
pub struct Control<'m, R: Random> {
    settings: Settings,
    random: R,
    state: State<'m>,
    message: &'m mut [u8],
    remote: &'m mut [u8],
    local: &'m mut [u8],
}

impl<'m, R: Random> Control<'m, R> {
    /// A control half in `memory`, without rooms.
    pub fn new(memory: Memory<'m>, settings: Settings, random: R) -> Self {
        let state = State {
            sessions: Table::new(memory.sessions),
            handles: Table::new(memory.handles),
            rooms: Table::new(memory.rooms),
            shards: memory.shards.into_iter().map(Shard::new).collect(),
        };
        Self { settings, random, state, message: memory.message, remote: memory.remote, local: memory.local }
    }

    /// Adds a room of the configuration.
    pub fn add_room(&mut self, room: RoomSettings) -> Result<(), Refusal> {
        let mut nobody = Nobody;
        let (mut turn, _) = self.turn(Instant::default(), &mut nobody);
        turn.add_room(room).map(|_| ())
    }

    /// A client connected.
    pub fn opened(&mut self, _now: Instant, _connection: ConnectionId) {}

    /// One JSON message of a client.
    pub fn request(&mut self, now: Instant, origin: impl Into<Origin>, text: &[u8], out: &mut impl Outlet) {
        let (mut turn, remote) = self.turn(now, out);
        turn.request(origin.into(), text, remote);
    }

    /// A client asks for the events of the session that a path's segment names, which is a sign of life (the long poll
    /// of Janus' HTTP transport). Its number, if there is one.
    pub fn poll(&mut self, now: Instant, segment: &str) -> Result<u64, Refusal> {
        let number = origin::number(segment);
        let session = self.state.session(number).and_then(|session| self.state.sessions.get_mut(session));
        let missing = || refuse!(core_error::NO_SESSION, "session_id", "No such session {number}");
        session.ok_or_else(missing)?.heard = now;
        Ok(number)
    }

    /// A client is gone: its sessions end, or wait to be claimed where the settings say so.
    pub fn closed(&mut self, now: Instant, connection: ConnectionId, out: &mut impl Outlet) {
        for (_, session) in self.state.sessions.iter_mut() {
            if session.connection == Some(connection) {
                session.connection = None;
                session.heard = now;
            }
        }
        self.end_sessions(now, out);
    }

    /// A shard's notice.
    pub fn notice(&mut self, now: Instant, shard: u8, notice: Notice, out: &mut impl Outlet) {
        self.turn(now, out).0.notice(shard, notice);
    }

    /// News from DTLS.
    pub fn handshake(&mut self, now: Instant, event: HandshakeEvent, out: &mut impl Outlet) {
        self.turn(now, out).0.handshake(event);
    }

    /// Does what is due (session timeouts) and says when to call again at the latest.
    pub fn tick(&mut self, now: Instant, out: &mut impl Outlet) -> Instant {
        self.end_sessions(now, out);
        now.after_ms(TICK_MS)
    }

    /// Ends the sessions whose time is over.
    fn end_sessions(&mut self, now: Instant, out: &mut impl Outlet) {
        let (timeout_s, reclaim_s) = (self.settings.session_timeout_s, self.settings.reclaim_session_timeout_s);
        let (mut turn, _) = self.turn(now, out);
        for index in 0..turn.state.sessions.capacity() as u16 {
            let session = turn.state.sessions.at(index);
            let is_due =
                session.and_then(|session| session.deadline(timeout_s, reclaim_s)).is_some_and(|due| due <= now);
            if let Some(id) = turn.state.sessions.id_at(index).filter(|_| is_due) {
                turn.post.notify_session(turn.state, id.into(), "timeout");
                turn.destroy_session(id.into());
            }
        }
    }

    fn turn<'t, O: Outlet>(&'t mut self, now: Instant, out: &'t mut O) -> (Turn<'t, 'm, R, O>, &'t mut [u8]) {
        let turn = Turn {
            now,
            settings: &self.settings,
            state: &mut self.state,
            random: &mut self.random,
            post: Post { buffer: self.message, out },
            local: self.local,
        };
        (turn, self.remote)
    }
}

/// An outlet of what nobody hears.
struct Nobody;

impl Outlet for Nobody {
    fn text(&mut self, _: ConnectionId, _: &[u8]) {}

    fn command(&mut self, _: u8, _: Command) {}

    fn handshake(&mut self, _: HandshakeCommand) {}
}
