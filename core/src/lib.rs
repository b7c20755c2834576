//! Parlor's core: a selective forwarding unit that decides and never touches a device.
//!
//! ```text
//!  datagram ─▶ media ─▶ link (demux, ICE, SRTP) ─▶ stream (facts, history, loss) ─▶ forward (fan-out)
//!                 ▲                                                                      │
//!        Command  │  Notice                                                              ▼
//!                 │                                                       link (queue, seal) ─▶ datagrams
//!  request ─▶ control ─▶ room, sdp ─▶ reply and events
//! ```
//!
//! The two halves meet only in [`media::Command`] and [`media::Notice`]. Time, randomness and memory are
//! arguments: the core has no clock, no socket, no thread, no heap and no lock.
//!
//! # What it is given
//!
//! - **Memory**: a [`limits::Limits`] says how big everything is. [`media::tables`] and [`control::memory()`] say how
//!   many entries each table then has; a platform lends them once ([`media::Memory`], [`control::Memory`]), from its
//!   heap or from statics (the types [`media_storage!`] and [`control_storage!`]). Nothing grows after that: a full
//!   table is a refusal that names it, a full queue a counted drop. [`limits::Limits::SMALL`] needs less than a
//!   megabyte.
//! - **Time**: every call takes `now`, a [`time::Instant`] of monotonic microseconds since the platform's own start. It
//!   must not go back. Wall clock is asked for once, for the times of events.
//! - **Randomness**: a [`random::Random`] for each half. ICE passwords and the names of sessions come from it: it must
//!   be a cryptographic one.
//! - **A cipher**: [`link::Gcm`], or [`link::NoGcm`] where there is none. AES-CM with HMAC-SHA1 is the core's own.
//!
//! # What its owner calls, and when
//!
//! - The media half is one [`media::Media`] for each shard. [`media::run()`] drives it over a [`media::Port`]. Who has
//!   no executor does the same in a loop: [`media::Media::command`] for each command, [`media::Media::send_dtls`] for
//!   what DTLS sends, [`media::Media::receive`] for each datagram, then [`media::Media::leave`], [`media::Media::tick`]
//!   and [`media::Media::notices`]; and sleeps until something comes, at most until [`media::Media::due`].
//! - The control half is one [`control::Control`]. It hears of a client by [`control::Control::opened`], of each
//!   message by [`control::Control::request`], of a lost client by [`control::Control::closed`], of a shard by
//!   [`control::Control::notice`], of DTLS by [`control::Control::handshake`], and of time by
//!   [`control::Control::tick`], which says when it wants to be called again. What it has to say comes by the
//!   [`control::Outlet`] of the call.
//! - DTLS is the platform's: it opens a handshake for [`link::HandshakeCommand`] and answers with
//!   [`link::HandshakeEvent`]; its datagrams pass through the media half, and only from addresses that ICE validated.
//!
//! `core/examples/room.rs` does all this in 150 lines, for a room in memory; it builds for a bare target too.
//!
//! # Log lines
//!
//! None by default. With the feature `log` those of the control half go to the crate `log`, with `defmt` they are
//! frames; the features exclude each other. The media half writes none: it has [`media::Notice`] and [`drops::Drops`].
//!
//! # Floors
//!
//! A file stands above all that it imports. From the top: `control`, `room`, `sdp`, `media`, `forward`,
//! `stream`, `link`, `wire`, `store`, then `limits`, `id`, `time`, `random`, `rate`,
//! `drops`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

#[macro_use]
mod line;

pub mod control;
pub mod drops;
pub mod forward;
pub mod id;
pub mod limits;
pub mod link;
pub mod media;
pub mod random;
pub mod rate;
pub mod room;
pub mod sdp;
pub mod store;
pub mod stream;
pub mod time;
pub mod wire;
