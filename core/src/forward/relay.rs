//! A stream on its way to a file, or to an address, as plain RTP or sealed with a key that was agreed on elsewhere: a
//! subscription without a PeerConnection. Nobody asks for its packets again, so they leave at once and are not
//! remembered.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::drops::Drop;
use crate::forward::fan_out::incoming;
use crate::forward::select::{self, Choice};
use crate::forward::{Changes, Framing, LayerCeiling, Leaving, Placement, Rewriter, Selector, Sending, write};
use crate::id::{RelayId, StreamId};
use crate::link::{
    Gcm, MasterKey, Outbox, PacketWay, Route, SrtpKeys, SrtpProfile, SrtpSession, Tap, TapExtent, TapReader,
};
use crate::store::list;
use crate::stream::{Facts, Stream};
use crate::time::Instant;
use crate::wire::ExtensionMap;

/// Where a stream goes, and how.
#[derive(Clone)]
pub struct RelayParameters {
    /// Its name.
    pub relay: RelayId,
    /// Its source. It ends with it.
    pub stream: StreamId,
    /// The layer that it gets; `None` for what a subscriber would get.
    pub layer: Option<u8>,
    /// Where packets go.
    pub destination: RelayDestination,
    /// The SSRC.
    pub ssrc: u32,
    /// The payload type.
    pub payload_type: u8,
    /// The header extensions of the publisher that are kept, by the publisher's numbers.
    pub extensions: ExtensionMap,
    /// Whether another shard gets it for more of the same room: they hear no more than everybody else, and
    /// [`Relay::needs`] says what of it they get.
    pub is_cascade: bool,
}

/// Where the packets of a relay go.
#[derive(Clone, Copy)]
pub enum RelayDestination {
    /// To an address.
    Address {
        /// Where packets go.
        remote: SocketAddr,
        /// Where reports go, and where requests for keyframes come from.
        rtcp: Option<SocketAddr>,
        /// What packets are sealed with, if they are.
        keys: Option<RelayKeys>,
    },
    /// To a file of the platform's.
    File,
}

impl RelayParameters {
    /// Where reports go, and where requests for keyframes come from.
    pub fn rtcp(&self) -> Option<SocketAddr> {
        match self.destination {
            RelayDestination::Address { rtcp, .. } => rtcp,
            RelayDestination::File => None,
        }
    }

    /// What packets are sealed with, if they are.
    pub fn keys(&self) -> Option<RelayKeys> {
        match self.destination {
            RelayDestination::Address { keys, .. } => keys,
            RelayDestination::File => None,
        }
    }
}

/// A key of both directions (RFC 4568 section 6.1), for AES-CM with HMAC-SHA1.
#[derive(Clone, Copy)]
pub struct RelayKeys {
    /// Key and salt.
    pub master: MasterKey,
    /// Whether RTP has tags of 32 bits instead of 80 (RFC 4568 section 6.2). RTCP always has those of 80.
    pub has_short_tags: bool,
}

impl RelayKeys {
    /// What seals and opens by them.
    pub fn session<G: Gcm>(&self) -> SrtpSession<G> {
        let keys = SrtpKeys { profile: SrtpProfile::Aes128CmSha1_80, local: self.master, remote: self.master };
        let session = SrtpSession::new(&keys);
        if self.has_short_tags { session.with_short_tags() } else { session }
    }
}

/// A stream on its way to an address or a file.
pub struct Relay<G: Gcm> {
    /// What was asked for.
    pub parameters: RelayParameters,
    /// Numbers of the outgoing stream.
    pub rewriter: Rewriter,
    /// The next relay of the same stream.
    pub next_of_stream: u16,
    /// For sender reports.
    pub packets_sent: u32,
    /// For sender reports: bytes of payload.
    pub octets_sent: u32,
    /// How many layers of the stream, from the lowest, are needed where it goes.
    needed_layers: u8,
    selector: Selector,
    srtp: Option<SrtpSession<G>>,
}

impl<G: Gcm> Relay<G> {
    /// A relay whose first sequence number is `first`.
    pub fn new(parameters: RelayParameters, first: u16) -> Self {
        let srtp = parameters.keys().map(|keys| keys.session());
        let encoding = parameters.layer.unwrap_or(LayerCeiling::NONE.encoding);
        let selector = Selector::new(LayerCeiling { encoding, ..LayerCeiling::NONE });
        Self {
            parameters,
            rewriter: Rewriter::new(first),
            next_of_stream: list::END,
            packets_sent: 0,
            octets_sent: 0,
            needed_layers: u8::MAX,
            selector,
            srtp,
        }
    }

    /// Whether this layer of the stream is needed where it goes.
    pub fn needs(&self, layer: u8) -> bool {
        layer < self.needed_layers
    }

