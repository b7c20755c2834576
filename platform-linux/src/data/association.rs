//! One peer's association of SCTP and the channels in it.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlor_core::limits::Limits;
use parlor_core::link::{OpenData, Role};
use parlor_core::wire::data_channel::{self, Control, Delivery, DeliveryBound, OPEN_HEADER_BYTES, Open};
use sctp_proto::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event, Payload,
    PayloadProtocolIdentifier as Kind, ReliabilityType, ServerConfig, Stream, StreamEvent, TransportConfig,
};

/// Channels that a peer may open, and those that it may be given.
const CHANNELS: usize = 128;

/// The longest label or protocol of a channel, in bytes.
const NAME_BYTES: usize = 256;

/// Streams of SCTP that a peer may use: as many as browsers do.
const STREAMS: u16 = 1024;

/// Beginnings of further associations that are looked at: a peer repeats its own until it is answered.
const BEGINNINGS: u8 = 32;

/// SCTP's own patience is made for the internet: a repetition waits a second there.
const RETRANSMISSION_MS: u64 = 200;

/// SCTP runs over DTLS: the address means nothing.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5000);

/// A channel that the peer opened.
#[derive(Clone, Default)]
pub(super) struct Channel {
    pub(super) delivery: Delivery,
    pub(super) priority: u16,
    pub(super) label: Box<str>,
    pub(super) protocol: Box<str>,
}

/// A message that the peer sent.
pub(super) struct Message {
    pub(super) channel: u16,
    pub(super) is_text: bool,
    pub(super) payload: Vec<u8>,
}

/// A message for the peer, and the channel that it comes from, as its sender calls it.
pub(super) struct Outgoing<O> {
    pub(super) origin: O,
    pub(super) channel: Channel,
    pub(super) is_text: bool,
    pub(super) payload: Vec<u8>,
}

/// An association; `O` is where the messages for it come from.
pub(super) struct Peer<O> {
    endpoint: Endpoint,
    association: Option<(AssociationHandle, Association)>,
    is_established: bool,
    beginnings: u8,
    most_message_bytes: usize,
    queue_bytes: usize,
    theirs: HashMap<u16, Channel>,
    ours: HashMap<O, Ours>,
    /// The lowest number of channels of ours; those of one side are all even or all odd (RFC 8832 section 6).
    first_number: u16,
    /// Streams that may have messages.
    readable: VecDeque<u16>,
    /// Messages that wait for the association.
    early: VecDeque<Outgoing<O>>,
    /// Packets that wait for DTLS.
    packets: VecDeque<Vec<u8>>,
}

/// A channel that we opened.
struct Ours {
    number: u16,
    delivery: Delivery,
    is_closed: bool,
}

