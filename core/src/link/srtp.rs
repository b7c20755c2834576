//! Protection of RTP and RTCP in place (RFC 3711, RFC 7714), keys expanded once, no allocation.
//!
//! The index of outgoing RTP is the caller's, because it is the caller's sequence number; that of incoming RTP is an
//! [`IncomingIndex`] beside each source. The indices of RTCP are kept here.

mod aead;
mod counter_mode;
mod key_derivation;
mod replay;
mod rtcp;
mod rtp;

#[cfg(test)]
mod tests;

pub use replay::{IncomingIndex, WINDOW_PACKETS};

use aead::Aead;
use counter_mode::CounterMode;
use key_derivation::Protocol;
use rtcp::IncomingRtcp;

use super::{Gcm, MasterKey, SrtpKeys, SrtpProfile};
use crate::drops::Drop;

/// The most bytes that protection adds to an RTP packet.
pub const RTP_OVERHEAD_BYTES: usize = 16;

/// The most bytes that protection adds to an RTCP packet: a tag, the E bit and the index.
pub const RTCP_OVERHEAD_BYTES: usize = 20;

/// Both directions of a link's protection.
pub struct SrtpSession<G> {
    outgoing: Direction<G>,
    incoming: Direction<G>,
    /// The index of the next outgoing RTCP packet. One count serves all our sources.
    next_rtcp: u32,
    incoming_rtcp: IncomingRtcp,
}

/// What protects one direction.
struct Direction<G> {
    rtp: Protection<G>,
    rtcp: Protection<G>,
}

/// One protocol's keys of one direction.
#[expect(clippy::large_enum_variant, reason = "a table of links has the size of its largest anyway")]
enum Protection<G> {
    CounterMode(CounterMode),
    Aead(Aead<G>),
}

impl<G: Gcm> SrtpSession<G> {
    /// Expands `keys`.
    pub fn new(keys: &SrtpKeys) -> Self {
        Self {
            outgoing: Direction::new(keys.profile, &keys.local),
            incoming: Direction::new(keys.profile, &keys.remote),
            next_rtcp: 0,
            incoming_rtcp: IncomingRtcp::default(),
        }
    }

    /// The same with RTP tags of 32 bits in counter mode (RFC 4568 section 6.2); those of RTCP keep their 80.
    pub fn with_short_tags(mut self) -> Self {
        for direction in [&mut self.outgoing, &mut self.incoming] {
            if let Protection::CounterMode(mode) = &mut direction.rtp {
                mode.tag_bytes = counter_mode::SHORT_TAG_BYTES;
            }
        }
        self
    }

    /// Protects the RTP packet of `len` bytes at the start of `packet` and returns its new length. `header_len`
    /// counts all before the payload. `index` is the roll-over count and the sequence number, 48 bits (RFC 3711
    /// section 3.3.1).
    ///
    /// Under GCM one index of a source must never protect two different packets: the nonce would be used twice.
    ///
    /// Fails with [`Drop::TooLong`] if `packet` has no room for the tag, [`Drop::Malformed`] if the lengths
    /// contradict each other, [`Drop::KeysExhausted`] if the index has more than 48 bits.
    pub fn seal_rtp(&self, packet: &mut [u8], len: usize, header_len: usize, index: u64) -> Result<usize, Drop> {
        self.outgoing.rtp.seal_rtp(packet, len, header_len, index)
    }

    /// Opens a protected RTP packet and returns its length in clear and its index. `state` is that of its source and
    /// changes only if the packet is authentic. A packet that fails must not be used after.
    pub fn open_rtp(&self, packet: &mut [u8], state: &mut IncomingIndex) -> Result<(usize, u64), Drop> {
        self.incoming.rtp.open_rtp(packet, state)
    }

    /// Protects the RTCP packet of `len` bytes at the start of `packet` and returns its new length.
    ///
    /// Fails as [`Self::seal_rtp`] does; the index has 31 bits (RFC 3711 section 3.4).
    pub fn seal_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, Drop> {
        let sealed = self.outgoing.rtcp.seal_rtcp(packet, len, self.next_rtcp)?;
        self.next_rtcp += 1;
        Ok(sealed)
    }

    /// Opens a protected RTCP packet and returns its length in clear. A packet that fails must not be used after.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Drop> {
        self.incoming.rtcp.open_rtcp(packet, &mut self.incoming_rtcp)
    }
}

impl<G: Gcm> Direction<G> {
    fn new(profile: SrtpProfile, master: &MasterKey) -> Self {
        Self {
            rtp: Protection::new(profile, master, Protocol::Rtp),
            rtcp: Protection::new(profile, master, Protocol::Rtcp),
        }
    }
}

impl<G: Gcm> Protection<G> {
    fn new(profile: SrtpProfile, master: &MasterKey, protocol: Protocol) -> Self {
        match profile {
            SrtpProfile::Aes128CmSha1_80 => Self::CounterMode(CounterMode::new(master, protocol)),
            SrtpProfile::AeadAes128Gcm => Self::Aead(Aead::new(master, protocol)),
        }
    }
}
