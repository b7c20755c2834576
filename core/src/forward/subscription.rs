//! One m-line of a subscriber: what it is fed with and what it was sent.

use crate::forward::SubscriptionParameters;
use crate::forward::fan_out::incoming;
use crate::forward::select::Choice;
use crate::forward::{
    Changes, Delivery, Framing, Grant, LimitedBy, Placement, Queued, Redundancy, Repetitions, Rewriter, RtxFraming,
    Selector, Sending, Sent, SentRing, Source, Turn,
};
use crate::link::Patience;
use crate::store::{PacketId, Table, list};
use crate::stream::{Facts, Stream, Traffic};
use crate::time::Instant;
use crate::wire::Kind;

/// One m-line of a subscriber.
pub struct Subscription {
    /// What was agreed on.
    pub parameters: SubscriptionParameters,
    /// Numbers of the outgoing stream.
    pub rewriter: Rewriter,
    /// What can be asked for again.
    pub sent: SentRing,
    /// The next subscription of the same stream.
    pub next_of_stream: u16,
    /// Packets that the peer asked for again since the last report.
    pub nacked_packets: u32,
    /// So many, where they were too many, until it was told.
    pub slow_packets: u32,
    /// The next subscription of the same link.
    pub next_of_link: u16,
    /// Which layers it gets.
    pub selector: Selector,
    /// Why it is granted less than it could be sent, if it is.
    pub narrowed: LimitedBy,
    /// How often its peer is told the same sound.
    pub redundancy: Redundancy,
    /// The sequence number of the next retransmission under RTX, extended.
    pub rtx_index: u64,
    /// What was sent.
    pub traffic: Traffic,
    /// The publisher's wall clock in the last sender report, its middle 32 bits, and when we sent it: the round trip
    /// comes from these.
    pub reported: Option<(u32, Instant)>,
}

impl Subscription {
    /// A subscription whose first sequence numbers come from `random`.
    pub fn new(parameters: SubscriptionParameters, random: u32) -> Self {
        let selector = Selector::new(parameters.layers);
        let mut subscription = Self {
            parameters,
            rewriter: Rewriter::new(0),
            sent: SentRing::new(0),
            next_of_stream: list::END,
            next_of_link: list::END,
            selector,
            narrowed: LimitedBy::Nothing,
            nacked_packets: 0,
            slow_packets: 0,
            redundancy: Redundancy::default(),
            rtx_index: 0,
            traffic: Traffic::default(),
            reported: None,
        };
        subscription.restart(random);
        subscription
    }

    /// Begins anew, as if nothing had been sent: nothing was. The first sequence numbers come from `random`.
    pub fn restart(&mut self, random: u32) {
        self.rewriter = Rewriter::new(random as u16);
        self.sent = SentRing::new(self.rewriter.newest());
        self.rtx_index = u64::from((random >> 16) & 0x7fff);
    }

    /// Takes changed parameters. What was sent under the old ones cannot be repeated byte for byte any more.
    pub fn configure(&mut self, parameters: SubscriptionParameters) {
        if parameters.active && !self.parameters.active {
            self.rewriter.interrupt();
        }
        self.selector.ceiling = parameters.layers;
        self.parameters = parameters;
        self.sent = SentRing::new(self.rewriter.newest());
    }

    /// Chooses for a packet of `source`, and places it where it is sent. The place of the subscription is left open.
    pub fn choose(
        &mut self,
        (source, stream): (Source, &Stream),
        (packet, facts): (PacketId, &Facts),
        now: Instant,
    ) -> (Choice, Option<Queued>) {
        let choice = self.selector.choose(&mut self.rewriter, (source, stream), facts, now);
        let clock_rate_hz = stream.parameters.codec.clock_rate_hz();
        let incoming = incoming(facts, (source, stream), self.rewriter.source());
        let (placement, is_empty) = match choice {
            Choice::Take { .. } => (self.rewriter.place(source, incoming, now, clock_rate_hz), false),
            Choice::LeaveOut | Choice::LeaveOutAndWant => (self.rewriter.leave_out(source, incoming), true),
            Choice::Leave | Choice::WantKeyframe => (None, false),
        };
        let queued = placement.map(|Placement { index, splice, picture }| {
            let ends_picture = facts.marker || matches!(choice, Choice::Take { ends_picture: true, .. });
            let changes = Changes { picture, marker: ends_picture && !is_empty, is_empty, earlier: 0 };
            let turn = Turn::of(stream.parameters.codec.kind());
            Queued { packet, subscription: 0, splice, index, changes, sending: Sending::First, turn }
        });
        (choice, queued)
    }

