//! The codecs that Parlor forwards.

/// Sound or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// A payload format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// Opus with more than two channels, as libwebrtc names it.
    MultiOpus,
    /// G.711 A-law, RFC 3551 section 4.5.14.
    Pcma,
    /// G.711 mu-law, RFC 3551 section 4.5.14.
    Pcmu,
    /// RFC 3551 section 4.5.2.
    G722,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// RFC 7798.
    H265,
    /// The AV1 RTP payload specification of the Alliance for Open Media.
    Av1,
}

impl Codec {
    /// Whether it carries sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Opus | Self::MultiOpus | Self::Pcma | Self::Pcmu | Self::G722 => Kind::Audio,
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::H265 | Self::Av1 => Kind::Video,
        }
    }

    /// Ticks of the RTP timestamp in a second (G.722 says 8000, RFC 3551 section 4.5.2).
    pub const fn clock_rate_hz(self) -> u32 {
        match self {
            Self::Opus | Self::MultiOpus => 48_000,
            Self::Pcma | Self::Pcmu | Self::G722 => 8_000,
            _ => 90_000,
        }
    }
}
