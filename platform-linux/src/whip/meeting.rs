//! Where two offers meet. A player offers what it takes, and Parlor offers to a subscriber what there is: each is
//! answered with what the other has, in the player's payload types and extension ids.
//!
//! ```text
//! player ── its offer ──▶ │         │ ◀── Parlor's offer ── control half
//! player ◀── for_player ─ │ Meeting │ ─── for_parlor ────▶ control half
//! ```

use std::fmt::Write;

use hyper::StatusCode;
use parlor_core::sdp::{Description, Format, MediaKind, Section, section_mid, uri};
use parlor_core::stream::Feedback;
use parlor_core::wire::{Codec, Extension};

use super::problem::Problem;

/// The greatest id of a header extension with a one-byte header (RFC 8285 section 4.2).
const EXTENSION_IDS: std::ops::RangeInclusive<u8> = 1..=14;

/// The protocol of sound and pictures (RFC 5764 section 8).
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// Two offers and which m-lines of them belong together.
pub(super) struct Meeting<'a> {
    player: Description<'a>,
    parlor: Description<'a>,
    pairs: Vec<Pair<'a>>,
}

/// An m-line of the player's that takes one of Parlor's.
struct Pair<'a> {
    player_index: usize,
    parlor_index: usize,
    player: Section<'a>,
    parlor: Section<'a>,
    /// What Parlor says about the format.
    parameters: &'a str,
    /// The player's payload types of the format, of its retransmissions and of redundant audio.
    payload_type: u8,
    rtx: Option<u8>,
    red: Option<u8>,
    feedback: Feedback,
    /// With the player's ids.
    extensions: Vec<(u8, Extension)>,
}

impl<'a> Meeting<'a> {
    /// Brings both offers together.
    pub(super) fn of(player: &'a str, parlor: &'a str) -> Result<Self, Problem> {
        let read = |text| {
            let invalid = |why| Problem::new(StatusCode::BAD_REQUEST, format!("Invalid SDP ({why})"));
            Description::parse(text).map_err(invalid)
        };
        let (player, parlor) = (read(player)?, read(parlor)?);
        let mut pairs: Vec<Pair<'_>> = Vec::new();
        for (parlor_index, ours) in parlor.sections().enumerate() {
            let is_free = |index| pairs.iter().all(|pair| pair.player_index != index);
            let mut free = player.sections().enumerate().filter(|(index, _)| is_free(*index));
            let pair = free.find_map(|theirs| Pair::of(theirs, (parlor_index, ours)));
            pairs.extend(pair);
        }
        match pairs.is_empty() {
            true => Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "The player takes nothing of what is published")),
            false => Ok(Self { player, parlor, pairs }),
        }
    }

    /// The answer to the player's offer.
    pub(super) fn for_player(&self) -> String {
        let mut out = String::new();
        let mids = self.player.sections().enumerate().filter(|(index, _)| self.pair_of_player(*index).is_some());
        let mids: Vec<_> = mids.filter_map(|(_, section)| section.mid()).collect();
        let setup = if self.is_player_passive() { "active" } else { "passive" };
        write_session(&mut out, &mids);
        out.push_str("a=ice-lite\r\na=msid-semantic: WMS *\r\n");
        for (index, section) in self.player.sections().enumerate() {
            let mid = section.mid().unwrap_or_default();
            let Some(pair) = self.pair_of_player(index) else {
                write_rejected(&mut out, &section, mid);
                continue;
            };
            pair.write_head(&mut out, (mid, "sendonly", setup));
            write_transport(&mut out, &self.parlor, &pair.parlor);
            pair.write_formats(&mut out);
            pair.write_sources(&mut out);
        }
        out
    }

    /// The answer to Parlor's offer.
    pub(super) fn for_parlor(&self) -> String {
        let mut out = String::new();
        let mids: Vec<_> = self.pairs.iter().map(|pair| section_mid(pair.parlor_index)).collect();
        let setup = if self.is_player_passive() { "passive" } else { "active" };
        write_session(&mut out, &mids.iter().map(|mid| mid.as_str()).collect::<Vec<_>>());
        for (index, section) in self.parlor.sections().enumerate() {
            let mid = section_mid(index);
            let Some(pair) = self.pairs.iter().find(|pair| pair.parlor_index == index) else {
                write_rejected(&mut out, &section, &mid);
                continue;
            };
            pair.write_head(&mut out, (&mid, "recvonly", setup));
            write_transport(&mut out, &self.player, &pair.player);
            pair.write_formats(&mut out);
        }
        out
    }

    fn pair_of_player(&self, index: usize) -> Option<&Pair<'a>> {
        self.pairs.iter().find(|pair| pair.player_index == index)
    }

    /// Whether the player insists on being the DTLS server.
    fn is_player_passive(&self) -> bool {
        self.pairs.iter().any(|pair| attribute(&self.player, &pair.player, "setup") == Some("passive"))
    }
}

