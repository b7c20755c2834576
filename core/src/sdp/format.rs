//! Payload formats: `a=rtpmap` and `a=fmtp` (RFC 8866 sections 6.6 and 6.15).

use heapless::String;

use crate::wire::Codec;

/// The value of an `a=fmtp` without its payload type.
pub type FormatParameters = String<128>;

/// What a description says about one payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format<'a> {
    /// The payload type.
    pub payload_type: u8,
    /// What it is.
    pub encoding: Encoding,
    /// The value of its `a=fmtp`; empty if there is none.
    pub parameters: &'a str,
}

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A format that Parlor forwards.
    Media(Codec),
    /// Retransmissions (RFC 4588).
    Rtx,
    /// Redundant audio (RFC 2198) of Opus.
    Red,
}

impl<'a> Format<'a> {
    /// `rtpmap` is the part after the payload type. Without it the static payload types count (RFC 3551 section 6).
    pub(super) fn new(payload_type: u8, rtpmap: Option<&str>, parameters: &'a str) -> Option<Self> {
        let encoding = match rtpmap {
            Some(rtpmap) => encoding(rtpmap)?,
            None => Encoding::Media(match payload_type {
                0 => Codec::Pcmu,
                8 => Codec::Pcma,
                9 => Codec::G722,
                _ => return None,
            }),
        };
        Some(Self { payload_type, encoding, parameters })
    }

    /// The format that Parlor forwards, unless it is for retransmissions.
    pub fn codec(&self) -> Option<Codec> {
        match self.encoding {
            Encoding::Media(codec) => Some(codec),
            Encoding::Rtx | Encoding::Red => None,
        }
    }

    /// One of its parameters.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        parameter(self.parameters, name)
    }

    /// Whether it is redundant audio of nothing but `payload_type`, whose parameters are `111/111`.
    pub fn is_redundant_of(&self, payload_type: u8) -> bool {
        self.encoding == Encoding::Red
            && self.parameters.split('/').all(|number| number.trim().parse() == Ok(payload_type))
    }

    /// Whether it carries retransmissions of `payload_type`.
    pub fn repairs(&self, payload_type: u8) -> bool {
        self.encoding == Encoding::Rtx
            && self.parameter("apt").and_then(|number| number.parse().ok()) == Some(payload_type)
    }
}

/// How redundant audio of Opus is called (RFC 2198 section 5).
pub(super) const RED_RTPMAP: &str = "red/48000/2";

/// The value of `name` in `name=value;name=value`.
pub(super) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The parameters that decide what a decoder must understand, as far as they fit; the others (parameter sets, start
/// bitrates) are between the sender and itself.
pub(super) fn significant(codec: Codec, parameters: &str) -> FormatParameters {
    let mut text = FormatParameters::new();
    let names: &[&str] = match codec {
        Codec::H264 => &["level-asymmetry-allowed", "packetization-mode", "profile-level-id"],
        Codec::H265 => &["level-id", "profile-id", "tier-flag", "tx-mode"],
        Codec::Vp9 => &["profile-id"],
        Codec::MultiOpus => &["channel_mapping", "coupled_streams", "num_streams", "useinbandfec"],
        Codec::Av1 => &["level-idx", "profile", "tier"],
        _ => &[],
    };
    for name in names {
        if let Some(value) = parameter(parameters, name) {
            push_parameter(&mut text, name, value);
        }
    }
    text
}

/// Appends `name=value`, or nothing if it does not fit.
pub(super) fn push_parameter(text: &mut FormatParameters, name: &str, value: &str) {
    let separator = if text.is_empty() { "" } else { ";" };
    if text.len() + separator.len() + name.len() + 1 + value.len() <= text.capacity() {
        for part in [separator, name, "=", value] {
            // It was just seen to fit.
            let _ = text.push_str(part);
        }
    }
}

/// The `rtpmap` of a codec, without the payload type.
pub(super) const fn rtpmap(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus/48000/2",
        Codec::MultiOpus => "multiopus/48000/6",
        Codec::Pcma => "PCMA/8000",
        Codec::Pcmu => "PCMU/8000",
        Codec::G722 => "G722/8000",
        Codec::Vp8 => "VP8/90000",
        Codec::Vp9 => "VP9/90000",
        Codec::H264 => "H264/90000",
        Codec::H265 => "H265/90000",
        Codec::Av1 => "AV1/90000",
    }
}

/// Reads `opus/48000/2`. Names are compared without case; G.711 and G.722 may say one channel.
fn encoding(text: &str) -> Option<Encoding> {
    const CODECS: [Codec; 10] = [
        Codec::Opus,
        Codec::MultiOpus,
        Codec::Pcma,
        Codec::Pcmu,
        Codec::G722,
        Codec::Vp8,
        Codec::Vp9,
        Codec::H264,
        Codec::H265,
        Codec::Av1,
    ];
    if text.eq_ignore_ascii_case("rtx/90000") {
        return Some(Encoding::Rtx);
    }
    if text.eq_ignore_ascii_case(RED_RTPMAP) {
        return Some(Encoding::Red);
    }
    let text = text.strip_suffix("/1").unwrap_or(text);
    CODECS.into_iter().find(|codec| rtpmap(*codec).eq_ignore_ascii_case(text)).map(Encoding::Media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_name_or_its_number() {
        let codec = |payload_type, rtpmap| Format::new(payload_type, rtpmap, "").and_then(|format| format.codec());
        assert_eq!(codec(0, None), Some(Codec::Pcmu));
        assert_eq!(codec(9, None), Some(Codec::G722));
        assert_eq!(codec(96, None), None);
        assert_eq!(codec(0, Some("PCMA/8000/1")), Some(Codec::Pcma));
        assert_eq!(codec(96, Some("vp8/90000")), Some(Codec::Vp8));
        assert_eq!(codec(111, Some("opus/48000")), None);
        assert_eq!(codec(97, Some("rtx/90000")), None);
    }

    #[test]
    fn redundant_audio_is_of_one_format() {
        let is_redundant = |parameters| {
            let format = Format::new(63, Some("red/48000/2"), parameters).unwrap();
            format.codec().is_none() && format.is_redundant_of(111)
        };
        assert!(is_redundant("111/111") && is_redundant("111/111/111") && is_redundant("111"));
        assert!(!is_redundant("111/110") && !is_redundant("") && !is_redundant("110/110"));
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let text = "minptime=10; useinbandfec=1;profile=0";
        assert_eq!(parameter(text, "useinbandfec"), Some("1"));
        assert_eq!(parameter(text, "profile-id"), None);
        assert_eq!(parameter("", "x"), None);
    }

    #[test]
    fn only_what_a_decoder_must_know_is_kept() {
        let text = "packetization-mode=1;sprop-parameter-sets=AAAA,BB;profile-level-id=42e01f";
        assert_eq!(significant(Codec::H264, text), "packetization-mode=1;profile-level-id=42e01f");
        assert_eq!(significant(Codec::Vp8, "max-fr=30"), "");
        let long = std::format!("profile-id={}", "9".repeat(200));
        assert_eq!(significant(Codec::Vp9, &long), "");
    }
}
