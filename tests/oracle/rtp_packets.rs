//! Headers with their extension, and the values of extensions.

use bytes::Bytes;
use parlor_core::wire::extension;
use parlor_core::wire::rtp as ours;
use proptest::collection::vec;
use proptest::prelude::*;
use rtp::extension::{
    abs_send_time_extension::AbsSendTimeExtension, audio_level_extension::AudioLevelExtension,
    playout_delay_extension::PlayoutDelayExtension, transport_cc_extension::TransportCcExtension,
};
use webrtc_util::marshal::{Marshal, Unmarshal};

const ONE_BYTE: u16 = 0xbede;
const TWO_BYTE: u16 = 0x1000;

type Elements = Vec<(u8, Vec<u8>)>;

/// Elements that the one-byte form can carry, or that need the other.
fn elements() -> impl Strategy<Value = (u16, Elements)> {
    let one = vec((1..=14_u8, vec(any::<u8>(), 1..=16)), 0..6).prop_map(|elements| (ONE_BYTE, elements));
    let two = vec((1..=255_u8, vec(any::<u8>(), 17..100)), 1..6).prop_map(|elements| (TWO_BYTE, elements));
    prop_oneof![one, two]
}

prop_compose! {
    fn packet()(
        marker: bool,
        payload_type in 0..128_u8,
        sequence_number: u16,
        timestamp: u32,
        ssrc: u32,
        csrc in vec(any::<u32>(), 0..=15),
        (extension_profile, elements) in elements(),
        payload in vec(any::<u8>(), 0..1200),
    ) -> rtp::packet::Packet {
        let extensions: Vec<_> = elements
            .into_iter()
            .map(|(id, payload)| rtp::header::Extension { id, payload: payload.into() })
            .collect();
        let header = rtp::header::Header {
            version: 2,
            padding: false,
            extension: !extensions.is_empty(),
            marker,
            payload_type,
            sequence_number,
            timestamp,
            ssrc,
            csrc,
            extension_profile: if extensions.is_empty() { 0 } else { extension_profile },
            extensions,
            extensions_padding: 0,
        };
        rtp::packet::Packet { header, payload: Bytes::from(payload) }
    }
}

proptest! {
    #[test]
    fn a_packet_of_the_crate_is_read_by_us(packet in packet()) {
        let bytes = packet.marshal().unwrap();
        let view = ours::View::new(&bytes).unwrap();
        let header = &packet.header;
        prop_assert_eq!(view.marker(), header.marker);
        prop_assert_eq!(view.payload_type(), header.payload_type);
        prop_assert_eq!(view.sequence(), header.sequence_number);
        prop_assert_eq!(view.timestamp(), header.timestamp);
        prop_assert_eq!(view.ssrc(), header.ssrc);
        prop_assert_eq!(view.csrc_count(), header.csrc.len());
        prop_assert_eq!(view.extension_profile().unwrap_or(0), header.extension_profile);
        let theirs = header.extensions.iter().map(|extension| (extension.id, &extension.payload[..]));
        prop_assert!(view.elements().map(|element| (element.id, element.data)).eq(theirs));
        prop_assert_eq!(view.payload(), &packet.payload[..]);
    }

    #[test]
    fn a_header_of_ours_has_the_bytes_of_the_crate(mut packet in packet()) {
        packet.header.csrc.clear();
        let theirs = packet.header.marshal().unwrap();
        let header = ours::Header {
            padding: false,
            marker: packet.header.marker,
            payload_type: packet.header.payload_type,
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            ssrc: packet.header.ssrc,
        };
        let mut buffer = [0xee; 2048];
        let elements = packet.header.extensions.iter().map(|extension| (extension.id, &extension.payload[..]));
        let len = header.write(&mut buffer, elements).unwrap();
        prop_assert_eq!(&buffer[..len], &theirs[..]);
        let mut again = rtp::header::Header::unmarshal(&mut &buffer[..len]).unwrap();
        again.extensions_padding = 0;
        prop_assert_eq!(again, packet.header);
    }

    #[test]
    fn values_of_extensions_have_the_bytes_of_the_crate(
        voice: bool,
        level in 0..128_u8,
        number: u16,
        minimum in 0..4096_u16,
        maximum in 0..4096_u16,
        time in 0..1_u32 << 24,
    ) {
        let theirs = AudioLevelExtension { level, voice }.marshal().unwrap();
        prop_assert_eq!(&extension::AudioLevel { voice, level }.write()[..], &theirs[..]);
        let theirs = TransportCcExtension { transport_sequence: number }.marshal().unwrap();
        prop_assert_eq!(&extension::TransportSequence(number).write()[..], &theirs[..]);
        let theirs = PlayoutDelayExtension { min_delay: minimum, max_delay: maximum }.marshal().unwrap();
        let ours = extension::PlayoutDelay { minimum_10ms: minimum, maximum_10ms: maximum };
        prop_assert_eq!(&ours.write()[..], &theirs[..]);
        let theirs = AbsSendTimeExtension { timestamp: u64::from(time) }.marshal().unwrap();
        prop_assert_eq!(&extension::AbsoluteSendTime(time).write()[..], &theirs[..]);
    }
}
