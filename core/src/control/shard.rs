//! What the control half knows about a shard: the names of its links, streams and subscriptions, and who has them.

use super::error::Refusal;
use super::memory::ShardMemory;
use super::shedding::Load;
use crate::id::{CascadeId, HandleId, LinkId, StreamId, SubscriptionId};
use crate::media::Delivery;
use crate::room::{
    Cascade, CascadedStream, DataSource, PublishedStream, Relayed, Remote, StreamPlace, SubscribedStream,
};
use crate::sdp::MediaKind;
use crate::store::Table;
use crate::stream::Traffic;
use crate::time::Instant;

/// A link's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkEntry {
    /// Whose; `None` where it is no participant's, and from the moment it was told to close until the shard says that
    /// it did.
    pub(crate) handle: Option<HandleId>,
    /// Whether it is a publisher's.
    pub(crate) is_publishing: bool,
}

/// The tables of one shard.
pub(crate) struct Shard<'m> {
    pub(crate) links: Table<'m, LinkEntry>,
    pub(crate) streams: Table<'m, PublishedStream>,
    pub(crate) subscriptions: Table<'m, SubscribedStream>,
    /// Their places are those of the media half's relays.
    pub(crate) relays: Table<'m, Relayed>,
    /// Publishers that other boxes get.
    pub(crate) remotes: Table<'m, Remote>,
    pub(crate) data_sources: Table<'m, DataSource>,
    /// Publishers of other shards that are fed to it.
    pub(crate) cascades: Table<'m, Cascade>,
    /// How busy it is, and what is done about it.
    pub(crate) load: Load,
}

impl<'m> Shard<'m> {
    pub(crate) fn new(memory: ShardMemory<'m>) -> Self {
        Self {
            links: Table::new(memory.links),
            streams: Table::new(memory.streams),
            subscriptions: Table::new(memory.subscriptions),
            relays: Table::new(memory.relays),
            remotes: Table::new(memory.remotes),
            data_sources: Table::new(memory.data_sources),
            cascades: Table::new(memory.cascades),
            load: Load::default(),
        }
    }

    /// Keeps what arrived on a published m-line.
    pub(crate) fn note_arrived(&mut self, stream: StreamId, traffic: Traffic) {
        if let Some(entry) = self.streams.get_mut(stream) {
            entry.traffic = traffic;
        }
    }

    /// Keeps what was sent on an m-line of a subscriber.
    pub(crate) fn note_sent(&mut self, subscription: SubscriptionId, traffic: Traffic, delivery: Delivery) {
        if let Some(entry) = self.subscriptions.get_mut(subscription) {
            (entry.traffic, entry.delivery) = (traffic, delivery);
        }
    }

    /// Whether a subscriber's m-line carries data.
    pub(crate) fn is_data(&self, subscription: SubscriptionId) -> bool {
        self.subscriptions.get(subscription).is_some_and(|it| it.kind == MediaKind::Application)
    }

    /// How many subscribers of this shard get an m-line, or what is said on it.
    pub(crate) fn watchers_of(&self, place: StreamPlace) -> usize {
        let media = self.subscriptions.iter().filter(|(_, subscription)| subscription.source == Some(place));
        let data = self.data_sources.iter().filter(|(_, source)| source.stream == place);
        media.count() + data.count()
    }

    /// The publisher of another shard, as they are here.
    pub(crate) fn cascade_of(&self, handle: HandleId) -> Option<CascadeId> {
        self.cascades.iter().find(|(_, cascade)| cascade.handle == handle).map(|(id, _)| id.into())
    }

    /// The m-line of another shard that is called `stream` here.
    pub(crate) fn cascaded_mut(&mut self, stream: StreamId) -> Option<(CascadeId, &mut CascadedStream)> {
        self.cascades.iter_mut().find_map(|(id, cascade)| {
            let cascaded = cascade.streams.iter_mut().find(|it| it.stream == stream)?;
            Some((id.into(), cascaded))
        })
    }

    /// Notes which m-lines of other shards somebody of this one, number `own`, watches now.
    pub(crate) fn note_watched(&mut self, own: u8, now: Instant) {
        for (_, subscription) in self.subscriptions.iter() {
            let Some(place) = subscription.source.filter(|place| place.shard != own) else { continue };
            let mut cascades = self.cascades.iter_mut().filter(|(_, cascade)| cascade.home == place.shard);
            let known = cascades.find_map(|(_, it)| it.streams.iter_mut().find(|it| it.source == place.stream));
            if let Some(cascaded) = known {
                cascaded.used = now;
            }
        }
    }

    /// The published m-lines whose data a subscriber's m-line gets.
    pub(crate) fn data_sources_of(&self, subscription: SubscriptionId) -> impl Iterator<Item = StreamPlace> + Clone {
        let sources = self.data_sources.iter().map(|(_, source)| *source);
        sources.filter(move |it| it.subscription == subscription).map(|it| it.stream)
    }

    /// Ends what is meant.
    pub(crate) fn remove_data_sources(&mut self, is_meant: impl Fn(&DataSource) -> bool) {
        for index in 0..self.data_sources.capacity() as u16 {
            if self.data_sources.at(index).is_some_and(&is_meant)
                && let Some(id) = self.data_sources.id_at(index)
            {
                self.data_sources.remove(id);
            }
        }
    }

    /// How many links are free.
    pub(crate) fn free_links(&self) -> usize {
        self.links.capacity() - self.links.len()
    }

    /// Whether there is a link's place, of the `most` that publishers, or subscribers, may have.
    pub(crate) fn check_link(&self, is_publishing: bool, most: u16) -> Result<(), Refusal> {
        let name = if is_publishing { "publishers" } else { "subscribers" };
        let taken = self.links.iter().filter(|(_, entry)| entry.is_publishing == is_publishing).count();
        if taken >= usize::from(most) || self.free_links() == 0 {
            return Err(Refusal::full(name, usize::from(most)));
        }
        Ok(())
    }

    /// Takes a link's place for `handle`, or for no participant.
    pub(crate) fn take_link(
        &mut self,
        handle: Option<HandleId>,
        is_publishing: bool,
        most: u16,
    ) -> Result<LinkId, Refusal> {
        self.check_link(is_publishing, most)?;
        let entry = LinkEntry { handle, is_publishing };
        self.links.insert(entry).map(LinkId::from).map_err(|_| Refusal::full("links", usize::from(most)))
    }
}
