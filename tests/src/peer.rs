//! One PeerConnection of a foreign stack (str0m in RTP mode) on one UDP socket.

use crate::Result;
use crate::link::{Link, Outgoing};
use std::collections::HashMap;
use std::env;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelData, ChannelId};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::rtcp::Rtcp;
use str0m::rtp::{ExtensionValues, RawPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Longest datagram that a peer reads.
const DATAGRAM: usize = 2048;
/// Datagrams that one call of [`Peer::poll`] reads at most.
const READS: usize = 256;
/// Between two looks at the sockets while peers are driven.
const REST: Duration = Duration::from_micros(500);

/// A packet of media as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Which m-line it belongs to.
    pub mid: Mid,
    /// Its source.
    pub ssrc: u32,
    /// Sequence number, extended by the roll-overs.
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// Header extensions.
    pub extensions: ExtensionValues,
    /// What the header is followed by.
    pub payload: Arc<[u8]>,
    /// When it was read.
    pub at: Instant,
}

/// What a peer has seen besides media.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// PLI and FIR received.
    pub keyframe_requests: u64,
    /// RTCP packets received, by kind.
    pub reports: HashMap<&'static str, u64>,
}

/// What a peer is built with.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The address that its socket is bound to.
    pub address: IpAddr,
    /// Whether received RTCP is counted: it costs a copy of every packet.
    pub count_reports: bool,
    /// Whether all header extensions are offered and accepted, or none.
    pub extensions: bool,
}

impl Options {
    /// A peer on this machine that negotiates everything; `PARLOR_PEER_ADDRESS` moves it to another address.
    pub fn local() -> Options {
        let address = env::var("PARLOR_PEER_ADDRESS").ok().and_then(|address| address.parse().ok());
        Options { address: address.unwrap_or(Ipv4Addr::LOCALHOST.into()), count_reports: false, extensions: true }
    }
}

/// One PeerConnection.
#[derive(Debug)]
pub struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    next: Instant,
    connected: bool,
    closed: bool,
    /// What the network does to its datagrams.
    pub link: Link,
    /// The media received since it was last taken.
    pub received: Vec<Received>,
    /// What else was received.
    pub counts: Counts,
    /// The data channels that are open.
    pub channels: Vec<ChannelId>,
    /// The messages received since they were last taken.
    pub messages: Vec<ChannelData>,
}

impl Peer {
    /// A peer with a fresh socket.
    pub fn new(options: Options) -> Result<Peer> {
        let now = Instant::now();
        let mut config = RtcConfig::new()
            .set_rtp_mode(true)
            .enable_raw_packets(options.count_reports)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_send_buffer_video(4000)
            .set_send_buffer_audio(4000);
        if !options.extensions {
            config = config.clear_extension_map();
        }
        let mut rtc = config.build(now);
        let socket = UdpSocket::bind((options.address, 0))?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let mut peer = Peer {
            rtc,
            socket,
            local,
            next: now,
            connected: false,
            closed: false,
            link: Link::default(),
            received: Vec::new(),
            counts: Counts::default(),
            channels: Vec::new(),
            messages: Vec::new(),
        };
        peer.drain(now)?;
        Ok(peer)
    }

    /// Whether ICE and DTLS are through.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether the server ended the connection.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The socket, for those who read it themselves and hand datagrams to [`Peer::accept`].
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Offers to send the given kinds of media, one m-line each; the m-lines' ids follow.
    pub fn offer(&mut self, kinds: &[MediaKind]) -> Result<(String, SdpPendingOffer, Vec<Mid>)> {
        let mut change = self.rtc.sdp_api();
        let mids = kinds.iter().map(|kind| change.add_media(*kind, Direction::SendOnly, None, None, None)).collect();
        let (offer, pending) = change.apply().ok_or("an offer without changes")?;
        self.drain(Instant::now())?;
        Ok((offer.to_sdp_string(), pending, mids))
    }

