//! What it costs to protect and to open one RTP packet, ours beside `webrtc-srtp` in the same run.
//!
//! `cargo bench -p parlor-tests --bench protect`

use std::hint::black_box;
use std::time::Instant;

use parlor_core::link::{IncomingIndex, MasterKey, SrtpKeys, SrtpProfile, SrtpSession};
use parlor_linux::cpu::preferred_srtp_profile;
use parlor_linux::crypto::RingGcm;
use webrtc_srtp::context::Context;
use webrtc_srtp::option::srtp_no_replay_protection;
use webrtc_srtp::protection_profile::ProtectionProfile;

/// Rounds of each way, in turn, so that both see the same disturbances; the median counts.
const ROUNDS: usize = 41;
const PACKETS_PER_ROUND: u64 = 2_000;
const HEADER_BYTES: usize = 12;
const SSRC: u32 = 0x5501_a0b2;

fn main() {
    println!("preferred here: {:?}", preferred_srtp_profile());
    println!("{:<18} {:>6} {:>6} {:>8} {:>12} {:>6}", "profile", "bytes", "", "ns", "webrtc-srtp", "ratio");
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        for payload_bytes in [160, 1200] {
            let mut bench = Bench::new(profile, payload_bytes);
            for (name, ours, theirs) in [bench.seal(), bench.open()] {
                println!(
                    "{:<18} {payload_bytes:>6} {name:>6} {ours:>8.0} {theirs:>12.0} {:>6.1}",
                    format!("{profile:?}"),
                    theirs / ours
                );
            }
        }
    }
    println!("SrtpSession: {} bytes", size_of::<SrtpSession<RingGcm>>());
}

struct Bench {
    profile: SrtpProfile,
    session: SrtpSession<RingGcm>,
    clear: Vec<u8>,
    next: u64,
}

impl Bench {
    fn new(profile: SrtpProfile, payload_bytes: usize) -> Self {
        let mut clear = vec![0x80, 96, 0, 0, 1, 2, 3, 4];
        clear.extend(SSRC.to_be_bytes());
        clear.extend((0..payload_bytes).map(|at| at as u8));
        let session = SrtpSession::new(&SrtpKeys { profile, local: KEY, remote: KEY });
        Self { profile, session, clear, next: 1 }
    }

    /// Nanoseconds to protect: ours, theirs.
    fn seal(&mut self) -> (&'static str, f64, f64) {
        let mut context = context(self.profile);
        // Who opens must see the first round of sequence numbers.
        self.next = 1;
        let mut room = self.clear.clone();
        room.resize(self.clear.len() + 16, 0);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let indices = self.take();
            ours.push(time(|| {
                for index in indices.clone() {
                    // The copy into a transmit slot belongs to the way of a packet; theirs copies as well.
                    room[..self.clear.len()].copy_from_slice(&self.clear);
                    room[2..4].copy_from_slice(&(index as u16).to_be_bytes());
                    let len = self.session.seal_rtp(&mut room, self.clear.len(), HEADER_BYTES, index);
                    black_box((&room, len.unwrap()));
                }
            }));
            theirs.push(time(|| {
                for index in indices.clone() {
                    self.clear[2..4].copy_from_slice(&(index as u16).to_be_bytes());
                    black_box(context.encrypt_rtp(&self.clear).unwrap());
                }
            }));
        }
        ("seal", median(ours), median(theirs))
    }

    /// Nanoseconds to open: ours, theirs.
    fn open(&mut self) -> (&'static str, f64, f64) {
        let mut context = context(self.profile);
        // Who opens must see the first round of sequence numbers.
        self.next = 1;
        let mut state = IncomingIndex::default();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let sealed: Vec<_> = self.take().map(|index| self.sealed(index)).collect();
            theirs.push(time(|| {
                for packet in &sealed {
                    black_box(context.decrypt_rtp(packet).unwrap());
                }
            }));
            let mut packets = sealed;
            ours.push(time(|| {
                for packet in &mut packets {
                    black_box(self.session.open_rtp(packet, &mut state).unwrap());
                }
            }));
        }
        ("open", median(ours), median(theirs))
    }

    /// The indices of one round.
    fn take(&mut self) -> std::ops::Range<u64> {
        self.next += PACKETS_PER_ROUND;
        self.next - PACKETS_PER_ROUND..self.next
    }

    fn sealed(&self, index: u64) -> Vec<u8> {
        let mut packet = self.clear.clone();
        packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        packet.resize(self.clear.len() + self.profile.tag_bytes(), 0);
        self.session.seal_rtp(&mut packet, self.clear.len(), HEADER_BYTES, index).unwrap();
        packet
    }
}

const KEY: MasterKey = MasterKey { key: [1; 16], salt: [2; 14] };

fn context(profile: SrtpProfile) -> Context {
    let name = match profile {
        SrtpProfile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
    };
    let salt = &KEY.salt[..profile.salt_bytes()];
    Context::new(&KEY.key, salt, name, Some(srtp_no_replay_protection()), None).unwrap()
}

/// Nanoseconds a packet of one round.
fn time(round: impl FnOnce()) -> f64 {
    let start = Instant::now();
    round();
    start.elapsed().as_nanos() as f64 / PACKETS_PER_ROUND as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