impl<'a> Pair<'a> {
    /// Both together, if the player takes what Parlor sends.
    fn of((player_index, player): (usize, Section<'a>), (parlor_index, parlor): (usize, Section<'a>)) -> Option<Self> {
        let is_media = matches!(player.kind, MediaKind::Audio | MediaKind::Video);
        if !is_media || player.kind != parlor.kind || player.is_rejected() || !player.direction().receives() {
            return None;
        }
        // Parlor offers one format an m-line, and what belongs to it.
        let ours = parlor.formats().find(|format| format.codec().is_some())?;
        let codec = ours.codec()?;
        let theirs = player.formats().find(|theirs| is_decoded_by(codec, &ours, theirs))?;
        let payload_type = theirs.payload_type;
        let number = |found: Option<Format<'_>>| found.map(|format| format.payload_type);
        let repairs = |section: &Section<'a>, main: u8| number(section.formats().find(|it| it.repairs(main)));
        let repeats = |section: &Section<'a>, main: u8| number(section.formats().find(|it| it.is_redundant_of(main)));
        // A mid says nothing where both call the m-line differently.
        let is_same_mid = player.mid() == Some(section_mid(parlor_index).as_str());
        let is_offered = |extension| parlor.extensions().any(|(_, _, offered)| offered == extension);
        let extensions = player.extensions().filter(|(id, direction, extension)| {
            let is_meant = is_same_mid || *extension != Extension::Mid;
            is_meant && direction.receives() && EXTENSION_IDS.contains(id) && is_offered(*extension)
        });
        Some(Self {
            player_index,
            parlor_index,
            player,
            parlor,
            parameters: ours.parameters,
            payload_type,
            rtx: repairs(&player, payload_type).filter(|_| repairs(&parlor, ours.payload_type).is_some()),
            red: repeats(&player, payload_type).filter(|_| repeats(&parlor, ours.payload_type).is_some()),
            feedback: Feedback::common(player.feedback(payload_type), parlor.feedback(ours.payload_type)),
            extensions: extensions.map(|(id, _, extension)| (id, extension)).collect(),
        })
    }

    fn write_head(&self, out: &mut String, (mid, direction, setup): (&str, &str, &str)) {
        let kind = if self.player.kind == MediaKind::Audio { "audio" } else { "video" };
        let numbers = [Some(self.payload_type), self.rtx, self.red].into_iter().flatten();
        let numbers: String = numbers.map(|number| format!(" {number}")).collect();
        line(out, format_args!("m={kind} 9 {PROTOCOL}{numbers}\r\nc=IN IP4 0.0.0.0\r\na={direction}"));
        if !mid.is_empty() {
            line(out, format_args!("a=mid:{mid}"));
        }
        line(out, format_args!("a=setup:{setup}"));
        out.push_str("a=rtcp-mux\r\n");
        if self.player.attribute("rtcp-rsize").is_some() {
            out.push_str("a=rtcp-rsize\r\n");
        }
    }

    /// What the payload types and the extension ids mean.
    fn write_formats(&self, out: &mut String) {
        let Self { payload_type, feedback, .. } = self;
        // Parlor wrote it for a number of its own.
        let rtpmaps = || self.parlor.values("rtpmap").filter_map(|value| value.split_once(' ')).map(|(_, name)| name);
        let of_codec = rtpmaps().find(|name| !name.starts_with("rtx/") && !name.starts_with("red/"));
        if let Some(name) = of_codec {
            line(out, format_args!("a=rtpmap:{payload_type} {name}"));
        }
        if !self.parameters.is_empty() {
            line(out, format_args!("a=fmtp:{payload_type} {}", self.parameters));
        }
        for (is_agreed, name) in [
            (feedback.fir, "ccm fir"),
            (feedback.nack, "nack"),
            (feedback.pli, "nack pli"),
            (feedback.remb, "goog-remb"),
            (feedback.transport_cc, "transport-cc"),
        ] {
            if is_agreed {
                line(out, format_args!("a=rtcp-fb:{payload_type} {name}"));
            }
        }
        for (id, extension) in &self.extensions {
            line(out, format_args!("a=extmap:{id} {}", uri(*extension)));
        }
        if let Some(rtx) = self.rtx {
            line(out, format_args!("a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}"));
        }
        if let Some(red) = self.red {
            line(out, format_args!("a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} {payload_type}/{payload_type}"));
        }
    }