impl<O: Copy + Eq + std::hash::Hash> Peer<O> {
    /// Begins an association, or waits for it: the client of DTLS begins, and a browser does in any case.
    pub(super) fn new(data: &OpenData, limits: &Limits) -> Self {
        let transport = TransportConfig::default()
            .with_max_receive_buffer_size(super::receive_bytes(limits))
            .with_max_receive_message_size(limits.data_message_bytes)
            .with_max_send_message_size(data.most_message_bytes)
            .with_max_num_inbound_streams(STREAMS)
            .with_max_num_outbound_streams(STREAMS)
            .with_max_init_retransmits(None)
            .with_max_data_retransmits(None)
            .with_rto_initial_ms(RETRANSMISSION_MS)
            .with_rto_min_ms(RETRANSMISSION_MS)
            .with_remote_port(data.port);
        let transport = Arc::new(transport);
        let mut server = ServerConfig::default();
        server.transport = Arc::clone(&transport);
        let mut endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), Some(Arc::new(server)));
        let mut client = ClientConfig::default();
        client.transport = transport;
        let begins = data.role == Role::Client;
        let association = if begins { endpoint.connect(client, ADDRESS).ok() } else { None };
        Self {
            endpoint,
            association,
            is_established: false,
            beginnings: 0,
            most_message_bytes: data.most_message_bytes as usize,
            queue_bytes: limits.data_queue_bytes as usize,
            theirs: HashMap::new(),
            ours: HashMap::new(),
            first_number: u16::from(data.role == Role::Server),
            readable: VecDeque::new(),
            early: VecDeque::new(),
            packets: VecDeque::new(),
        }
    }

    /// A packet of the peer; says which channels it closed.
    pub(super) fn input(&mut self, now: Instant, packet: Vec<u8>) -> Vec<u16> {
        // A packet without a verification tag begins an association.
        if packet.get(4..8).is_none_or(|tag| tag == [0; 4]) {
            self.beginnings = self.beginnings.saturating_add(1);
            if self.beginnings > BEGINNINGS {
                return Vec::new();
            }
        }
        let Some((handle, event)) = self.endpoint.handle(now, ADDRESS, None, None, packet.into()) else {
            return Vec::new();
        };
        match event {
            DatagramEvent::NewAssociation(association) if self.association.is_none() => {
                self.association = Some((handle, association));
            }
            // There is one for each transport, and ours has begun.
            DatagramEvent::NewAssociation(_) => {}
            DatagramEvent::AssociationEvent(event) => {
                if let Some((_, association)) = self.association.as_mut().filter(|(known, _)| *known == handle) {
                    association.handle_event(event);
                }
            }
        }
        self.follow()
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        self.association.as_ref()?.1.poll_timeout()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some((_, association)) = &mut self.association {
            association.handle_timeout(now);
        }
        self.follow();
    }

    /// The next message of the peer.
    pub(super) fn read(&mut self) -> Option<Message> {
        while let Some(number) = self.readable.front().copied() {
            let association = &mut self.association.as_mut()?.1;
            let read = association.stream(number).ok().and_then(|mut stream| stream.read_sctp().ok().flatten());
            let Some(chunks) = read else {
                self.readable.pop_front();
                continue;
            };
            let mut payload = vec![0; chunks.len()];
            let Ok(_) = chunks.read(&mut payload) else { continue };
            match chunks.ppi {
                Kind::Dcep => self.control(number, &payload),
                Kind::String => return Some(Message { channel: number, is_text: true, payload }),
                Kind::Binary => return Some(Message { channel: number, is_text: false, payload }),
                // A message of no bytes cannot be sent: one stands for it (RFC 8831 section 6.6).
                Kind::StringEmpty => return Some(Message { channel: number, is_text: true, payload: Vec::new() }),
                Kind::BinaryEmpty => return Some(Message { channel: number, is_text: false, payload: Vec::new() }),
                _ => {}
            }
        }
        None
    }

    /// The channel that the peer calls `number`; one that both sides agreed on beforehand has no names.
    pub(super) fn channel(&self, number: u16) -> Channel {
        self.theirs.get(&number).cloned().unwrap_or_default()
    }

    /// Whether channels of ours come from where `is_meant` says.
    pub(super) fn has_origin(&self, is_meant: impl Fn(&O) -> bool) -> bool {
        self.ours.keys().any(is_meant)
    }

    /// Bytes of messages that the peer does not have yet.
    pub(super) fn queued_bytes(&mut self) -> usize {
        let early: usize = self.early.iter().map(|message| message.payload.len()).sum();
        let Some((_, association)) = &mut self.association else { return early };
        let mut buffered = |ours: &Ours| association.stream(ours.number).and_then(|it| it.buffered_amount());
        early + self.ours.values().filter_map(|ours| buffered(ours).ok()).sum::<usize>()
    }

    /// Sends a message on the channel of its origin, which is opened where that is needed; false if the peer takes no
    /// such message, or too many wait.
    pub(super) fn send(&mut self, message: Outgoing<O>) -> bool {
        let len = message.payload.len();
        if len > self.most_message_bytes || self.queued_bytes() + len > self.queue_bytes {
            return false;
        }
        if !self.is_established {
            self.early.push_back(message);
            return true;
        }
        self.write(&message)
    }

    /// Closes the channels that come from where `is_meant` says.
    pub(super) fn close(&mut self, is_meant: impl Fn(&O) -> bool) {
        let Some((_, association)) = &mut self.association else { return };
        self.ours.retain(|origin, ours| {
            if is_meant(origin)
                && let Ok(mut stream) = association.stream(ours.number)
            {
                let _ = stream.close();
            }
            !is_meant(origin)
        });
    }

    /// The next packet for the peer, which stays here until [`Self::sent`].
    pub(super) fn packet(&mut self, now: Instant) -> Option<&[u8]> {
        if self.packets.is_empty() {
            let transmit = self.association.as_mut()?.1.poll_transmit(now)?;
            if let Payload::RawEncode(packets) = transmit.payload {
                self.packets.extend(packets.into_iter().map(Vec::from));
            }
        }
        self.packets.front().map(Vec::as_slice)
    }

    /// That packet is on its way.
    pub(super) fn sent(&mut self) {
        self.packets.pop_front();
    }

    /// Takes in what the association tells; says which channels the peer closed.
    fn follow(&mut self) -> Vec<u16> {
        let mut closed = Vec::new();
        let Some((handle, association)) = &mut self.association else { return closed };
        while let Some(event) = association.poll_endpoint_event() {
            if let Some(event) = self.endpoint.handle_event(*handle, event) {
                association.handle_event(event);
            }
        }
        let (mut is_new, mut is_over) = (false, false);
        while let Some(event) = association.poll() {
            match event {
                Event::Connected => is_new = true,
                Event::HandshakeFailed { .. } | Event::AssociationLost { .. } => is_over = true,
                Event::Stream(StreamEvent::Readable { id }) if !self.readable.contains(&id) => {
                    self.readable.push_back(id);
                }
                Event::Stream(StreamEvent::Finished { id }) => {
                    closed.extend(self.theirs.remove(&id).map(|_| id));
                    self.ours.values_mut().filter(|ours| ours.number == id).for_each(|ours| ours.is_closed = true);
                }
                _ => {}
            }
        }
        // Streams are known by their numbers.
        while association.accept_stream().is_some() {}
        if is_over {
            (self.association, self.is_established) = (None, false);
            self.early.clear();
            self.theirs.clear();
            self.ours.clear();
        } else if is_new {
            association.set_max_send_message_size(self.most_message_bytes.try_into().unwrap_or(u32::MAX));
            self.is_established = true;
            for message in std::mem::take(&mut self.early) {
                self.write(&message);
            }
        }
        closed
    }

    /// A message about the channel `number`.
    fn control(&mut self, number: u16, message: &[u8]) {
        let Some((_, association)) = &mut self.association else { return };
        let Ok(mut stream) = association.stream(number) else { return };
        match data_channel::read(message) {
            Some(Control::Open(open)) => {
                let is_long = open.label.len() > NAME_BYTES || open.protocol.len() > NAME_BYTES;
                if is_long || (self.theirs.len() >= CHANNELS && !self.theirs.contains_key(&number)) {
                    let _ = stream.close();
                    return;
                }
                let Open { delivery, priority, label, protocol } = open;
                let (label, protocol) = (label.into(), protocol.into());
                self.theirs.insert(number, Channel { delivery, priority, label, protocol });
                let _ = stream.write_with_ppi(&data_channel::ACKNOWLEDGED, Kind::Dcep);
            }
            Some(Control::Acknowledged) => {
                if let Some(ours) = self.ours.values().find(|ours| ours.number == number) {
                    deliver(&mut stream, ours.delivery);
                }
            }
            None => {}
        }
    }

    fn write(&mut self, message: &Outgoing<O>) -> bool {
        let number = match self.ours.get(&message.origin) {
            // The peer's application wants no more of it.
            Some(ours) if ours.is_closed => return true,
            Some(ours) => ours.number,
            None => match self.open(message) {
                Some(number) => number,
                None => return false,
            },
        };
        let Some((_, association)) = &mut self.association else { return false };
        let Ok(mut stream) = association.stream(number) else { return false };
        let (payload, kind) = match (message.payload.is_empty(), message.is_text) {
            (false, true) => (&message.payload[..], Kind::String),
            (false, false) => (&message.payload[..], Kind::Binary),
            (true, true) => (&[0][..], Kind::StringEmpty),
            (true, false) => (&[0][..], Kind::BinaryEmpty),
        };
        stream.write_with_ppi(payload, kind).is_ok()
    }

    /// Opens a channel for the origin of `message`, and says its number.
    fn open(&mut self, message: &Outgoing<O>) -> Option<u16> {
        let association = &mut self.association.as_mut()?.1;
        if self.ours.len() >= CHANNELS {
            return None;
        }
        let Channel { delivery, priority, label, protocol } = &message.channel;
        let mut bytes = vec![0; OPEN_HEADER_BYTES + label.len() + protocol.len()];
        let open = Open { delivery: *delivery, priority: *priority, label, protocol };
        data_channel::write_open(&mut bytes, &open)?;
        let mut numbers = (self.first_number..STREAMS).step_by(2);
        // One that was closed is free once the peer has heard of that.
        let number = numbers.find(|number| association.open_stream(*number, Kind::Binary).is_ok())?;
        let mut stream = association.stream(number).ok()?;
        stream.write_with_ppi(&bytes, Kind::Dcep).ok()?;
        // Until the peer has heard of the channel, nothing may pass what opens it.
        deliver(&mut stream, Delivery { is_unordered: false, bound: delivery.bound });
        self.ours.insert(message.origin, Ours { number, delivery: *delivery, is_closed: false });
        Some(number)
    }
}

fn deliver(stream: &mut Stream<'_>, delivery: Delivery) {
    let (reliability, value) = match delivery.bound {
        DeliveryBound::Reliable => (ReliabilityType::Reliable, 0),
        DeliveryBound::Repetitions(most) => (ReliabilityType::Rexmit, most),
        DeliveryBound::Lifetime(most_ms) => (ReliabilityType::Timed, most_ms),
    };
    let _ = stream.set_reliability_params(delivery.is_unordered, reliability, value);
}

/// How long a sender waits for those that are behind.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
