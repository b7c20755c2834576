//! The state of one PeerConnection.

use heapless::Vec;

use crate::drops::Drop;
use crate::id::StreamId;
use crate::link::{
    Arrivals, Bandwidth, Expiry, Gcm, IceAgent, IncomingIndex, Ingress, Pacer, Patience, ReceiverClocks, Route,
    SrtpSession, Tap,
};
use crate::store::{Queue, list};
use crate::time::Instant;

/// The most SSRCs that one peer may send at once.
pub const INCOMING_SOURCES: usize = 24;

/// One PeerConnection.
pub struct Link<G: Gcm> {
    /// Addresses, checks, consent.
    pub ice: IceAgent,
    /// What stands in place of ICE where the peer is another box.
    pub ingress: Option<Ingress>,
    /// Keys, once DTLS gave them.
    pub srtp: Option<SrtpSession<G>>,
    /// The SSRCs that the peer sends.
    pub sources: Vec<IncomingSource, INCOMING_SOURCES>,
    /// Packets that wait to be sealed and sent, as the pacer allows.
    pub queue: Queue,
    /// Those that go before them and wait for nothing: audio.
    pub urgent: Queue,
    /// When they may leave.
    pub pacer: Pacer,
    /// The next link that has such packets.
    pub next_pending: u16,
    /// Whether it is among the links that have such packets.
    pub is_pending: bool,
    /// The first stream that it publishes.
    pub streams: u16,
    /// The first subscription that it receives.
    pub subscriptions: u16,
    /// Arrivals to report by transport-wide feedback.
    pub arrivals: Arrivals,
    /// What the way to the peer carries.
    pub bandwidth: Bandwidth,
    /// The transport-wide number of the next packet we send.
    pub transport_sequence: u16,
    /// The SSRC under which we send feedback.
    pub feedback_ssrc: u32,
    /// What was negotiated and measured about feedback.
    pub feedback: LinkFeedback,
    /// What is copied of its packets, while somebody looks.
    pub tap: Option<Tap>,
    /// What the control half has yet to be told.
    pub news: News,
    /// Why it ended. Its place is vacant only when the control half knows.
    pub closed: Option<CloseReason>,
    /// When something of it is due.
    pub due: Instant,
}

/// An SSRC of the peer.
#[derive(Clone, Debug)]
pub struct IncomingSource {
    /// The SSRC.
    pub ssrc: u32,
    /// Its roll-over counter and replay window.
    pub index: IncomingIndex,
    /// Where it belongs; nowhere when its m-line ended or went on under another SSRC. It is remembered all the same,
    /// for should it come back, its roll-over counter could not be learned again.
    pub place: Option<SourcePlace>,
}

/// Where the packets of an SSRC belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// The stream.
    pub stream: StreamId,
    /// The layer of that stream.
    pub layer: u8,
    /// Whether it carries retransmissions (RFC 4588).
    pub repair: bool,
}

/// The timers and bounds of a link's RTCP.
#[derive(Clone, Debug, Default)]
pub struct LinkFeedback {
    /// Whether the peer takes RTCP that is not compound (RFC 5506).
    pub reduced_size: bool,
    /// When sender and receiver reports are due.
    pub report_due: Instant,
    /// When transport-wide feedback is due, if something arrived.
    pub arrivals_due: Instant,
    /// When the next REMB is due.
    pub bitrate_due: Instant,
    /// The bound that REMB tells; 0 for none.
    pub bitrate_bps: u32,
    /// Whether the peer is told not to send what nobody gets.
    pub follows_need: bool,
    /// When it is looked who gets something.
    pub need_due: Instant,
    /// How many REMBs are left of the ramp at the start.
    pub ramp: u8,
    /// When what the way carries is shared anew.
    pub allocation_due: Instant,
    /// Packets that were sent again as padding, wrapping.
    pub paddings: u8,
    /// The last measured round trip.
    pub round_trip_us: u32,
    /// Reports since the link is up.
    pub seconds: u16,
    /// What the peer's receivers said about their clocks since the last report.
    pub clocks: ReceiverClocks,
    /// How long its receivers are to wait for what is sent again.
    pub patience: Patience,
    /// Repetitions that may still be sent before the next report: the bound of what NACKs can cause.
    pub repetitions_left: u32,
}

/// Why a link closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The control half asked.
    Asked,
    /// The peer stopped its consent checks (RFC 7675).
    Consent,
    /// No address was validated in time.
    NeverConnected,
    /// The shard has no place for the link.
    Full,
    /// Another box sent nothing for too long.
    Silent,
}

/// What happened to a link and was not told yet. A flag stays until it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The way to the peer is another.
    pub route: bool,
    /// ICE validated an address.
    pub connected: bool,
    /// Media can flow.
    pub up: bool,
    /// Many packets of one of its streams or subscriptions were lost.
    pub slow: bool,
    /// What passed through its m-lines.
    pub traffic: bool,
    /// One of its streams began or ceased to receive.
    pub receiving: bool,
    /// Talking began or ended on one of its streams.
    pub talking: bool,
    /// One of its subscriptions is sent other layers.
    pub layers: bool,
    /// Other encodings of one of its streams are needed.
    pub needs: bool,
    /// One of its subscriptions is paused for want of bandwidth, or is no longer.
    pub paused: bool,
}

