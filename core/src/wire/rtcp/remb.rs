//! The bitrate that a receiver bears.

use super::{PAYLOAD_FEEDBACK, u32_at, write as write_packet};
use crate::wire::bytes::{u8_at, u24_at};

/// A receiver's estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender_ssrc: u32,
    /// The bound for all the sources together.
    pub bitrate_bps: u64,
    sources: &'a [u8],
}

/// Writes a bound for `sources`; of `bitrate_bps` the 18 highest bits count. Returns the length; `None` if `buffer`
/// is too short or the sources are more than 255.
pub fn write(buffer: &mut [u8], sender_ssrc: u32, bitrate_bps: u64, sources: &[u32]) -> Option<usize> {
    let bits = u64::BITS - bitrate_bps.leading_zeros();
    let exponent = bits.saturating_sub(MANTISSA_BITS);
    let mantissa = (bitrate_bps >> exponent) as u32;
    write_packet(buffer, PAYLOAD_FEEDBACK, FORMAT, |writer| {
        writer.u32(sender_ssrc)?;
        writer.u32(0)?;
        writer.bytes(NAME)?;
        writer.u8(u8::try_from(sources.len()).ok()?)?;
        writer.u24(exponent << MANTISSA_BITS | mantissa)?;
        sources.iter().try_for_each(|ssrc| writer.u32(*ssrc))
    })
}

impl<'a> Remb<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        if body.get(8..12)? != NAME {
            return None;
        }
        let sources = body.get(16..)?.get(..4 * usize::from(u8_at(body, 12)?))?;
        let rate = u24_at(body, 13)?;
        let (exponent, mantissa) = (rate >> MANTISSA_BITS, u128::from(rate & 0x3_ffff));
        let bitrate_bps = u64::try_from(mantissa << exponent).unwrap_or(u64::MAX);
        Some(Self { sender_ssrc: u32_at(body, 0)?, bitrate_bps, sources })
    }

    /// The sources that the bound is for.
    pub fn sources(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.sources.chunks_exact(4).filter_map(|source| u32_at(source, 0))
    }
}

pub(super) const FORMAT: u8 = 15;

const NAME: &[u8] = b"REMB";
const MANTISSA_BITS: u32 = 18;
