//! One RTP packet in place (RFC 3711 section 3.1, RFC 7714 section 8).

use super::replay::IncomingIndex;
use super::{Protection, aead};
use crate::drops::Drop;
use crate::link::Gcm;
use crate::wire::rtp;

impl<G: Gcm> Protection<G> {
    /// See [`super::SrtpSession::seal_rtp`].
    pub(super) fn seal_rtp(&self, packet: &mut [u8], len: usize, header_len: usize, index: u64) -> Result<usize, Drop> {
        if len > packet.len() {
            return Err(Drop::TooLong);
        }
        let (clear, room) = packet.split_at_mut(len);
        let ssrc = rtp::ssrc(clear).ok_or(Drop::Malformed)?;
        if header_len > len || header_len < rtp::HEADER_BYTES {
            return Err(Drop::Malformed);
        }
        if index >> 48 != 0 {
            return Err(Drop::KeysExhausted);
        }
        match self {
            Self::CounterMode(mode) => {
                let room = room.get_mut(..mode.tag_bytes).ok_or(Drop::TooLong)?;
                mode.apply(ssrc, index, &mut clear[header_len..]);
                room.copy_from_slice(&mode.tag(clear, &roll_over(index))[..mode.tag_bytes]);
                Ok(len + mode.tag_bytes)
            }
            Self::Aead(aead) => {
                let room = room.get_mut(..aead::TAG_BYTES).ok_or(Drop::TooLong)?;
                let (header, body) = clear.split_at_mut(header_len);
                room.copy_from_slice(&aead.seal(ssrc, index, header, body));
                Ok(len + aead::TAG_BYTES)
            }
        }
    }

    /// See [`super::SrtpSession::open_rtp`].
    pub(super) fn open_rtp(&self, packet: &mut [u8], state: &mut IncomingIndex) -> Result<(usize, u64), Drop> {
        let tag_bytes = match self {
            Self::CounterMode(mode) => mode.tag_bytes,
            Self::Aead(_) => aead::TAG_BYTES,
        };
        let len = packet.len().checked_sub(tag_bytes).ok_or(Drop::Malformed)?;
        // The tag is no part of the header: where one would reach into it, the packet is cut short.
        let view = rtp::View::protected(&packet[..len]).ok_or(Drop::Malformed)?;
        let (header_len, ssrc) = (view.header_len(), view.ssrc());
        let index = state.estimate(view.sequence());
        if !state.is_new(index) {
            return Err(Drop::Replay);
        }
        if index >> 48 != 0 {
            return Err(Drop::KeysExhausted);
        }
        match self {
            Self::CounterMode(mode) => {
                let (clear, tag) = packet.split_at_mut(len);
                if !mode.is_authentic(clear, &roll_over(index), tag) {
                    return Err(Drop::BadTag);
                }
                mode.apply(ssrc, index, &mut clear[header_len..]);
            }
            Self::Aead(aead) => {
                let (header, body) = packet.split_at_mut(header_len);
                if !aead.open(ssrc, index, header, body) {
                    return Err(Drop::BadTag);
                }
            }
        }
        state.accept(index);
        Ok((len, index))
    }
}

/// The roll-over count, which is authenticated and not sent.
fn roll_over(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}