impl<G: Gcm> Link<G> {
    /// A link that waits for its first check.
    pub fn new(ice: IceAgent, reduced_size: bool, random: u32, now: Instant) -> Self {
        Self {
            ice,
            ingress: None,
            srtp: None,
            sources: Vec::new(),
            queue: Queue::EMPTY,
            urgent: Queue::EMPTY,
            pacer: Pacer::default(),
            next_pending: list::END,
            is_pending: false,
            streams: list::END,
            subscriptions: list::END,
            arrivals: Arrivals::default(),
            bandwidth: Bandwidth::new(now),
            transport_sequence: random as u16,
            feedback_ssrc: random | 1,
            feedback: LinkFeedback { reduced_size, report_due: now, bitrate_due: now, ..LinkFeedback::default() },
            tap: None,
            news: News::default(),
            closed: None,
            due: now,
        }
    }

    /// The source with this SSRC, if it is known.
    pub fn source(&mut self, ssrc: u32) -> Option<&mut IncomingSource> {
        self.sources.iter_mut().find(|source| source.ssrc == ssrc)
    }

    /// Puts an SSRC at `place`, and takes whichever was there away. When too many are remembered, the oldest that
    /// belongs nowhere makes room; false if there is none.
    pub fn place_source(&mut self, ssrc: u32, index: IncomingIndex, place: SourcePlace) -> bool {
        self.forget_places(|other| other == place);
        if let Some(source) = self.source(ssrc) {
            source.place = Some(place);
            return true;
        }
        if self.sources.is_full() {
            let Some(oldest) = self.sources.iter().position(|source| source.place.is_none()) else { return false };
            self.sources.remove(oldest);
        }
        self.sources.push(IncomingSource { ssrc, index, place: Some(place) }).is_ok()
    }

    /// Has the SSRCs at places that are `gone` belong nowhere.
    pub fn forget_places(&mut self, gone: impl Fn(SourcePlace) -> bool) {
        for source in &mut self.sources {
            source.place = source.place.filter(|place| !gone(*place));
        }
    }

    /// Moves the time at which something is due forward to `due`.
    pub fn due_by(&mut self, due: Instant) {
        self.due = self.due.min(due);
    }

    /// Whether packets can be protected and sent.
    pub fn is_up(&self) -> bool {
        self.ingress.is_some() || self.srtp.is_some() && self.ice.route().is_some()
    }

    /// Where RTCP to the peer goes, once that is known.
    pub fn feedback_route(&self) -> Option<Route> {
        match &self.ingress {
            Some(ingress) => ingress.feedback().copied(),
            None => self.ice.route().copied(),
        }
    }

    /// When [`Self::expired`] will say something if nothing comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.ingress.as_ref().map(Ingress::deadline).or_else(|| self.ice.deadline())
    }

    /// Why the link must close, if it must.
    pub fn expired(&self, now: Instant) -> Option<CloseReason> {
        match &self.ingress {
            Some(ingress) => (ingress.deadline() <= now).then_some(CloseReason::Silent),
            None => self.ice.expired(now).map(|expiry| match expiry {
                Expiry::Consent => CloseReason::Consent,
                Expiry::NeverConnected => CloseReason::NeverConnected,
            }),
        }
    }

    /// Opens RTP of the peer: how long it is in clear, its index, and where its SSRC belongs, as far as known. What is
    /// remembered of an SSRC that is not is left in `new`.
    pub fn open_rtp(
        &mut self,
        packet: &mut [u8],
        ssrc: u32,
        new: &mut IncomingIndex,
    ) -> Result<(usize, u64, Option<SourcePlace>), Drop> {
        let known = self.sources.iter_mut().find(|source| source.ssrc == ssrc);
        let (state, place) = known.map_or((new, None), |source| (&mut source.index, source.place));
        let (len, index) = match (&self.srtp, &self.ingress) {
            (Some(srtp), _) => srtp.open_rtp(packet, state)?,
            (None, Some(ingress)) if !ingress.is_sealed => state.take_plain(packet)?,
            _ => return Err(Drop::NoKeys),
        };
        Ok((len, index, place))
    }

    /// Opens RTCP of the peer and says how long it is in clear.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Drop> {
        match (&mut self.srtp, &self.ingress) {
            (Some(srtp), _) => srtp.open_rtcp(packet),
            (None, Some(ingress)) if !ingress.is_sealed => Ok(packet.len()),
            _ => Err(Drop::NoKeys),
        }
    }

    /// Seals the `len` bytes of RTCP at the start of `packet` and says how long it is then.
    pub fn seal_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, Drop> {
        match (&mut self.srtp, &self.ingress) {
            (Some(srtp), _) => srtp.seal_rtcp(packet, len),
            (None, Some(ingress)) if !ingress.is_sealed => Ok(len),
            _ => Err(Drop::NoKeys),
        }
    }
}