    /// So many layers of the stream are needed from now on; true if something goes again that was held back.
    pub fn set_need(&mut self, layers: u8) -> bool {
        let lowest = self.parameters.layer.unwrap_or(0);
        let was_needed = self.needs(lowest);
        self.needed_layers = layers;
        let begins = !was_needed && self.needs(lowest);
        if begins {
            self.rewriter.interrupt();
        }
        begins
    }

    /// What came of the stream before packet `index` of `layer` and was not sent will not be: numbers close up over it.
    pub fn close_up(&mut self, (id, stream): (StreamId, &Stream), (layer, index): (u8, u64)) {
        self.rewriter.close_up(select::source_of(id, stream, layer), index);
    }

    /// Sends a packet of `layer` if it should go. Says whether it waits for a keyframe.
    pub fn send(
        &mut self,
        (id, stream): (StreamId, &Stream),
        layer: u8,
        (packet, facts): (&[u8], &Facts),
        now: Instant,
        outbox: &mut impl Outbox,
    ) -> Result<Choice, Drop> {
        let wanted = self.parameters.layer;
        if wanted.is_some_and(|wanted| wanted != layer) || !self.needs(wanted.unwrap_or(0)) {
            return Ok(Choice::Leave);
        }
        let source = select::source_of(id, stream, layer);
        let choice = self.selector.choose(&mut self.rewriter, (source, stream), facts, now);
        if !matches!(choice, Choice::Take { .. }) {
            return Ok(choice);
        }
        let clock_rate_hz = stream.parameters.codec.clock_rate_hz();
        let incoming = incoming(facts, (source, stream), self.rewriter.source());
        let placement = self.rewriter.place(source, incoming, now, clock_rate_hz).ok_or(Drop::Stale)?;
        let splice = self.rewriter.splice(placement.splice).ok_or(Drop::Stale)?;
        let Placement { index, picture, .. } = placement;
        let changes = Changes { picture, marker: facts.marker, ..Changes::default() };
        let leaving = Leaving { sending: Sending::First, index, changes, transport_sequence: 0, now, redundant: None };
        let buffer = outbox.lend();
        let written = write((packet, facts), &self.framing(), &splice, leaving, buffer).ok_or(Drop::TooLong)?;
        self.packets_sent = self.packets_sent.wrapping_add(1);
        self.octets_sent = self.octets_sent.wrapping_add((written.len - written.header_len) as u32);
        let RelayDestination::Address { remote, .. } = self.parameters.destination else {
            let copy = self.tap().copy(PacketWay::RtpOut, &buffer[..written.len]);
            outbox.copy(copy);
            return Ok(choice);
        };
        let len = match &self.srtp {
            Some(srtp) => srtp.seal_rtp(buffer, written.len, written.header_len, written.index)?,
            None => written.len,
        };
        outbox.commit(&route(remote), len);
        Ok(choice)
    }

    /// Whether packets go to a file.
    pub fn is_to_file(&self) -> bool {
        matches!(self.parameters.destination, RelayDestination::File)
    }

    /// Sends the RTCP that `write` writes, or hands it on to where packets go.
    pub fn send_rtcp(&mut self, outbox: &mut impl Outbox, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let remote = match self.parameters.destination {
            RelayDestination::Address { rtcp: None, .. } => return,
            RelayDestination::Address { rtcp, .. } => rtcp,
            RelayDestination::File => None,
        };
        let buffer = outbox.lend();
        let Some(len) = write(buffer) else { return };
        let Some(remote) = remote else {
            let copy = self.tap().copy(PacketWay::RtcpOut, &buffer[..len]);
            outbox.copy(copy);
            return;
        };
        let sealed = match &mut self.srtp {
            Some(srtp) => srtp.seal_rtcp(buffer, len),
            None => Ok(len),
        };
        if let Ok(len) = sealed {
            outbox.commit(&route(remote), len);
        }
    }

    /// Opens RTCP that came from where this relay's comes from; says how long it is in clear.
    pub fn open_rtcp(&mut self, bytes: &mut [u8]) -> Result<usize, Drop> {
        match &mut self.srtp {
            Some(srtp) => srtp.open_rtcp(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn tap(&self) -> Tap {
        Tap { reader: TapReader::Recording(self.parameters.relay), extent: TapExtent::Whole }
    }

    fn framing(&self) -> Framing<'_> {
        let RelayParameters { ssrc, payload_type, extensions, .. } = &self.parameters;
        Framing { ssrc: *ssrc, payload_type: *payload_type, mid: "", extensions, playout_delay: None, rtx: None }
    }
}

/// The way to `remote` from whichever of our addresses the system takes.
fn route(remote: SocketAddr) -> Route {
    let local = match remote {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Route { remote, local }
}
