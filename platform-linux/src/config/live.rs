//! What of a configuration can count while Parlor runs, and what needs a restart.

use super::Key;
use super::forward::Forward;
use super::room;
use super::sections::{DYNAMIC_ROOMS_NAME, SECTIONS};
use super::settings::{Configuration, Control, Log, Media};

impl Configuration {
    /// This one with those parts of `new` that can count without a restart.
    pub(crate) fn with_live_parts_of(&self, new: &Self) -> Self {
        let (old_control, new_control) = (&self.control, &new.control);
        // Whether there is a secret decides what is listened to.
        let has_secrets = !old_control.admin_secret.is_empty() && !new_control.admin_secret.is_empty();
        let admin_secret = if has_secrets { &new_control.admin_secret } else { &old_control.admin_secret };
        Self {
            control: Control {
                admin_secret: admin_secret.clone(),
                server_name: new_control.server_name.clone(),
                session_timeout_s: new_control.session_timeout_s,
                reclaim_session_timeout_s: new_control.reclaim_session_timeout_s,
                api_secret: new_control.api_secret.clone(),
                token_auth: new_control.token_auth,
                token_secret: new_control.token_secret.clone(),
                admin_key: new_control.admin_key.clone(),
                lock_rtp_forward: new_control.lock_rtp_forward,
                opaque_ids_in_api: new_control.opaque_ids_in_api,
                hide_dependencies: new_control.hide_dependencies,
                create_rooms: new_control.create_rooms,
                drain_s: new_control.drain_s,
                ..old_control.clone()
            },
            media: Media {
                full_trickle: new.media.full_trickle,
                slowlink_threshold: new.media.slowlink_threshold,
                no_media_timer_s: new.media.no_media_timer_s,
                ..self.media.clone()
            },
            log: Log { level: new.log.level, ..self.log },
            forward: Forward { networks: new.forward.networks.clone(), ..self.forward.clone() },
            shedding: new.shedding,
            dynamic_rooms: new.dynamic_rooms.clone(),
            rooms: new.rooms.clone(),
            ..self.clone()
        }
    }

    /// The names of the keys that `other` has other values for; a room that differs is `room.NAME`.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut names = Vec::new();
        for (section, keys) in SECTIONS {
            names.extend(different(keys, self, other).map(|key| format!("{section}.{key}")));
        }
        let templates = (&self.dynamic_rooms.room, &other.dynamic_rooms.room);
        let keys = different(room::template_keys(), templates.0, templates.1);
        names.extend(keys.map(|key| format!("{DYNAMIC_ROOMS_NAME}.{key}")));
        let gone = self.rooms.iter().filter(|room| other.rooms.iter().all(|other| other.room != room.room));
        let changed = other.rooms.iter().filter(|room| !self.rooms.contains(room));
        names.extend(gone.chain(changed).map(|room| format!("room.{}", room.room)));
        names
    }
}

fn different<T: Clone>(keys: &'static [Key<T>], one: &T, other: &T) -> impl Iterator<Item = &'static str> {
    let (mut one, mut other) = (one.clone(), other.clone());
    keys.iter().filter_map(move |key| {
        let is_same = (key.field)(&mut one).shown() == (key.field)(&mut other).shown();
        (!is_same).then_some(key.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_count_at_once_is_told_apart_from_what_needs_a_restart() {
        let read = |text: &str| Configuration::read_text("test", text, &[]).unwrap();
        let old = read("[control]\nadmin_secret = \"a\"\n[[room]]\nroom = 1\n[[room]]\nroom = 2\n");
        let new = read(
            "[control]\nadmin_secret = \"b\"\nhttp = \"off\"\n[log]\nlevel = \"debug\"\nformat = \"json\"\n\
             [dynamic_rooms]\npublishers = 2\n[[room]]\nroom = 2\npublishers = 9\n[[room]]\nroom = 3\n",
        );
        let live = old.with_live_parts_of(&new);
        let at_once = ["control.admin_secret", "log.level", "dynamic_rooms.publishers", "room.1", "room.2", "room.3"];
        assert_eq!(old.differences(&live), at_once);
        assert_eq!(live.differences(&new), ["control.http", "log.format"]);
        assert!(old.differences(&old).is_empty());
    }
}
