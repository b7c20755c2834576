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