    /// The sources that Parlor chose; without retransmissions the second one says nothing.
    fn write_sources(&self, out: &mut String) {
        let repair = self.parlor.ssrc_groups("FID").next().and_then(|mut group| group.nth(1));
        let is_meant = |value: &str| {
            let ssrc = value.split_whitespace().next().and_then(|number| number.parse().ok());
            self.rtx.is_some() || ssrc.is_none() || ssrc != repair
        };
        for value in self.parlor.values("msid") {
            line(out, format_args!("a=msid:{value}"));
        }
        for value in self.parlor.values("ssrc-group").filter(|_| self.rtx.is_some()) {
            line(out, format_args!("a=ssrc-group:{value}"));
        }
        for value in self.parlor.values("ssrc").filter(|value| is_meant(value)) {
            line(out, format_args!("a=ssrc:{value}"));
        }
    }
}

/// Whether a decoder of `theirs` understands what comes as `ours`.
fn is_decoded_by(codec: Codec, ours: &Format<'_>, theirs: &Format<'_>) -> bool {
    let is_same = |name, usual: &str| {
        let value = |format: &Format<'_>| format.parameter(name).unwrap_or(usual).to_ascii_lowercase();
        value(ours) == value(theirs)
    };
    let profile = |format: &Format<'_>| {
        // Baseline where nothing is said (RFC 6184 section 8.1); the level is a matter of how much, not of what.
        format.parameter("profile-level-id").unwrap_or("420010").get(..2).map(str::to_ascii_lowercase)
    };
    theirs.codec() == Some(codec)
        && match codec {
            Codec::H264 => is_same("packetization-mode", "0") && profile(ours) == profile(theirs),
            Codec::Vp9 => is_same("profile-id", "0"),
            Codec::Av1 => is_same("profile", "0"),
            Codec::H265 => is_same("profile-id", "1"),
            _ => true,
        }
}

/// What an m-line says, or all of them together.
fn attribute<'a>(description: &Description<'a>, section: &Section<'a>, name: &str) -> Option<&'a str> {
    section.attribute(name).or_else(|| description.attribute(name))
}

fn write_session(out: &mut String, mids: &[&str]) {
    out.push_str("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    if !mids.is_empty() {
        line(out, format_args!("a=group:BUNDLE {}", mids.join(" ")));
    }
}

/// How `section`'s side is reached, and its certificate.
fn write_transport(out: &mut String, description: &Description<'_>, section: &Section<'_>) {
    for name in ["ice-ufrag", "ice-pwd"] {
        if let Some(value) = attribute(description, section, name) {
            line(out, format_args!("a={name}:{value}"));
        }
    }
    let of_session = description.attributes().filter(|attribute| attribute.name == "fingerprint");
    for value in section.values("fingerprint").chain(of_session.map(|attribute| attribute.value)) {
        line(out, format_args!("a=fingerprint:{value}"));
    }
    for value in section.values("candidate") {
        line(out, format_args!("a=candidate:{value}"));
    }
    out.push_str("a=end-of-candidates\r\n");
}

