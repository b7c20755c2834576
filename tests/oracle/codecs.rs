//! Payloads that the crate's packetizers cut, and descriptors that its depacketizers read.

use std::panic::catch_unwind;

use bytes::Bytes;
use parlor_core::wire::{av1, h264, h265, vp8, vp9};
use proptest::collection::vec;
use proptest::prelude::*;
use rtp::codecs::av1::Av1Payloader;
use rtp::codecs::h264::H264Payloader;
use rtp::codecs::h265::HevcPayloader;
use rtp::codecs::vp8::{Vp8Packet, Vp8Payloader};
use rtp::codecs::vp9::Vp9Packet;
use rtp::packetizer::{Depacketizer, Payloader};

const MTU: usize = 100;

/// A unit of an Annex B stream: its header, a slice header's first byte, and a body without start codes.
fn unit(header: &[u8], first: u8, len: usize) -> Vec<u8> {
    [&[0, 0, 0, 1], header, &[first], &vec![0x55; len]].concat()
}

#[test]
fn a_frame_of_h264_begins_once() {
    let mut payloader = H264Payloader::default();
    let (sps, pps) = (unit(&[0x67], 0x42, 10), unit(&[0x68], 0xce, 4));
    let keyframe = [sps, pps, unit(&[0x65], 0x88, 500)].concat();
    let payloads = payloader.payload(MTU, &keyframe.into()).unwrap();
    assert!(payloads.len() > 5);
    let facts: Vec<_> = payloads.iter().map(|payload| h264::Facts::new(payload).unwrap()).collect();
    assert!(facts[0].is_keyframe_start && facts[0].has_sps);
    let starts = facts.iter().filter(|facts| facts.is_keyframe_start).count();
    assert_eq!(starts, 2, "the parameter sets, and the slice behind them");
    assert!(facts[2..].iter().all(|facts| !facts.is_frame_start && !facts.is_discardable));

    let payloads = payloader.payload(MTU, &unit(&[0x01], 0x9a, 500).into()).unwrap();
    let facts: Vec<_> = payloads.iter().map(|payload| h264::Facts::new(payload).unwrap()).collect();
    assert!(facts[0].is_frame_start && facts[1..].iter().all(|facts| !facts.is_frame_start));
    assert!(facts.iter().all(|facts| facts.is_discardable && !facts.is_keyframe_start));
}

#[test]
fn a_frame_of_h265_begins_once() {
    let mut payloader = HevcPayloader::default();
    let sets = [unit(&[0x40, 1], 0x0c, 8), unit(&[0x42, 1], 0x01, 8), unit(&[0x44, 1], 0xc0, 4)].concat();
    let keyframe = [sets, unit(&[0x26, 1], 0xaf, 500)].concat();
    let payloads = payloader.payload(MTU, &keyframe.into()).unwrap();
    let facts: Vec<_> = payloads.iter().map(|payload| h265::Facts::new(payload).unwrap()).collect();
    assert!(facts[0].is_keyframe_start);
    assert!(facts[2..].iter().all(|facts| !facts.is_frame_start));

    let payloads = payloader.payload(MTU, &unit(&[0x02, 3], 0xd0, 500).into()).unwrap();
    let facts: Vec<_> = payloads.iter().map(|payload| h265::Facts::new(payload).unwrap()).collect();
    assert!(payloads.len() > 5 && facts[0].is_frame_start && !facts[0].is_keyframe_start);
    assert!(facts[1..].iter().all(|facts| !facts.is_frame_start && !facts.is_keyframe_start));
}

#[test]
fn a_frame_of_av1_begins_once() {
    let obu = |kind: u8, len: usize| {
        let size = [(len & 0x7f) as u8 | 0x80, (len >> 7) as u8];
        [&[kind << 3 | 2][..], &size, &vec![0x55; len]].concat()
    };
    let keyframe: Bytes = [obu(2, 0), obu(1, 10), obu(6, 500)].concat().into();
    let payloads = Av1Payloader::default().payload(MTU, &keyframe).unwrap();
    let facts: Vec<_> = payloads.iter().map(|payload| av1::Facts::new(payload).unwrap()).collect();
    assert!(facts.len() > 5 && facts[0].is_keyframe_start);
    assert!(facts[1..].iter().all(|facts| facts.is_continuation && !facts.is_frame_start));
    assert!(facts[..facts.len() - 1].iter().all(|facts| facts.is_unfinished));

    let payloads = Av1Payloader::default().payload(MTU, &obu(6, 500).into()).unwrap();
    let facts: Vec<_> = payloads.iter().map(|payload| av1::Facts::new(payload).unwrap()).collect();
    assert!(facts[0].is_frame_start && facts.iter().all(|facts| !facts.is_keyframe_start));
}

