//! Where somebody who watches is served. A room belongs to one shard; where more watch than that one shall serve, the
//! next are served by others, which its publishers are fed to ([`super::cascade`]).

use heapless::Vec;

use super::Outlet;
use super::memory::SHARDS;
use super::select::Selection;
use super::shedding::Shedding;
use super::turn::Turn;
use crate::id::RoomId;
use crate::random::Random;
use crate::sdp::MediaKind;

/// A shard as one who would watch a room sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seats {
    /// Those who watch the room there already.
    room_subscribers: usize,
    /// M-lines of all who watch there.
    subscriptions: usize,
    /// Whether one more finds a place, and time.
    is_open: bool,
}

/// The shard of one more who watches a room of shard `home`. At home they are until there are `share` of them; then as
/// many are put together wherever some are, so that the room is fed to few shards; then the shard with the fewest
/// m-lines takes them. Where no other is open, they stay at home. With `share` 0 all do.
fn choose(home: usize, share: usize, shards: &[Seats]) -> usize {
    let has_share = |seats: &Seats| seats.room_subscribers >= share;
    if share == 0 || shards.get(home).is_none_or(|seats| seats.is_open && !has_share(seats)) {
        return home;
    }
    let open = || shards.iter().enumerate().filter(|(_, seats)| seats.is_open);
    let begun = open().filter(|(_, seats)| seats.room_subscribers > 0 && !has_share(seats));
    let fullest = begun.max_by_key(|(_, seats)| seats.room_subscribers);
    let idlest = || open().min_by_key(|(number, seats)| (seats.subscriptions, *number != home));
    fullest.or_else(idlest).map_or(home, |(number, _)| number)
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// The shard of one more who watches `selection` in `room`, which is fed there. Where that cannot be, they are
    /// served, or refused, by the room's own.
    pub(crate) fn seat(&mut self, room: RoomId, selection: &Selection) -> u8 {
        let data = selection.0.iter().filter(|it| it.kind == MediaKind::Application).count();
        let home = self.state.rooms.get(room).map_or(0, |room| room.shard);
        let shard = self.next_seat(room, (selection.0.len() - data, data));
        match self.cascade_selection(shard, selection) {
            Ok(()) => shard,
            Err(why) => {
                say!(warn, "a room is not fed to shard {}: {}", shard, why.reason.as_str());
                home
            }
        }
    }

    /// The shard of one more who watches so many m-lines of media and of data in `room`.
    pub(crate) fn next_seat(&self, room: RoomId, (lines, data): (usize, usize)) -> u8 {
        let home = self.state.rooms.get(room).map_or(0, |room| room.shard);
        let share = usize::from(self.settings.audience);
        if share == 0 || self.state.shards.len() < 2 {
            return home;
        }
        let watches = |(_, handle): (_, &super::handle::Handle)| {
            handle.subscriber().filter(|it| it.room == room && handle.peer.is_some()).map(|it| it.shard)
        };
        let mut room_subscribers = [0; SHARDS];
        for shard in self.state.handles.iter().filter_map(watches) {
            if let Some(count) = room_subscribers.get_mut(usize::from(shard)) {
                *count += 1;
            }
        }
        let limits = &self.settings.limits;
        let seats = self.state.shards.iter().zip(room_subscribers).enumerate().map(|(number, (tables, count))| Seats {
            room_subscribers: count,
            subscriptions: tables.subscriptions.len(),
            is_open: tables.load.shedding < Shedding::Joins
                && tables.check_link(false, limits.subscribers).is_ok()
                && tables.subscriptions.capacity() - tables.subscriptions.len() >= lines + data.min(1)
                && (data == 0 || self.state.data_peers(number as u8) < usize::from(limits.data_channels)),
        });
        let seats: Vec<Seats, SHARDS> = seats.collect();
        choose(usize::from(home), share, &seats) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Seats = Seats { room_subscribers: 0, subscriptions: 0, is_open: true };

    /// How many of `count` who come one after the other each of so many shards gets, each with two m-lines.
    fn fill<const N: usize>(home: usize, share: usize, count: usize, mut shards: [Seats; N]) -> [usize; N] {
        for _ in 0..count {
            let chosen = &mut shards[choose(home, share, &shards)];
            chosen.room_subscribers += 1;
            chosen.subscriptions += 2;
        }
        shards.map(|seats| seats.room_subscribers)
    }

    #[test]
    fn a_small_meeting_stays_at_home() {
        assert_eq!(fill(1, 100, 100, [NONE; 3]), [0, 100, 0]);
        assert_eq!(fill(0, 0, 500, [NONE; 2]), [500, 0], "it is off");
        assert_eq!(fill(0, 100, 500, [NONE]), [500]);
    }

    #[test]
    fn a_large_audience_is_spread_evenly_over_all_shards() {
        assert_eq!(fill(0, 100, 400, [NONE; 2]), [200, 200]);
        assert_eq!(fill(1, 100, 900, [NONE; 3]), [300, 300, 300]);
    }

    #[test]
    fn a_shard_gets_a_whole_share_before_the_next_is_fed() {
        assert_eq!(fill(0, 100, 150, [NONE; 4]), [100, 50, 0, 0]);
        assert_eq!(fill(2, 100, 250, [NONE; 4]), [100, 50, 100, 0]);
    }

    #[test]
    fn other_rooms_count_where_there_is_a_choice() {
        let busy = Seats { subscriptions: 1000, ..NONE };
        assert_eq!(fill(0, 10, 40, [NONE, busy, NONE]), [20, 0, 20]);
        assert_eq!(fill(0, 10, 40, [busy, NONE, NONE]), [10, 15, 15]);
    }

    #[test]
    fn where_it_is_full_nobody_is_put_and_where_all_is_full_home_refuses() {
        let full = Seats { is_open: false, ..NONE };
        assert_eq!(choose(0, 10, &[full, NONE]), 1, "home is full before its share is reached");
        assert_eq!(fill(0, 10, 30, [NONE, full]), [30, 0]);
        assert_eq!(choose(1, 10, &[full, full]), 1);
        assert_eq!(choose(0, 10, &[]), 0);
    }
}
