//! How long one forwarded packet takes in memory: received, kept, fanned out, rewritten, sealed, but not sent.

#[path = "../media/memory_room.rs"]
#[allow(dead_code)]
mod memory_room;

use std::net::SocketAddr;
use std::time::Instant;

use memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, TRANSPORT_ID};
use parlor_core::id::{RelayId, StreamId};
use parlor_core::limits::Limits;
use parlor_core::link::{MasterKey, SrtpProfile};
use parlor_core::media::{Command, LayerCeiling, RelayDestination, RelayKeys, RelayParameters};
use parlor_core::wire::rtcp::remb;
use parlor_core::wire::rtcp::transport_feedback::{self, Arrival};
use parlor_core::wire::{Codec, ExtensionMap, rtp};

/// What is done beside forwarding.
#[derive(Clone, Copy, PartialEq)]
enum With {
    /// Nothing.
    Nothing,
    /// VP8 has three temporal layers, of which two are sent: every other picture is left out.
    Layers,
    /// The way is known to carry enough: packets are paced, and it is shared ten times a second.
    Pacing,
    /// Each subscriber tells by transport-wide feedback what arrived, twenty times a second.
    Feedback,
    /// Packets are copied for a recording.
    Recorder,
    /// Packets are sent by RTP, too.
    Forwarder,
    /// The same, sealed for the receiver.
    SealedForwarder,
}

impl With {
    /// Where else packets go.
    fn destination(self) -> Option<RelayDestination> {
        let remote = SocketAddr::from(([127, 0, 0, 1], 4000));
        let master = MasterKey { key: [5; 16], salt: [6; 14] };
        let to = |keys| RelayDestination::Address { remote, rtcp: None, keys };
        match self {
            Self::Nothing | Self::Layers | Self::Pacing | Self::Feedback => None,
            Self::Recorder => Some(RelayDestination::File),
            Self::Forwarder => Some(to(None)),
            Self::SealedForwarder => Some(to(Some(RelayKeys { master, has_short_tags: false }))),
        }
    }
}

fn main() {
    println!("forward: ns per output packet, 1100-byte payload, median of {ROUNDS} rounds");
    for subscribers in [1, 10, 50, 200] {
        for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
            println!(
                "  {profile:?}, {subscribers:>3} subscribers: {:>5.0}",
                measure(subscribers, profile, With::Nothing)
            );
        }
    }
    println!("the same, AeadAes128Gcm, 50 subscribers, with");
    let rows = [
        ("nothing more", With::Nothing),
        ("temporal layers left out", With::Layers),
        ("pacing", With::Pacing),
        ("feedback and an estimate", With::Feedback),
    ];
    for (name, with) in rows {
        println!("  {name:<26}{:>5.0}", measure(50, SrtpProfile::AeadAes128Gcm, with));
    }
    println!("ns per packet of a publisher to one subscriber, AeadAes128Gcm, with");
    let rows = [
        ("nothing more", With::Nothing),
        ("a recorder", With::Recorder),
        ("an RTP forwarder", With::Forwarder),
        ("a forwarder with SRTP", With::SealedForwarder),
    ];
    for (name, with) in rows {
        println!("  {name:<26}{:>5.0}", measure(1, SrtpProfile::AeadAes128Gcm, with));
    }
}

fn measure(subscribers: u32, profile: SrtpProfile, with: With) -> f64 {
    let mut room = MemoryRoom::new(Limits { subscribers: 256, ..Limits::DEFAULT }, profile);
    let publisher = room.connect();
    let stream = room.publish(publisher, Codec::Vp8, 100);
    if let Some(destination) = with.destination() {
        room.media.command(room.now, relay(stream, destination));
    }
    let mut listeners = Vec::new();
    for number in 0..subscribers {
        let subscriber = room.connect();
        let ssrc = 5000 + number * 10;
        let subscription = room.subscribe(subscriber, stream, ssrc, true);
        if with == With::Layers {
            let layers = LayerCeiling { temporal: 1, ..LayerCeiling::NONE };
            room.media.command(room.now, Command::SetLayers { subscription, layers });
        }
        listeners.push(Listener { peer: subscriber, ssrc, next: 0, reports: 0 });
    }
    room.pass(1);
    room.forget();
    let mut index = 1000;
    send(&mut room, publisher, with, index);
    room.pass(1);
    room.collect(|peer, opened| {
        let Opened::Rtp(view, _) = opened else { return };
        let number = view.element(TRANSPORT_ID).and_then(|data| data.first_chunk()).copied().map(u16::from_be_bytes);
        let listener = listeners.iter_mut().find(|listener| listener.peer == peer);
        if let Some((listener, number)) = listener.zip(number) {
            listener.next = number;
        }
    });
    room.outbox.keeps = false;
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let packets = 20_000 / u64::from(subscribers);
            let sent_before = room.media.counters.sent_packets;
            let begin = Instant::now();
            for packet in 0..packets {
                if packet % 5_000 == 0 {
                    room.consent();
                }
                index += 1;
                send(&mut room, publisher, with, index);
                room.pass(1);
                if packet % 50 == 0 {
                    listeners.iter_mut().for_each(|listener| listener.tell(&mut room, with));
                }
            }
            let elapsed = begin.elapsed().as_nanos() as f64;
            elapsed / (room.media.counters.sent_packets - sent_before) as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn relay(stream: StreamId, destination: RelayDestination) -> Command {
    Command::AddRelay(RelayParameters {
        relay: RelayId::new(0, 0),
        stream,
        layer: None,
        destination,
        ssrc: 1,
        payload_type: PAYLOAD_TYPE,
        extensions: ExtensionMap::EMPTY,
        is_cascade: false,
    })
}

fn send(room: &mut MemoryRoom, publisher: usize, with: With, index: u64) {
    let mut payload = [0x10; 1100];
    if with == With::Layers {
        // Pictures of one packet: T0, T2, T1, T2, each higher one in need of the base layer only.
        let layer = [0_u8, 2, 1, 2][index as usize % 4];
        let base = (index / 4) as u8;
        let [high, low] = (0x8000 | index as u16).to_be_bytes();
        payload[..7].copy_from_slice(&[0x90, 0xe0, high, low, base, layer << 6 | 0x20, 1]);
    }
    let timestamp = index as u32 * 90;
    let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, timestamp, ..rtp::Header::default() };
    room.send(publisher, header, index, &payload);
}

/// The far end of a subscriber's link.
struct Listener {
    peer: usize,
    ssrc: u32,
    /// The transport-wide number that was not reported yet.
    next: u16,
    reports: u8,
}

impl Listener {
    fn tell(&mut self, room: &mut MemoryRoom, with: With) {
        match with {
            With::Nothing | With::Layers | With::Recorder | With::Forwarder | With::SealedForwarder => {}
            With::Pacing => {
                room.send_rtcp(self.peer, |buffer| remb::write(buffer, 1, 50_000_000, &[self.ssrc]));
            }
            With::Feedback => {
                let now_us = room.now.us;
                // One packet a millisecond left, and took 5 ms.
                let first = self.next;
                self.next = first.wrapping_add(50);
                let arrivals: [Arrival; 50] = std::array::from_fn(|step| Arrival {
                    sequence: first.wrapping_add(step as u16),
                    arrival_us: now_us - 45_000 + step as u64 * 1000,
                });
                self.reports = self.reports.wrapping_add(1);
                room.send_rtcp(self.peer, |buffer| {
                    Some(transport_feedback::write(buffer, 1, self.ssrc, self.reports, &arrivals)?.len)
                });
            }
        }
    }
}

const ROUNDS: usize = 15;