#[test]
fn a_frame_of_vp8_begins_once() {
    let mut payloader = Vp8Payloader::default();
    payloader.enable_picture_id = true;
    for picture in 0..300_u16 {
        let frame = [vec![picture as u8 & 1], vec![0x55; 300]].concat();
        let payloads = payloader.payload(MTU, &frame.into()).unwrap();
        for (index, payload) in payloads.iter().enumerate() {
            let facts = vp8::Facts::new(payload).unwrap();
            assert_eq!(facts.is_frame_start, index == 0);
            assert_eq!(facts.is_keyframe_start, index == 0 && picture % 2 == 0);
            assert_eq!(facts.picture_id.map_or(0, |number| number.value), picture);
        }
    }
}

proptest! {
    #[test]
    fn descriptors_of_vp8_are_read_alike(payload in vec(any::<u8>(), 8..20)) {
        let mut theirs = Vp8Packet::default();
        let Ok(body) = theirs.depacketize(&Bytes::from(payload.clone())) else { return Ok(()) };
        let ours = vp8::Facts::new(&payload).unwrap();
        prop_assert_eq!(ours.descriptor_len, payload.len() - body.len());
        prop_assert_eq!(ours.is_frame_start, theirs.s == 1 && theirs.pid & 7 == 0);
        prop_assert_eq!(ours.is_discardable, theirs.n == 1);
        let number = ours.picture_id.map(|number| number.value);
        prop_assert_eq!(number, (theirs.i == 1).then_some(theirs.picture_id));
        prop_assert_eq!(ours.tl0_pic_idx.map(|number| number.value), (theirs.l == 1).then_some(theirs.tl0_pic_idx));
        prop_assert!(theirs.t == 0 || ours.temporal_id == theirs.tid);
        prop_assert!(theirs.t == 0 || ours.is_layer_sync == (theirs.y == 1));
    }

    #[test]
    fn descriptors_of_vp9_are_read_alike(mut payload in vec(any::<u8>(), 4..60)) {
        // The crate takes two reserved bits of the scalability structure for the bit beside them.
        if payload[0] & 2 != 0 {
            payload[1..].iter_mut().for_each(|byte| *byte &= !6);
        }
        let read = catch_unwind(|| {
            let mut theirs = Vp9Packet::default();
            theirs.depacketize(&Bytes::from(payload.clone())).ok().map(|body| (theirs, body))
        });
        let Ok(Some((theirs, body))) = read else { return Ok(()) };
        // A descriptor without a frame behind it is none for us.
        let Some(ours) = vp9::Facts::new(&payload) else {
            prop_assert!(body.is_empty());
            return Ok(());
        };
        prop_assert_eq!(ours.descriptor_len, payload.len() - body.len());
        prop_assert_eq!((ours.is_frame_start, ours.is_frame_end), (theirs.b, theirs.e));
        prop_assert_eq!((ours.is_inter_picture, ours.is_flexible), (theirs.p, theirs.f));
        prop_assert_eq!(ours.is_not_upper_reference, theirs.z);
        prop_assert_eq!(ours.picture_id.map(|number| number.value), theirs.i.then_some(theirs.picture_id));
        prop_assert_eq!(ours.spatial_layers, theirs.v.then_some(theirs.ns + 1));
        if let Some(layer) = ours.layer {
            prop_assert_eq!((layer.temporal_id, layer.spatial_id), (theirs.tid, theirs.sid));
            prop_assert_eq!((layer.is_switching_point, layer.is_inter_layer), (theirs.u, theirs.d));
        }
        prop_assert_eq!(ours.tl0_pic_idx.map_or(0, |(_, value)| value), theirs.tl0picidx);
    }
}
