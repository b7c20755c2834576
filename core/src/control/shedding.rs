//! What happens before tables or time run out. This is the whole rule:
//!
//! 1. Where a media thread is busier than [`Thresholds::refuse_busy_percent`] for three seconds, nobody new comes into
//!    its rooms: `join` is refused with a reason. Who is in a room already may go on to subscribe.
//! 2. Where it is busier than [`Thresholds::lowest_busy_percent`] for three seconds, its pictures are sent in their
//!    lowest layers as well. Sound is never touched.
//! 3. It goes back, one step at a time, when the thread has been [`MARGIN_PERCENT`] below for thirty seconds.
//! 4. Where a table that those inside a room still need is fuller than [`Thresholds::refuse_full_percent`], nobody new
//!    comes either.

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::handle::Role;
use super::tables::{TableUse, table_uses};
use super::turn::{Caller, Done, Turn};
use crate::id::RoomId;
use crate::media::{Command, Settings};
use crate::random::Random;
use crate::time::Instant;

/// How much is too much, in percent; 0: nothing ever is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// How busy a media thread may be before nobody new comes into its rooms.
    pub refuse_busy_percent: u8,
    /// How busy it may be before its pictures are sent in their lowest layers.
    pub lowest_busy_percent: u8,
    /// How full a table may be before nobody new comes.
    pub refuse_full_percent: u8,
}

/// What is done about a shard's load, the mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shedding {
    /// Nothing.
    #[default]
    Nothing,
    /// Nobody new comes.
    Joins,
    /// That, and pictures are sent in their lowest layers.
    Layers,
}

impl Shedding {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Joins => "joins",
            Self::Layers => "layers",
        }
    }

    /// The step that suits a shard of this load.
    fn suiting(busy_percent: u8, thresholds: Thresholds) -> Self {
        let is_over = |threshold: u8| threshold > 0 && busy_percent >= threshold;
        match thresholds {
            Thresholds { lowest_busy_percent, .. } if is_over(lowest_busy_percent) => Self::Layers,
            Thresholds { refuse_busy_percent, .. } if is_over(refuse_busy_percent) => Self::Joins,
            _ => Self::Nothing,
        }
    }

    fn below(self) -> Self {
        match self {
            Self::Nothing | Self::Joins => Self::Nothing,
            Self::Layers => Self::Joins,
        }
    }
}

/// The load of one shard, followed over time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// What is done about it.
    pub(crate) shedding: Shedding,
    /// The other step that suits it, and since when.
    other: Option<(Shedding, Instant)>,
    looked: Option<Instant>,
}

