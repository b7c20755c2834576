//! Other settings while Parlor runs: everything was read and checked before, then all of it counts at once.

use heapless::Vec;
use serde::Serialize;

use super::changes::Changes;
use super::error::{Refusal, core_error};
use super::options::Options;
use super::reply::Each;
use super::turn::Turn;
use super::{Control, Outlet, Settings};
use crate::id::{ConnectionId, HandleId, RoomId};
use crate::random::Random;
use crate::room::{Name, RoomSettings};
use crate::time::Instant;

/// What becomes of rooms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rooms<'a> {
    /// Rooms that are there from now on as they are here.
    pub wanted: &'a [RoomSettings],
    /// Rooms that are not, unless somebody is in them.
    pub unwanted: &'a [Name],
}

/// Unwanted rooms that somebody is in; no more are told than fit.
pub type RoomsLeft = Vec<Name, 16>;

impl<R: Random> Control<'_, R> {
    /// Takes `settings` and `rooms`, or refuses all of it. What was decided at the start stays as it is: limits,
    /// addresses, ports, shards, names, events. What an administrator changed since is as the settings have it only
    /// where these differ from the last ones.
    pub fn reconfigure(
        &mut self,
        now: Instant,
        settings: Settings,
        rooms: Rooms<'_>,
        out: &mut impl Outlet,
    ) -> Result<RoomsLeft, Refusal> {
        let is_there = |name: Name| self.state.room(name).is_some();
        let new = rooms.wanted.iter().filter(|room| !is_there(room.room)).count();
        let (used, size) = (self.state.rooms.len(), self.state.rooms.capacity());
        if used + new > size {
            return Err(Refusal { code: core_error::FULL, ..Refusal::full("rooms", size) });
        }
        let before = core::mem::replace(&mut self.settings, settings);
        self.settings.limits = before.limits;
        self.settings.addresses = before.addresses.clone();
        (self.settings.port, self.settings.shards) = (before.port, before.shards);
        (self.settings.fingerprint, self.settings.string_ids) = (before.fingerprint, before.string_ids);
        (self.settings.events, self.settings.statistics_period_s) = (before.events, before.statistics_period_s);
        self.settings.unix_time_at_start_us = before.unix_time_at_start_us;
        self.settings.media.statistics_s = before.media.statistics_s;
        self.state.options.take(&before, &self.settings);
        let (mut turn, _) = self.turn(now, out);
        turn.post.out.log_level(turn.state.options.log_level);
        turn.tell_shards();
        for room in rooms.wanted {
            turn.want_room(room);
        }
        Ok(rooms
            .unwanted
            .iter()
            .copied()
            .filter(|name| !turn.drop_room(*name))
            .take(RoomsLeft::new().capacity())
            .collect())
    }

    /// Tells the administrator who asked for it what came of a reload: the keys that count now, and those that count
    /// after a restart; or why nothing changed.
    pub fn tell_reload(
        &mut self,
        now: Instant,
        (connection, transaction): (ConnectionId, &str),
        outcome: Result<(&[&str], &[&str]), &str>,
        out: &mut impl Outlet,
    ) {
        let (mut turn, _) = self.turn(now, out);
        match outcome {
            Ok((changed, restart)) => {
                let (changed, restart) = (Each(changed.iter()), Each(restart.iter()));
                turn.post.send(connection, &Reloaded { janus: "success", transaction, changed, restart });
            }
            Err(why) => {
                let refused = ReloadError { code: core_error::UNKNOWN, reason: why };
                turn.post.send(connection, &ReloadRefused { janus: "error", transaction, error: refused });
            }
        }
    }
}

#[derive(Serialize)]
struct Reloaded<'a, L: Serialize> {
    janus: &'static str,
    transaction: &'a str,
    changed: L,
    restart: L,
}

/// Longer than the reasons of other refusals: it names a place in a file.
#[derive(Serialize)]
struct ReloadRefused<'a> {
    janus: &'static str,
    transaction: &'a str,
    error: ReloadError<'a>,
}

#[derive(Serialize)]
struct ReloadError<'a> {
    code: u16,
    reason: &'a str,
}

impl Options {
    /// Takes over what differs between two settings.
    fn take(&mut self, before: &Settings, now: &Settings) {
        fn renew<T: PartialEq + Copy>(value: &mut T, before: T, now: T) {
            if before != now {
                *value = now;
            }
        }
        renew(&mut self.session_timeout_s, before.session_timeout_s, now.session_timeout_s);
        renew(&mut self.log_level, before.log_level, now.log_level);
        renew(&mut self.tells_opaque_ids, before.opaque_ids_in_api, now.opaque_ids_in_api);
        renew(&mut self.media.slow_link_packets, before.media.slow_link_packets, now.media.slow_link_packets);
        renew(&mut self.media.silence_ms, before.media.silence_ms, now.media.silence_ms);
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Makes a room, or has the one that is there be as `settings` say. What its people agreed on stays.
    fn want_room(&mut self, settings: &RoomSettings) {
        let Some(id) = self.state.room(settings.room) else {
            // There is a place, as was seen before; a dummy publisher may find none.
            if let Err(why) = self.add_room(settings.clone()) {
                say!(warn, "room {}: {}", settings.room, why.reason.as_str());
            }
            return;
        };
        if let Some(room) = self.state.rooms.get_mut(id) {
            let description = settings.description.clone().or_else(|| room.settings.description.take());
            room.settings = RoomSettings { description, ..settings.clone() };
        }
        self.room_changed(id);
    }

    /// Tells the shard of a room, and those who are in it, what it is now.
    pub(crate) fn room_changed(&mut self, id: RoomId) {
        self.tell_conversation(id);
        for index in 0..self.state.handles.capacity() as u16 {
            let publisher = self.state.handles.at(index).and_then(|handle| handle.publisher());
            if publisher.is_some_and(|publisher| publisher.room == Some(id))
                && let Some(handle) = self.state.handles.id_at(index).map(HandleId::from)
            {
                self.watch(handle, &Changes::default());
            }
        }
    }

    /// Takes a room away unless somebody is in it; whether it is gone.
    fn drop_room(&mut self, name: Name) -> bool {
        let Some(id) = self.state.room(name) else { return true };
        let is_in = self.state.handles.iter().any(|(_, handle)| {
            let publishes = handle.publisher().is_some_and(|publisher| publisher.room == Some(id));
            publishes && !handle.is_unattended() || handle.subscriber().is_some_and(|subscriber| subscriber.room == id)
        });
        if !is_in {
            say!(info, "room {} was destroyed: the configuration has it no more", name);
            self.empty_room(id);
            self.remove_room(id);
        }
        !is_in
    }
}