fn write_rejected(out: &mut String, section: &Section<'_>, mid: &str) {
    let (kind, format) = match section.kind {
        MediaKind::Audio => ("audio", "0"),
        MediaKind::Video => ("video", "0"),
        MediaKind::Application => ("application", "webrtc-datachannel"),
        MediaKind::Other => ("text", "0"),
    };
    line(out, format_args!("m={kind} 0 {} {format}\r\nc=IN IP4 0.0.0.0\r\na=inactive", section.protocol));
    if !mid.is_empty() {
        line(out, format_args!("a=mid:{mid}"));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Strings take everything.
    let _ = out.write_fmt(text);
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use parlor_core::sdp::Encoding;

    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

    const PARLOR: &str = "a=group:BUNDLE 0 1\r\na=ice-lite\r\na=fingerprint:sha-256 PP\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\na=mid:0\r\na=ice-ufrag:pu\r\na=ice-pwd:pp\r\n\
        a=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtcp-fb:111 transport-cc\r\n\
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
        a=msid:s s0\r\na=ssrc:5 cname:s\r\na=candidate:1 1 udp 9 192.0.2.1 7000 typ host\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\na=mid:1\r\na=ice-ufrag:pu\r\na=ice-pwd:pp\r\n\
        a=setup:actpass\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
        a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc-group:FID 6 7\r\na=ssrc:6 cname:s\r\na=ssrc:7 cname:s\r\n";

    /// Pictures first, in other numbers, and without retransmissions where `rtx` is empty.
    fn player(rtx: &str) -> String {
        format!(
            "{HEAD}a=fingerprint:sha-256 CC\r\na=ice-ufrag:cu\r\na=ice-pwd:cp\r\na=setup:actpass\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 120 121 122\r\na=recvonly\r\na=mid:v\r\na=rtpmap:120 H264/90000\r\n\
             a=rtpmap:121 VP8/90000\r\na=rtcp-fb:121 nack pli\r\n{rtx}\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 100\r\na=recvonly\r\na=mid:a\r\na=rtpmap:100 opus/48000/2\r\n\
             a=extmap:9 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        )
    }

    fn sections(text: &str) -> Vec<&str> {
        text.split("m=").skip(1).collect()
    }

    #[test]
    fn each_is_answered_in_its_own_order_and_the_players_numbers() {
        let (player, parlor) = (player("a=rtpmap:122 rtx/90000\r\na=fmtp:122 apt=121\r\n"), format!("{HEAD}{PARLOR}"));
        let meeting = Meeting::of(&player, &parlor).unwrap();
        let (to_player, to_parlor) = (meeting.for_player(), meeting.for_parlor());
        assert!(to_player.contains("a=group:BUNDLE v a\r\n"), "{to_player}");
        let [video, data, audio] = sections(&to_player)[..] else { panic!("{to_player}") };
        assert!(video.starts_with("video 9 UDP/TLS/RTP/SAVPF 121 122\r\n"), "{video}");
        for line in [
            "a=sendonly",
            "a=mid:v",
            "a=setup:passive",
            "a=ice-ufrag:pu",
            "a=fingerprint:sha-256 PP",
            "a=ssrc:7 cname:s",
        ] {
            assert!(video.contains(line), "{line}: {video}");
        }
        assert!(video.contains("a=rtcp-fb:121 nack pli\r\n") && !video.contains("a=rtcp-fb:121 nack\r\n"), "{video}");
        assert!(data.starts_with("application 0 "), "{data}");
        assert!(audio.contains("a=fmtp:100 useinbandfec=1\r\n") && audio.contains("a=extmap:9 "), "{audio}");
        assert!(!audio.contains("sdes:mid"), "both call the m-line differently: {audio}");
        assert!(audio.contains("a=candidate:1 1 udp 9 192.0.2.1 7000 typ host\r\n"), "{audio}");
        let [audio, video] = sections(&to_parlor)[..] else { panic!("{to_parlor}") };
        assert!(audio.starts_with("audio 9 UDP/TLS/RTP/SAVPF 100\r\n") && audio.contains("a=mid:0\r\n"), "{audio}");
        for line in [
            "a=recvonly",
            "a=mid:1",
            "a=setup:active",
            "a=ice-ufrag:cu",
            "a=fingerprint:sha-256 CC",
            "a=rtpmap:122 rtx",
        ] {
            assert!(video.contains(line), "{line}: {video}");
        }
    }

    #[test]
    fn without_retransmissions_their_source_is_not_told() {
        let (player, parlor) = (player(""), format!("{HEAD}{PARLOR}"));
        let answer = Meeting::of(&player, &parlor).unwrap().for_player();
        assert!(answer.contains("a=ssrc:6 ") && !answer.contains("a=ssrc:7 ") && !answer.contains("FID"), "{answer}");
    }

    #[test]
    fn a_player_that_insists_on_being_the_server_is_let() {
        let (player, parlor) = (player("").replace("actpass", "passive"), format!("{HEAD}{PARLOR}"));
        let meeting = Meeting::of(&player, &parlor).unwrap();
        assert!(meeting.for_player().contains("a=setup:active") && meeting.for_parlor().contains("a=setup:passive"));
    }

    #[test]
    fn a_player_that_takes_nothing_is_refused() {
        let parlor = format!("{HEAD}{PARLOR}");
        for player in
            [player("").replace("recvonly", "sendonly"), player("").replace("opus", "speex").replace("VP8", "VP9")]
        {
            let refused = Meeting::of(&player, &parlor).err().map(|problem| problem.status);
            assert_eq!(refused, Some(StatusCode::NOT_ACCEPTABLE));
        }
        assert_eq!(Meeting::of("hello", &parlor).err().map(|it| it.status), Some(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn a_decoder_takes_its_own_profile() {
        let format = |parameters| Format { payload_type: 96, encoding: Encoding::Media(Codec::H264), parameters };
        let ours = format("packetization-mode=1;profile-level-id=42e01f");
        for (parameters, expected) in [
            ("profile-level-id=42001f;packetization-mode=1", true),
            ("profile-level-id=42e01f", false),
            ("profile-level-id=640c1f;packetization-mode=1", false),
        ] {
            assert_eq!(is_decoded_by(Codec::H264, &ours, &format(parameters)), expected, "{parameters}");
        }
    }
}
