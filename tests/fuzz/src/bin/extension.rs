//! Values of header extensions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::extension::{
    AbsoluteSendTime, AudioLevel, DependencyDescriptor, DependencyStructure, LayerIds, PlayoutDelay,
    TransportSequence, VideoOrientation,
};

fuzz_target!(|data: &[u8]| {
    if let Some(value) = AudioLevel::read(data) {
        assert_eq!(value.write(), data[..1]);
    }
    if let Some(value) = AbsoluteSendTime::read(data) {
        assert!(value.write() == data[..3] && value.to_us() < 64_000_000);
    }
    if let Some(value) = TransportSequence::read(data) {
        assert_eq!(value.write(), data[..2]);
    }
    if let Some(value) = PlayoutDelay::read(data) {
        assert_eq!(value.write(), data[..3]);
    }
    if let Some(value) = VideoOrientation::read(data) {
        assert_eq!(VideoOrientation::read(&value.write()), Some(value));
    }
    if let Some(value) = DependencyDescriptor::read(data) {
        let mut data = data.to_vec();
        DependencyDescriptor::set_frame_number(&mut data, !value.frame_number);
        assert_eq!(DependencyDescriptor::read(&data).unwrap().frame_number, !value.frame_number);
    }
    // A structure, and frames that are told by it: parts of the input, by a length before each.
    let (mut structure, mut rest) = (DependencyStructure::default(), data);
    while let Some((len, after)) = rest.split_first() {
        let (element, behind) = after.split_at(after.len().min(usize::from(*len)));
        let _ = structure.read(element);
        let best = structure.best(LayerIds { spatial: *len >> 4, temporal: *len & 15 });
        assert!(best.is_none_or(|target| structure.target(target).is_some()));
        rest = behind;
    }
});