    /// The way to its subscriber allows this; `None`: nothing. True if a pause ends, and a keyframe is needed.
    pub fn grant(&mut self, granted: Option<Grant>, now: Instant) -> bool {
        let resumes = self.selector.grant(granted, now);
        if resumes {
            self.rewriter.interrupt();
        }
        resumes
    }

    /// Its peer told which part of its packets was lost, in 256ths. More is sent only where there is room.
    pub fn note_loss(&mut self, fraction_lost: u8, bitrate_bps: Option<u32>, streams: &Table<'_, Stream>) {
        let stream = self.parameters.stream.and_then(|stream| streams.get(stream));
        let audio_bps = stream.and_then(|stream| stream.encodings.first()?.rates.bitrate_bps((0, 0)));
        let most = bitrate_bps.map(|bitrate_bps| bitrate_bps / SPARE / audio_bps.unwrap_or(0).max(1));
        let sent = Repetitions { packets: self.traffic.packets, nacks: self.traffic.nacks };
        self.redundancy.report(fraction_lost, sent, most.map(|most| u8::try_from(most).unwrap_or(u8::MAX)));
    }

    /// How many earlier payloads packets of `stream` carry again: as its publisher has it, or more where much is lost.
    pub fn redundancy_of(&self, stream: &Stream) -> u8 {
        let is_possible = self.parameters.red_payload_type.is_some() && !stream.parameters.is_end_to_end;
        if is_possible { self.redundancy.count(stream.redundant_payloads) } else { 0 }
    }

    /// What it is sent less of than there is, and why, where the way to its subscriber carries so much.
    pub fn delivery(&self, streams: &Table<'_, Stream>, way_bps: Option<u32>) -> Delivery {
        let stream = self.parameters.stream.and_then(|stream| streams.get(stream));
        let limited_by = match self.narrowed {
            LimitedBy::Nothing if stream.is_some_and(|stream| self.is_asked_less(stream)) => LimitedBy::Request,
            // Sound is never narrowed.
            _ if stream.is_none_or(|stream| stream.parameters.codec.kind() == Kind::Audio) => LimitedBy::Nothing,
            narrowed => narrowed,
        };
        Delivery { limited_by, way_bps }
    }

    /// Whether its client asked for less than `stream` has.
    fn is_asked_less(&self, stream: &Stream) -> bool {
        let ceiling = self.selector.ceiling;
        let last = (stream.encodings.len() as u8).saturating_sub(1);
        let sent = self.rewriter.source().map(|source| self.selector.sent_layers(source, stream)).unwrap_or_default();
        let is_below = |ceiling: u8, sent: Option<u8>| sent.is_some() && ceiling < HIGHEST_LAYER;
        ceiling.encoding < last || is_below(ceiling.spatial, sent.spatial) || is_below(ceiling.temporal, sent.temporal)
    }

    /// How its packets are written.
    pub fn framing(&self, patience: Patience) -> Framing<'_> {
        let SubscriptionParameters { ssrc, payload_type, mid, extensions, playout_delay, .. } = &self.parameters;
        let rtx = self.rtx().map(|(ssrc, payload_type)| RtxFraming { ssrc, payload_type, index: self.rtx_index });
        // Without RTX, a repetition must have the bytes of the first time.
        let playout_delay = playout_delay.or_else(|| patience.playout_delay().filter(|_| rtx.is_some()));
        Framing { ssrc: *ssrc, payload_type: *payload_type, mid, extensions, playout_delay, rtx }
    }

    /// Whether retransmissions have a stream of their own (RFC 4588).
    pub fn rtx(&self) -> Option<(u32, u8)> {
        self.parameters.rtx_ssrc.zip(self.parameters.rtx_payload_type)
    }

    /// How a packet goes out again: as RTX where that was negotiated.
    pub fn sending_again(&self, sent: &Sent) -> Sending {
        match self.rtx() {
            Some(_) => Sending::Rtx,
            None => Sending::Repeat { transport_sequence: sent.transport_sequence },
        }
    }
}

/// Of three spatial or temporal layers, the last.
const HIGHEST_LAYER: u8 = 2;

/// Of what the way carries, earlier sound has this part.
const SPARE: u32 = 8;
