//! Encodings and temporal layers that come and go.

use std::vec::Vec;

use super::encoder::{Memory, World};
use crate::forward::LayerCeiling;
use proptest::prelude::*;

const FALLBACK: LayerCeiling = LayerCeiling { fallback_us: 100_000, ..LayerCeiling::NONE };

fn up_to(encoding: u8, temporal: u8) -> LayerCeiling {
    LayerCeiling { encoding, temporal, ..FALLBACK }
}

/// Every sequence of four phases, in each of which any of three encodings send or not, under each ceiling.
#[test]
fn whatever_comes_and_goes_can_be_decoded() {
    let mut memory = Memory::new();
    for ceiling in 0..3 {
        for sequence in 0..1_u32 << (3 * PHASES) {
            let temporal = (sequence % 3) as u8;
            let mut world = World::new(3, up_to(ceiling, temporal), &mut memory);
            for phase in 0..PHASES {
                // The temporal ceiling changes as well.
                world.allow(up_to(ceiling, (temporal + phase as u8) % 3));
                let live = (sequence >> (3 * phase) & 7) as u8;
                play(&mut world, &mut memory, live, 5);
            }
            world.receiver.check();
            // Afterwards all of them send, and the wanted one comes back.
            world.allow(up_to(ceiling, 2));
            play(&mut world, &mut memory, 7, 24);
            world.receiver.check();
            assert_eq!(world.receiver.latest(16), Some((ceiling, 2)), "sequence {sequence:o}");
            world.forget(&mut memory);
        }
    }
}

#[test]
fn a_layer_that_falls_silent_is_replaced_within_the_fallback_time_and_comes_back() {
    let mut memory = Memory::new();
    let mut world = World::new(3, FALLBACK, &mut memory);
    play(&mut world, &mut memory, 7, 20);
    assert_eq!(world.receiver.latest(2).map(|latest| latest.0), Some(2));
    // 100 ms and a frame until it is missed, a frame until the keyframe that was asked for.
    play(&mut world, &mut memory, 3, 6);
    assert_eq!(world.receiver.latest(2).map(|latest| latest.0), Some(1));
    play(&mut world, &mut memory, 1, 6);
    assert_eq!(world.receiver.latest(2).map(|latest| latest.0), Some(0));
    play(&mut world, &mut memory, 5, 20);
    assert_eq!(world.receiver.latest(2).map(|latest| latest.0), Some(2), "over the absent middle one");
    world.receiver.check();
    world.forget(&mut memory);
}

#[test]
fn a_camera_that_pauses_changes_nothing() {
    let mut memory = Memory::new();
    let mut world = World::new(3, FALLBACK, &mut memory);
    play(&mut world, &mut memory, 7, 20);
    for _ in 0..10 {
        world.now = world.now.after_ms(900);
        play(&mut world, &mut memory, 7, 1);
        assert_eq!(world.receiver.latest(2).map(|latest| latest.0), Some(2));
    }
    world.receiver.check();
    world.forget(&mut memory);
}

#[test]
fn temporal_layers_of_a_plain_stream_are_left_out_and_come_back() {
    let mut memory = Memory::new();
    let mut world = World::new(1, up_to(0, 0), &mut memory);
    play(&mut world, &mut memory, 1, 16);
    assert_eq!(world.receiver.latest(100).map(|latest| latest.1), Some(0));
    assert_eq!(world.receiver.packets.len(), 2 * 4, "every fourth frame");
    world.allow(up_to(0, 1));
    play(&mut world, &mut memory, 1, 16);
    assert_eq!(world.receiver.latest(8).map(|latest| latest.1), Some(1));
    world.allow(up_to(0, 2));
    play(&mut world, &mut memory, 1, 16);
    assert_eq!(world.receiver.latest(8).map(|latest| latest.1), Some(2));
    world.receiver.check();
    world.forget(&mut memory);
}

#[test]
fn a_climb_over_temporal_layers_is_told_once() {
    let mut memory = Memory::new();
    let mut world = World::new(1, up_to(0, 2), &mut memory);
    let mut told = Vec::new();
    for ceiling in [2, 0, 2] {
        world.allow(up_to(0, ceiling));
        for _ in 0..16 {
            play(&mut world, &mut memory, 1, 1);
            let source = world.subscription.rewriter.source().unwrap();
            let layers = world.subscription.selector.sent_layers(source, &world.stream);
            world.subscription.selector.told = layers;
            told.extend(layers.temporal.filter(|now| told.last() != Some(now)));
        }
    }
    assert_eq!(told.strip_prefix(&[0]).unwrap_or(&told), [2, 0, 2]);
    world.forget(&mut memory);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Packets that overtake each other; the receiver checks numbers, not what it could decode meanwhile.
    #[test]
    fn overtaken_packets_find_their_places(
        swaps in proptest::collection::vec((0_usize..400, 1_usize..9), 0..60),
        ceilings in proptest::collection::vec((0_u8..3, 0_u8..3), 8),
    ) {
        let mut memory = Memory::new();
        let mut world = World::new(1, FALLBACK, &mut memory);
        let mut packets: Vec<_> = (0..96).flat_map(|_| world.frame(1)).collect();
        let count = packets.len();
        for (at, distance) in swaps {
            let (at, other) = (at % count, (at + distance) % count);
            if at.abs_diff(other) < 9 && at > 0 && other > 0 {
                packets.swap(at, other);
            }
        }
        for (position, packet) in packets.iter().enumerate() {
            let (_, temporal) = ceilings[position * ceilings.len() / count];
            world.allow(up_to(0, temporal));
            world.receiver.trusts = true;
            world.deliver(packet, &mut memory);
        }
        world.receiver.check();
        world.forget(&mut memory);
    }
}

fn play(world: &mut World, memory: &mut Memory, live: u8, frames: usize) {
    for _ in 0..frames {
        for packet in world.frame(live) {
            world.deliver(&packet, memory);
        }
    }
}

const PHASES: u32 = 4;