    /// Offers to receive the given kinds of media, one m-line each.
    pub fn offer_to_receive(&mut self, kinds: &[MediaKind]) -> Result<(String, SdpPendingOffer)> {
        let mut change = self.rtc.sdp_api();
        for kind in kinds {
            change.add_media(*kind, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = change.apply().ok_or("an offer without changes")?;
        self.drain(Instant::now())?;
        Ok((offer.to_sdp_string(), pending))
    }

    /// Offers to begin ICE anew.
    pub fn offer_restart(&mut self) -> Result<(String, SdpPendingOffer)> {
        let mut change = self.rtc.sdp_api();
        change.ice_restart(true);
        let (offer, pending) = change.apply().ok_or("an offer without changes")?;
        self.drain(Instant::now())?;
        Ok((offer.to_sdp_string(), pending))
    }

    /// Offers data channels.
    pub fn offer_channels(&mut self, channels: &[ChannelConfig]) -> Result<(String, SdpPendingOffer)> {
        let mut change = self.rtc.sdp_api();
        for channel in channels {
            change.add_channel_with_config(channel.clone());
        }
        let (offer, pending) = change.apply().ok_or("an offer without changes")?;
        self.drain(Instant::now())?;
        Ok((offer.to_sdp_string(), pending))
    }

    /// How a data channel was opened.
    pub fn channel(&mut self, channel: ChannelId) -> Option<ChannelConfig> {
        self.rtc.channel(channel)?.config().cloned()
    }

    /// Sends a message; false if too much waits, and it must be tried again.
    pub fn send_message(&mut self, channel: ChannelId, is_binary: bool, message: &[u8]) -> Result<bool> {
        let sent = self.rtc.channel(channel).ok_or("no such channel")?.write(is_binary, message)?;
        let now = Instant::now();
        self.drain(now)?;
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(now)?;
        Ok(sent)
    }

    /// Takes the server's answer to an offer.
    pub fn accept_answer(&mut self, pending: SdpPendingOffer, answer: &str) -> Result<()> {
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;
        self.drain(Instant::now())
    }

    /// Answers the server's offer.
    pub fn answer(&mut self, offer: &str) -> Result<String> {
        let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        self.drain(Instant::now())?;
        Ok(answer.to_sdp_string())
    }

    /// What kind of media an m-line carries.
    pub fn kind(&self, mid: Mid) -> Option<MediaKind> {
        self.rtc.media(mid).map(|media| media.kind())
    }

    /// The first payload type that was negotiated for an m-line.
    pub fn payload_type(&self, mid: Mid) -> Result<Pt> {
        let media = self.rtc.media(mid).ok_or("no such m-line")?;
        media.remote_pts().first().copied().ok_or_else(|| "no payload type was negotiated".into())
    }

    /// Sends one RTP packet.
    pub fn send(&mut self, mid: Mid, packet: RtpWrite) -> Result<()> {
        let now = Instant::now();
        self.rtc.direct_api().stream_tx_by_mid(mid, None).ok_or("nothing is sent on this m-line")?.write_rtp(packet);
        // Time moves only by an input: without one the packet would wait for the next timeout.
        self.drain(now)?;
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(now)
    }

    /// Asks the server for a keyframe on every video stream that is received.
    pub fn request_keyframes(&mut self, mids: &[Mid]) -> Result<()> {
        for mid in mids {
            if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None) {
                stream.request_keyframe(str0m::media::KeyframeRequestKind::Pli);
            }
            self.drain(Instant::now())?;
        }
        Ok(())
    }

    /// Moves to a new socket, as a phone does that changes its network: the server learns it from the next check.
    pub fn change_address(&mut self) -> Result<()> {
        let fresh = UdpSocket::bind((self.local.ip(), 0))?;
        fresh.set_nonblocking(true)?;
        // The stack goes on believing in its old address, as behind a NAT whose mapping changed.
        self.socket = fresh;
        Ok(())
    }

    /// Reads what has arrived, runs the timers, sends what is due.
    pub fn poll(&mut self, now: Instant) -> Result<()> {
        let mut buffer = [0; DATAGRAM];
        for _ in 0..READS {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, source)) => self.accept(now, source, &buffer[..length])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // A datagram of ours met a closed port: news for UDP's sender, not for ICE.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.tick(now)
    }

