//! News for the control half, taken one by one. Whatever was not taken stays where it is.

use crate::forward::Subscription;
use crate::id::LinkId;
use crate::link::Gcm;
use crate::media::{Media, Notice, SlowSource};
use crate::random::Random;
use crate::store::Table;
use crate::stream::Stream;
use crate::wire::Kind;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Gives news to `take`, one after the other, until there are no more or `take` gives one back; false in the latter
    /// case. A link's Closed is its last, and makes its place vacant.
    pub fn notices(&mut self, mut take: impl FnMut(Notice) -> Result<(), Notice>) -> bool {
        if !self.has_news {
            return true;
        }
        for place in 0..self.links.capacity() as u16 {
            let Some(id) = self.links.id_at(place) else { continue };
            if self.link_notices(id.into(), &mut take).is_none() {
                return false;
            }
        }
        for (_, conversation) in self.conversations.iter_mut().filter(|(_, it)| it.dominant != it.told) {
            if let Some(stream) = conversation.dominant
                && take(Notice::Dominant { stream }).is_err()
            {
                return false;
            }
            conversation.told = conversation.dominant;
        }
        self.has_news = false;
        true
    }

    fn link_notices(&mut self, link: LinkId, take: &mut impl FnMut(Notice) -> Result<(), Notice>) -> Option<()> {
        let state = self.links.get_mut(link)?;
        if let Some(reason) = state.closed {
            take(Notice::Closed { link, reason }).ok()?;
            self.links.remove(link);
            return Some(());
        }
        if state.news.route {
            if let Some(route) = state.ice.route() {
                take(Notice::Route { link, route: *route }).ok()?;
            }
            state.news.route = false;
        }
        if state.news.connected {
            take(Notice::Connected { link }).ok()?;
            state.news.connected = false;
        }
        if state.news.up && state.ice.route().is_some() {
            take(Notice::Up { link }).ok()?;
            state.news.up = false;
        }
        if state.news.traffic {
            let mut at = state.streams;
            while let Some(stream) = self.streams.at(at) {
                at = stream.next_of_link;
                take(Notice::Arrived { stream: stream.parameters.stream, traffic: stream.traffic }).ok()?;
            }
            at = state.subscriptions;
            while let Some(entry) = self.subscriptions.at(at) {
                at = entry.next_of_link;
                let (subscription, traffic) = (entry.parameters.subscription, entry.traffic);
                let delivery = entry.delivery(&self.streams, state.bandwidth.bitrate_bps());
                take(Notice::Sent { subscription, traffic, delivery }).ok()?;
            }
            state.news.traffic = false;
        }
        if state.news.slow {
            let mut at = state.streams;
            while let Some(stream) = self.streams.at_mut(at) {
                at = stream.next_of_link;
                let source = SlowSource::Stream(stream.parameters.stream);
                tell_slow(source, &mut stream.slow_packets, take)?;
            }
            at = state.subscriptions;
            while let Some(entry) = self.subscriptions.at_mut(at) {
                at = entry.next_of_link;
                let source = SlowSource::Subscription(entry.parameters.subscription);
                tell_slow(source, &mut entry.slow_packets, take)?;
            }
            state.news.slow = false;
        }
        if state.news.talking {
            let mut at = state.streams;
            while let Some(stream) = self.streams.at_mut(at) {
                at = stream.next_of_link;
                let (id, speech) = (stream.parameters.stream, &mut stream.speech);
                if speech.talking != speech.told {
                    let (talking, average_centi) = (speech.talking, speech.average_centi);
                    take(Notice::Talking { stream: id, talking, average_centi }).ok()?;
                    speech.told = talking;
                }
            }
            state.news.talking = false;
        }
        if state.news.layers {
            let mut at = state.subscriptions;
            while let Some(entry) = self.subscriptions.at_mut(at) {
                at = entry.next_of_link;
                tell_layers(entry, &self.streams, take)?;
            }
            state.news.layers = false;
        }
        if state.news.paused {
            let mut at = state.subscriptions;
            while let Some(entry) = self.subscriptions.at_mut(at) {
                at = entry.next_of_link;
                let (subscription, is_paused) = (entry.parameters.subscription, entry.selector.granted().is_none());
                if is_paused != entry.selector.told_paused {
                    take(Notice::Paused { subscription, is_paused }).ok()?;
                    entry.selector.told_paused = is_paused;
                }
            }
            state.news.paused = false;
        }
        if state.news.needs {
            let mut at = state.streams;
            while let Some(stream) = self.streams.at_mut(at) {
                at = stream.next_of_link;
                let layers = stream.need.layers();
                let is_told = stream.parameters.codec.kind() == Kind::Audio || stream.need.told == Some(layers);
                if !is_told {
                    take(Notice::Needed { stream: stream.parameters.stream, layers }).ok()?;
                    stream.need.told = Some(layers);
                }
            }
            state.news.needs = false;
        }
        if state.news.receiving {
            let mut at = state.streams;
            state.news.receiving = false;
            while let Some(stream) = self.streams.at_mut(at) {
                at = stream.next_of_link;
                if stream.receiving != stream.told_receiving {
                    let notice = Notice::Receiving { stream: stream.parameters.stream, receiving: stream.receiving };
                    if take(notice).is_err() {
                        state.news.receiving = true;
                        return None;
                    }
                    stream.told_receiving = stream.receiving;
                }
            }
        }
        Some(())
    }
}

/// Tells which layers a subscription is sent if they are others than it was told.
fn tell_layers(
    subscription: &mut Subscription,
    streams: &Table<'_, Stream>,
    take: &mut impl FnMut(Notice) -> Result<(), Notice>,
) -> Option<()> {
    let source = subscription.rewriter.source();
    let Some(source) = source.filter(|source| subscription.parameters.stream == Some(source.stream)) else {
        return Some(());
    };
    let Some(stream) = streams.get(source.stream) else { return Some(()) };
    let layers = subscription.selector.sent_layers(source, stream);
    if layers != subscription.selector.told {
        let subscription_id = subscription.parameters.subscription;
        take(Notice::Layers { subscription: subscription_id, stream: source.stream, layers }).ok()?;
        subscription.selector.told = layers;
    }
    Some(())
}

/// Tells the lost packets of an m-line if they are many; nothing if there is no place for a notice.
fn tell_slow(
    source: SlowSource,
    slow_packets: &mut u32,
    take: &mut impl FnMut(Notice) -> Result<(), Notice>,
) -> Option<()> {
    if *slow_packets > 0 {
        take(Notice::SlowLink { source, lost_packets: *slow_packets }).ok()?;
        *slow_packets = 0;
    }
    Some(())
}
