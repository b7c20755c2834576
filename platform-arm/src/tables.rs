//! All tables of the core, in static memory. Their sizes are the board profile's and known when this is compiled.

use parlor_core::limits::Limits;
use parlor_core::{control, control_storage, media, media_storage};
use parlor_linux::crypto::RingGcm;
use parlor_linux::memory::Tables;
use static_cell::ConstStaticCell;

use crate::board::{LIMITS, SHARDS, TABLE_BYTES};

type ControlStorage = control_storage!(SHARDS, LIMITS);
type ShardStorage = media_storage!(RingGcm, LIMITS);

/// Bytes of all tables.
pub(crate) const BYTES: usize = size_of::<ControlStorage>() + SHARDS * size_of::<ShardStorage>();

const _: () = assert!(BYTES <= TABLE_BYTES, "the limits of the board profile need more than its board.table_kib");

static CONTROL_HALF: ConstStaticCell<ControlStorage> = ConstStaticCell::new(ControlStorage::EMPTY);
static MEDIA_HALVES: [ConstStaticCell<ShardStorage>; SHARDS] =
    [const { ConstStaticCell::new(ShardStorage::EMPTY) }; SHARDS];

/// The tables of this image.
pub(crate) struct Statics;

impl Tables for Statics {
    fn hold(&self, limits: &Limits, shards: u8) -> Result<(), String> {
        let rows = [("media.shards", usize::from(shards), SHARDS)];
        let rows = rows.into_iter().chain(asked(limits).into_iter().zip(asked(&LIMITS)).map(|(asked, has)| {
            let ((key, asked), (_, has)) = (asked, has);
            (key, asked, has)
        }));
        for (key, asked, has) in rows {
            if asked > has {
                return Err(format!("{key}: {asked} is more than this image was built for; it has place for {has}"));
            }
        }
        Ok(())
    }

    fn described(&self) -> Option<String> {
        Some(format!("All tables are in static memory: {BYTES} of the {TABLE_BYTES} bytes that the board allows."))
    }

    fn control(&self, limits: &Limits, shards: u8) -> control::Memory<'static> {
        CONTROL_HALF.take().lend(limits, shards).expect("the limits were compared with those of the image")
    }

    fn shard(&self, index: u8, limits: &Limits) -> media::Memory<'static, RingGcm> {
        let storage = MEDIA_HALVES[usize::from(index)].take();
        storage.lend(limits).expect("the limits were compared with those of the image")
    }
}

/// What a table's size follows from.
fn asked(limits: &Limits) -> [(&'static str, usize); 15] {
    [
        ("limits.sessions", limits.sessions.into()),
        ("limits.handles", limits.handles.into()),
        ("limits.rooms", limits.rooms.into()),
        ("limits.tokens", limits.tokens.into()),
        ("limits.publishers", limits.publishers.into()),
        ("limits.subscribers", limits.subscribers.into()),
        ("limits.streams_per_publisher", limits.streams_per_publisher.into()),
        ("limits.streams_per_subscriber", limits.streams_per_subscriber.into()),
        ("limits.subscriptions", limits.subscriptions.into()),
        ("limits.relays", limits.relays.into()),
        ("limits.remote_publishers", limits.remote_publishers.into()),
        ("limits.cascades", limits.cascades.into()),
        ("limits.history_packets", limits.history_packets.into()),
        ("limits.queued_packets", limits.queued_packets as usize),
        ("limits.request_bytes", limits.request_bytes as usize),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_holds_its_own_limits_and_nothing_larger() {
        assert_eq!(Statics.hold(&LIMITS, SHARDS as u8), Ok(()));
        let smaller = Limits { publishers: 1, sessions: 1, ..LIMITS };
        assert_eq!(Statics.hold(&smaller, 1), Ok(()));
        let more = Limits { handles: LIMITS.handles + 1, ..LIMITS };
        let has = LIMITS.handles;
        let sentence =
            format!("limits.handles: {} is more than this image was built for; it has place for {has}", has + 1);
        assert_eq!(Statics.hold(&more, 1), Err(sentence));
        assert!(Statics.hold(&LIMITS, SHARDS as u8 + 1).is_err());
    }

    #[test]
    fn both_halves_are_lent_what_they_ask_for() {
        let smaller = Limits { subscribers: 2, ..LIMITS };
        let _ = Statics.control(&smaller, 1);
        let memory = Statics.shard(0, &smaller);
        assert_eq!(memory.links.len(), smaller.links());
    }
}