    /// Runs the timers and sends what is due.
    pub fn tick(&mut self, now: Instant) -> Result<()> {
        if now >= self.next {
            self.rtc.handle_input(Input::Timeout(now))?;
            self.drain(now)?;
        }
        while let Some(outgoing) = self.link.due(now) {
            self.transmit(&outgoing)?;
        }
        Ok(())
    }

    /// Takes one datagram that was read from the socket.
    pub fn accept(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Result<()> {
        if !self.link.arrives(datagram) {
            return Ok(());
        }
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, datagram) else {
            return Ok(());
        };
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain(now)
    }

    /// Everything that the stack wants done, until it asks for time.
    fn drain(&mut self, now: Instant) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(next) => {
                    self.next = next;
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    let outgoing = (transmit.destination, transmit.contents.into());
                    if let Some(outgoing) = self.link.send(now, outgoing) {
                        self.transmit(&outgoing)?;
                    }
                }
                Output::Event(event) => self.take(now, event),
            }
        }
    }

    /// A full socket loses the datagram, as a network would.
    fn transmit(&self, (destination, datagram): &Outgoing) -> Result<()> {
        match self.socket.send_to(datagram, destination) {
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::Closed => self.closed = true,
            Event::ChannelOpen(channel, _) => self.channels.push(channel),
            Event::ChannelClose(channel) => self.channels.retain(|open| *open != channel),
            Event::ChannelData(message) => self.messages.push(message),
            Event::KeyframeRequest(_) => self.counts.keyframe_requests += 1,
            Event::RawPacket(packet) => {
                if let RawPacket::RtcpRx(report) = *packet {
                    *self.counts.reports.entry(name(&report)).or_default() += 1;
                }
            }
            Event::RtpPacket(packet) => {
                let mid = packet.header.ext_vals.mid.or_else(|| self.mid_of(*packet.header.ssrc)).unwrap_or_default();
                self.received.push(Received {
                    mid,
                    ssrc: *packet.header.ssrc,
                    sequence: *packet.seq_no,
                    timestamp: packet.header.timestamp,
                    marker: packet.header.marker,
                    extensions: packet.header.ext_vals,
                    payload: packet.payload,
                    at: now,
                })
            }
            _ => {}
        }
    }

    fn mid_of(&mut self, ssrc: u32) -> Option<Mid> {
        self.rtc.direct_api().stream_rx(&ssrc.into()).map(|stream| stream.mid())
    }
}

/// The name that a kind of RTCP packet is counted under.
fn name(report: &Rtcp) -> &'static str {
    match report {
        Rtcp::SenderReport(_) => "sender report",
        Rtcp::ReceiverReport(_) => "receiver report",
        Rtcp::SourceDescription(_) => "source description",
        Rtcp::Goodbye(_) => "goodbye",
        Rtcp::Nack(_) => "nack",
        Rtcp::Pli(_) => "pli",
        Rtcp::Fir(_) => "fir",
        Rtcp::Twcc(_) => "transport-wide feedback",
        Rtcp::Remb(_) => "remb",
        _ => "other",
    }
}

/// Drives every peer until `done` says so; gives whether that came before `patience` ran out.
pub fn drive<'a>(
    peers: &mut [&'a mut Peer],
    patience: Duration,
    mut done: impl FnMut(&[&'a mut Peer]) -> bool,
) -> Result<bool> {
    let start = Instant::now();
    loop {
        let now = Instant::now();
        for peer in peers.iter_mut() {
            peer.poll(now)?;
        }
        if done(peers) {
            return Ok(true);
        }
        if now - start > patience {
            return Ok(false);
        }
        std::thread::sleep(REST);
    }
}