impl Load {
    /// Takes in how busy the shard is now; true if another step was taken.
    fn note(&mut self, busy_percent: u8, thresholds: Thresholds, now: Instant) -> bool {
        let rising = Shedding::suiting(busy_percent, thresholds);
        let falling = Shedding::suiting(busy_percent.saturating_add(MARGIN_PERCENT), thresholds);
        let (wanted, after_us) = if rising > self.shedding {
            (rising, RISE_US)
        } else if falling < self.shedding {
            (self.shedding.below(), FALL_US)
        } else {
            self.other = None;
            return false;
        };
        let is_same_way = |(other, _): &(Shedding, Instant)| (*other > self.shedding) == (wanted > self.shedding);
        let since = self.other.filter(is_same_way).map_or(now, |(_, since)| since);
        self.other = Some((wanted, since));
        if now.since_us(since) < after_us {
            return false;
        }
        (self.shedding, self.other) = (wanted, None);
        true
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Looks at the load of all shards, about once a second.
    pub(crate) fn look_at_load(&mut self) {
        let thresholds = self.settings.shedding;
        for number in 0..self.state.shards.len() as u8 {
            let Some(busy_percent) = self.post.out.shard_load(number).map(|load| load.busy_percent) else { continue };
            let now = self.now;
            let Some(shard) = self.state.shard_mut(number) else { continue };
            if shard.load.looked.is_some_and(|looked| now.since_us(looked) < LOOK_US) {
                continue;
            }
            shard.load.looked = Some(now);
            if !shard.load.note(busy_percent, thresholds, now) {
                continue;
            }
            let shed = shard.load.shedding.name();
            say!(warn, "shard {} is {} % busy; what is shed from now on: {}", number, busy_percent, shed);
            self.tell_shard(number);
        }
    }

    /// Tells all shards what the options say about media.
    pub(crate) fn tell_shards(&mut self) {
        for number in 0..self.state.shards.len() as u8 {
            self.tell_shard(number);
        }
    }

    fn tell_shard(&mut self, number: u8) {
        let shedding = self.state.shards.get(usize::from(number)).map(|shard| shard.load.shedding);
        let lowest_layers = shedding == Some(Shedding::Layers);
        let settings = Settings { lowest_layers, ..self.state.options.media };
        self.post.out.command(number, Command::Configure(settings));
    }

    /// Whether somebody may come into `room`, whom `shard` would serve: always who is in it already.
    pub(crate) fn check_room_for_more(&mut self, caller: Caller<'_>, room: RoomId, shard: u8) -> Done {
        let is_inside = self.state.handles.iter().any(|(_, handle)| {
            let its_room = match &handle.role {
                Role::Idle => None,
                Role::Publisher(publisher) => publisher.room,
                Role::Subscriber(subscriber) => Some(subscriber.room),
            };
            handle.session == caller.session && its_room == Some(room)
        });
        if is_inside {
            return Ok(());
        }
        if self.state.options.drain.is_some() {
            return Err(refuse!(plugin::FULL, "room", "This server is about to end and takes nobody new"));
        }
        let shedding = self.state.shards.get(usize::from(shard)).map(|shard| shard.load.shedding);
        if shedding.is_some_and(|shedding| shedding >= Shedding::Joins) {
            return Err(refuse!(plugin::FULL, "room", "The server is too busy for more people"));
        }
        match self.fullest_table(shard) {
            Some(table) => Err(nearly_full(table)),
            None => Ok(()),
        }
    }

    /// A table that those inside a room still need and that has hardly any place left.
    fn fullest_table(&mut self, shard: u8) -> Option<TableUse> {
        let most = u32::from(self.settings.shedding.refuse_full_percent);
        let mut fullest: Option<TableUse> = None;
        table_uses(self.state, &self.settings.limits, self.post.out, |table| {
            let is_needed = NEEDED.contains(&table.name) && table.shard.is_none_or(|number| number == shard);
            // A table that is full refuses by itself, with its own number.
            let is_nearly_full = most > 0 && table.percent() >= most && table.used < table.limit;
            if is_needed && is_nearly_full {
                fullest = Some(table);
            }
        });
        fullest
    }
}

fn nearly_full(table: TableUse) -> Refusal {
    let TableUse { name, used, limit, .. } = table;
    say!(warn, "the table of {} is nearly full: {} of {}", name, used, limit);
    refuse!(plugin::FULL, name, "Hardly any place left: {name} ({used} of {limit})")
}

/// What somebody in a room needs more of when others come or change what they publish.
const NEEDED: [&str; 4] = ["handles", "streams", "subscriptions", "queued_packets"];

/// So much below a threshold a shard has to be before a step is taken back.
const MARGIN_PERCENT: u8 = 15;

const LOOK_US: u64 = 950_000;
const RISE_US: u64 = 3_000_000;
const FALL_US: u64 = 30_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds =
        Thresholds { refuse_busy_percent: 80, lowest_busy_percent: 90, refuse_full_percent: 98 };

    /// What is shed after each second of `loads`, from second `start` on.
    fn follow(load: &mut Load, start: u64, loads: &[(u8, u64)]) -> std::vec::Vec<Shedding> {
        let mut second = start;
        let mut steps = std::vec::Vec::new();
        for (busy_percent, seconds) in loads {
            for _ in 0..*seconds {
                load.note(*busy_percent, THRESHOLDS, Instant::from_ms(second * 1000));
                second += 1;
            }
            steps.push(load.shedding);
        }
        steps
    }

    #[test]
    fn a_moment_of_load_changes_nothing_and_three_seconds_do() {
        let mut load = Load::default();
        let steps = follow(&mut load, 0, &[(100, 3), (10, 1), (85, 3), (85, 1), (95, 3), (95, 1)]);
        use Shedding::{Joins, Layers, Nothing};
        assert_eq!(steps, [Nothing, Nothing, Nothing, Joins, Joins, Layers]);
    }

    #[test]
    fn it_goes_back_step_by_step_when_there_is_time_for_long() {
        use Shedding::{Joins, Layers, Nothing};
        let mut load = Load { shedding: Layers, ..Load::default() };
        // Just below is not enough.
        assert_eq!(follow(&mut load, 0, &[(80, 60)]), [Layers]);
        assert_eq!(follow(&mut load, 100, &[(20, 30), (20, 1), (20, 30), (20, 1)]), [Layers, Joins, Joins, Nothing]);
    }

    #[test]
    fn without_thresholds_nothing_is_ever_too_much() {
        assert_eq!(Shedding::suiting(100, Thresholds::default()), Shedding::Nothing);
    }
}
