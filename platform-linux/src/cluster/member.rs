//! This box as a member of its cluster: looks ten times a second at what changed here, and takes what others say.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use parlor_core::id::HandleId;
use parlor_core::room::Name;

use super::message::Wants;
use super::ours::Ours;
use super::theirs::Theirs;
use super::topics::{self, Topic, Topics};
use super::{PUBLISHER_BYTES, count};
use crate::control::ControlTask;
use crate::random::SystemSource;

/// How often this box says that it is there.
const PRESENCE: Duration = Duration::from_millis(400);

/// The most rooms that are asked for in one packet.
const FILTERS: usize = 32;

/// What the broker is to be told.
pub(super) enum Message {
    /// Everything at these topics is to be heard.
    Follow(Vec<String>),
    /// That is enough of them.
    Unfollow(Vec<String>),
    /// Others are to hear this.
    Say(Said),
}

/// Something for others.
pub(super) struct Said {
    pub(super) topic: String,
    /// Nothing, to have the broker forget what it kept there.
    pub(super) text: Vec<u8>,
    pub(super) kept: Kept,
}

/// How long the broker keeps something for those who come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Not,
    UntilTheEnd,
    /// Some seconds, within which it is said again.
    ForAWhile,
}

/// A member of a cluster.
pub(super) struct Member {
    topics: Topics,
    ours: Ours,
    theirs: Theirs,
    /// The rooms that span boxes; empty: all.
    selected: Vec<String>,
    /// Those of them that are here, as the broker knows.
    rooms: Vec<Name>,
    /// When it was last said that this box is there; nothing without a broker.
    present: Option<Instant>,
    random: SystemSource,
    control: Rc<ControlTask>,
}

impl Member {
    /// A box that knows nobody, in a life called `instance`.
    pub(super) fn new(
        topics: Topics,
        instance: String,
        selected: Vec<String>,
        most_feeds: usize,
        control: Rc<ControlTask>,
    ) -> Self {
        let (ours, theirs) = (Ours::new(instance), Theirs::new(most_feeds));
        Self { topics, ours, theirs, selected, rooms: Vec::new(), present: None, random: SystemSource::new(), control }
    }

    /// What its topics are called.
    pub(super) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The broker is there, and knows nothing of us.
    pub(super) fn connect(&mut self, now: Instant) -> Vec<Message> {
        self.control.cluster().is_connected.set(true);
        self.rooms.clear();
        self.ours.tell_all_again(now);
        self.theirs.connect(now);
        // What is told of publishers comes first: a box that is there has told of them.
        self.present = Some(now);
        vec![Message::Follow(self.topics.always().into())]
    }

    /// It is not there any more.
    pub(super) fn disconnect(&mut self) {
        self.control.cluster().is_connected.set(false);
        self.present = None;
        self.theirs.disconnect();
    }

    /// Does what is due, and gives what is to be said. Media of others shall come to `address`.
    pub(super) fn tick(&mut self, now: Instant, address: IpAddr) -> Vec<Message> {
        let mut messages = Vec::new();
        self.follow_rooms(&mut messages);
        self.tell(now, &mut messages);
        let mut wanted: Vec<HandleId> = Vec::new();
        self.control.with(|control, _, _| control.wanted_of_boxes(|handle| wanted.push(handle)));
        wanted.sort_unstable();
        wanted.dedup();
        let control = Rc::clone(&self.control);
        let counts = control.cluster();
        self.theirs.tick(now, &wanted, &mut self.random, &mut self.control, counts);
        if self.present.is_some() {
            self.ours.end_leases(now, &mut self.control);
            for (owner, wants) in self.theirs.wants(now, address) {
                let topic = self.topics.wants_of(&owner);
                messages.push(say(topic, wants.written().into_bytes(), Kept::Not));
            }
        }
        self.ours.count(counts);
        messages
    }

    /// Something came by `topic`.
    pub(super) fn hear(&mut self, now: Instant, topic: &str, text: &[u8], is_kept: bool) {
        let control = Rc::clone(&self.control);
        let counts = control.cluster();
        let is_ours = |owner: &str| owner == self.topics.own();
        match self.topics.read(topic) {
            Some(Topic::Box(name)) if is_ours(name) => {}
            Some(Topic::Box(name)) if text.is_empty() => self.theirs.lose(now, name),
            Some(Topic::Box(name)) => match std::str::from_utf8(text).ok().filter(|text| topics::is_instance(text)) {
                // What the broker kept says nothing about now.
                Some(_) if is_kept => {}
                Some(instance) => self.theirs.hear(now, name, instance, counts),
                None => count(&counts.malformed),
            },
            Some(Topic::Publisher(_, key)) if is_ours(&key.owner) => {}
            Some(Topic::Publisher(_, key)) if text.is_empty() => self.theirs.forget(&key, &mut self.control),
            Some(Topic::Publisher(room, key)) => {
                let room = self.rooms.iter().find(|known| topics::written(**known) == room);
                match room {
                    Some(room) if text.len() <= PUBLISHER_BYTES => {
                        self.theirs.show(now, key, (*room, text), &mut self.control, counts);
                    }
                    Some(_) => count(&counts.malformed),
                    // It went while this came.
                    None => {}
                }
            }
            Some(Topic::Wants(from)) => match Wants::read(text) {
                Some(wants) => self.ours.send(now, from, wants, &mut self.control, counts),
                None => count(&counts.malformed),
            },
            None => count(&counts.malformed),
        }
    }

    /// Hears of the rooms that are here, and of no others.
    fn follow_rooms(&mut self, messages: &mut Vec<Message>) {
        let mut rooms: Vec<Name> = self.control.with(|control, _, _| control.rooms().collect());
        rooms.retain(|room| self.spans(*room));
        let gone: Vec<Name> = self.rooms.extract_if(.., |room| !rooms.contains(room)).collect();
        for room in &gone {
            self.theirs.forget_room(*room, &mut self.control);
        }
        if self.present.is_none() {
            // They are asked for once there is a broker.
            return;
        }
        rooms.retain(|room| !self.rooms.contains(room));
        let filters = |rooms: &[Name]| rooms.iter().map(|room| self.topics.of_room(*room)).collect();
        messages.extend(gone.chunks(FILTERS).map(|gone| Message::Unfollow(filters(gone))));
        messages.extend(rooms.chunks(FILTERS).map(|new| Message::Follow(filters(new))));
        self.rooms.extend(rooms);
    }

    /// Says who is here, and that this box is.
    fn tell(&mut self, now: Instant, messages: &mut Vec<Message>) {
        let mut own = Vec::new();
        self.control.with(|control, _, _| {
            control.own_publishers(|it| own.push((it.number, it.room, it.shown.to_vec())));
        });
        own.retain(|(_, room, _)| self.spans(*room));
        own.iter().for_each(|(number, room, shown)| self.ours.see(*number, *room, shown));
        let told = self.ours.tell(now, &self.topics, &mut self.control);
        let Some(present) = self.present else { return };
        for (topic, text) in told {
            messages.push(say(topic, text.unwrap_or_default(), Kept::ForAWhile));
        }
        if now >= present {
            self.present = Some(now + PRESENCE);
            messages.push(say(self.topics.presence(), self.ours.instance().into(), Kept::UntilTheEnd));
        }
    }

    fn spans(&self, room: Name) -> bool {
        self.selected.is_empty() || self.selected.iter().any(|selected| *selected == room.written().as_str())
    }
}

fn say(topic: String, text: Vec<u8>, kept: Kept) -> Message {
    Message::Say(Said { topic, text, kept })
}
