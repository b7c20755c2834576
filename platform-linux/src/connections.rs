//! Places of clients: who is connected, and where what is said to them waits.

use std::rc::Rc;

use parlor_core::control::Transport;
use parlor_core::id::ConnectionId;

use crate::control::Api;
use crate::outgoing::Outgoing;

/// Places of clients.
pub(crate) struct Connections {
    places: Vec<Place>,
    count: usize,
}

#[derive(Default)]
pub(crate) struct Place {
    generation: u16,
    kind: Option<(Api, Transport)>,
    pub(crate) outgoing: Option<Rc<Outgoing>>,
    /// Whether it is made for one request, and goes on only as the place where a session's events wait.
    is_mailbox: bool,
    /// The session whose events wait here.
    pub(crate) session: Option<u64>,
}

impl Connections {
    /// So many vacant places.
    pub(crate) fn new(count: u16) -> Self {
        Self { places: (0..count).map(|_| Place::default()).collect(), count: 0 }
    }

    /// How many are taken.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// How many are taken by this API over this transport.
    pub(crate) fn count(&self, kind: (Api, Transport)) -> usize {
        let taken = self.places.iter().filter(|place| place.outgoing.is_some());
        taken.filter(|place| place.kind == Some(kind)).count()
    }

    /// Takes a place; nothing if there is none.
    pub(crate) fn open(
        &mut self,
        kind: (Api, Transport),
        outgoing: Rc<Outgoing>,
        is_mailbox: bool,
    ) -> Option<ConnectionId> {
        let index = self.places.iter().position(|place| place.outgoing.is_none())?;
        let place = &mut self.places[index];
        let generation = place.generation.wrapping_add(1);
        *place = Place { generation, kind: Some(kind), outgoing: Some(outgoing), is_mailbox, session: None };
        self.count += 1;
        Some(ConnectionId::new(index as u16, generation))
    }

    /// Gives a place back.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        if self.outgoing(id).is_some() {
            self.places[usize::from(id.index)].outgoing = None;
            self.count -= 1;
        }
    }

    /// The place `id`, unless another has it.
    pub(crate) fn place(&self, id: ConnectionId) -> Option<&Place> {
        self.places.get(usize::from(id.index)).filter(|place| place.generation == id.generation)
    }

    /// What is said to `id`.
    pub(crate) fn outgoing(&self, id: ConnectionId) -> Option<&Outgoing> {
        self.place(id)?.outgoing.as_deref()
    }

    /// The place of `id`, if it can hold a session's events.
    pub(crate) fn mailbox(&mut self, id: ConnectionId) -> Option<&mut Place> {
        let place = self.places.get_mut(usize::from(id.index))?;
        (place.generation == id.generation && place.is_mailbox).then_some(place)
    }
}
