//! One compound RTCP packet in place (RFC 3711 section 3.4, RFC 7714 section 9).

use super::replay::IncomingIndex;
use super::{Protection, aead, counter_mode};
use crate::drops::Drop;
use crate::link::Gcm;

/// Bytes that stay in clear: the first packet's header and the sender.
const HEADER_BYTES: usize = 8;

/// Bytes of the E bit and the index.
const INDEX_BYTES: usize = 4;

/// Set where the packet is encrypted. Ours always are, and so must the peer's be: the profiles of DTLS-SRTP have no
/// other mode.
const ENCRYPTED: u32 = 1 << 31;

/// Senders of one peer whose indices are remembered. Peers count for each of their sources apart.
const SENDERS: usize = 16;

/// What is remembered of a peer's RTCP, by sender. When there are more senders, the one that was silent longest is
/// forgotten; a replay of that one's packets could pass, a live one never fails.
#[derive(Default)]
pub(super) struct IncomingRtcp {
    /// The latest first; a vacant place has the index [`IncomingIndex::NEW`].
    senders: [(u32, IncomingIndex); SENDERS],
}

impl IncomingRtcp {
    /// What is known of `ssrc`.
    fn get(&self, ssrc: u32) -> IncomingIndex {
        let known = self.senders.iter().find(|(sender, _)| *sender == ssrc);
        known.map_or(IncomingIndex::NEW, |(_, state)| *state)
    }

    /// Remembers `index` of `ssrc`, whose packet was authentic and new.
    fn accept(&mut self, ssrc: u32, index: u64) {
        let mut state = self.get(ssrc);
        state.accept(index);
        let place = self.senders.iter().position(|(sender, _)| *sender == ssrc).unwrap_or(SENDERS - 1);
        self.senders.copy_within(..place, 1);
        self.senders[0] = (ssrc, state);
    }
}

impl<G: Gcm> Protection<G> {
    /// See [`super::SrtpSession::seal_rtcp`].
    pub(super) fn seal_rtcp(&self, packet: &mut [u8], len: usize, index: u32) -> Result<usize, Drop> {
        if len > packet.len() {
            return Err(Drop::TooLong);
        }
        let (clear, room) = packet.split_at_mut(len);
        let ssrc = sender(clear).ok_or(Drop::Malformed)?;
        if index & ENCRYPTED != 0 {
            return Err(Drop::KeysExhausted);
        }
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::CounterMode(mode) => {
                let added = INDEX_BYTES + counter_mode::TAG_BYTES;
                let room = room.get_mut(..added).ok_or(Drop::TooLong)?;
                mode.apply(ssrc, index.into(), &mut clear[HEADER_BYTES..]);
                room[..INDEX_BYTES].copy_from_slice(&word);
                room[INDEX_BYTES..].copy_from_slice(&mode.tag(clear, &word));
                Ok(len + added)
            }
            Self::Aead(aead) => {
                let added = aead::TAG_BYTES + INDEX_BYTES;
                let room = room.get_mut(..added).ok_or(Drop::TooLong)?;
                let (header, body) = clear.split_at_mut(HEADER_BYTES);
                let tag = aead.seal(ssrc, index.into(), &authenticated(header, word), body);
                room[..aead::TAG_BYTES].copy_from_slice(&tag);
                room[aead::TAG_BYTES..].copy_from_slice(&word);
                Ok(len + added)
            }
        }
    }

    /// See [`super::SrtpSession::open_rtcp`].
    pub(super) fn open_rtcp(&self, packet: &mut [u8], state: &mut IncomingRtcp) -> Result<usize, Drop> {
        let (tag_bytes, word_from_end) = match self {
            Self::CounterMode(_) => (counter_mode::TAG_BYTES, counter_mode::TAG_BYTES + INDEX_BYTES),
            Self::Aead(_) => (aead::TAG_BYTES, INDEX_BYTES),
        };
        let len = packet.len().checked_sub(tag_bytes + INDEX_BYTES).ok_or(Drop::Malformed)?;
        let ssrc = sender(&packet[..len]).ok_or(Drop::Malformed)?;
        let at = packet.len() - word_from_end;
        let word: [u8; INDEX_BYTES] = *packet[at..].first_chunk().ok_or(Drop::Malformed)?;
        let number = u32::from_be_bytes(word);
        if number & ENCRYPTED == 0 {
            return Err(Drop::Malformed);
        }
        let index = u64::from(number & !ENCRYPTED);
        if !state.get(ssrc).is_new(index) {
            return Err(Drop::Replay);
        }
        match self {
            Self::CounterMode(mode) => {
                let (signed, tag) = packet.split_at_mut(len + INDEX_BYTES);
                if !mode.is_authentic(signed, &[], tag) {
                    return Err(Drop::BadTag);
                }
                mode.apply(ssrc, index, &mut signed[HEADER_BYTES..len]);
            }
            Self::Aead(aead) => {
                let (header, rest) = packet.split_at_mut(HEADER_BYTES);
                let body = &mut rest[..len - HEADER_BYTES + aead::TAG_BYTES];
                if !aead.open(ssrc, index, &authenticated(header, word), body) {
                    return Err(Drop::BadTag);
                }
            }
        }
        state.accept(ssrc, index);
        Ok(len)
    }
}

/// The sender of a compound packet that is long enough to have one.
fn sender(packet: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*packet.get(4..)?.first_chunk()?))
}

/// What GCM authenticates besides the body of an encrypted packet (RFC 7714 section 9.2).
fn authenticated(header: &[u8], word: [u8; INDEX_BYTES]) -> [u8; HEADER_BYTES + INDEX_BYTES] {
    let mut bytes = [0; HEADER_BYTES + INDEX_BYTES];
    bytes[..HEADER_BYTES].copy_from_slice(header);
    bytes[HEADER_BYTES..].copy_from_slice(&word);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_count_apart() {
        let mut state = IncomingRtcp::default();
        state.accept(7, 1);
        assert!(!state.get(7).is_new(1));
        assert!(state.get(8).is_new(1) && state.get(7).is_new(2));
    }

    #[test]
    fn the_sender_that_was_silent_longest_is_forgotten() {
        let mut state = IncomingRtcp::default();
        for ssrc in 1..=SENDERS as u32 {
            state.accept(ssrc, 9);
        }
        state.accept(1, 10);
        state.accept(99, 9);
        assert!(!state.get(1).is_new(9) && !state.get(99).is_new(9) && !state.get(3).is_new(9));
        assert!(state.get(2).is_new(9));
    }
}
