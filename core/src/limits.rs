//! How big everything is: one value, read at start, never changed after.

/// Every capacity that a board or site chooses. The media tables are those of **one shard**; a box with two
/// shards has them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Client connections of the control channel.
    pub connections: u16,
    /// Janus sessions.
    pub sessions: u16,
    /// Janus handles, over all sessions.
    pub handles: u16,
    /// Rooms.
    pub rooms: u16,
    /// Stored tokens of clients.
    pub tokens: u16,
    /// PeerConnections that publish, a shard.
    pub publishers: u16,
    /// PeerConnections that subscribe, a shard.
    pub subscribers: u16,
    /// Published m-lines of one publisher.
    pub streams_per_publisher: u8,
    /// M-lines of one subscriber.
    pub streams_per_subscriber: u8,
    /// M-lines of all subscribers together, a shard.
    pub subscriptions: u16,
    /// Streams that go to addresses or files without a PeerConnection, a shard.
    pub relays: u16,
    /// Publishers of other boxes, a shard, and as many ways of ours to other boxes; 0: none.
    pub remote_publishers: u16,
    /// Publishers of other shards whom subscribers of this one get, a shard; 0: every room stays in its own.
    pub cascades: u16,
    /// PeerConnections with data channels, a shard; 0: data channels are not negotiated.
    pub data_channels: u16,
    /// The longest message on a data channel, in bytes.
    pub data_message_bytes: u32,
    /// What may wait to be sent to one peer on its data channels, in bytes.
    pub data_queue_bytes: u32,
    /// Streams whose sound is decoded at once for rooms that want its spectrum, over all shards; 0: none ever.
    pub spectra: u8,
    /// Video packets kept for retransmission, an encoding. A power of two.
    pub history_packets: u16,
    /// Packets that wait between fan-out and sealing, a shard.
    pub queued_packets: u32,
    /// The longest request of the control channel, in bytes.
    pub request_bytes: u32,
}

impl Limits {
    /// A home or a small office: what the binary has when no file says otherwise.
    pub const DEFAULT: Self = Self {
        connections: 128,
        sessions: 128,
        handles: 512,
        rooms: 64,
        tokens: 64,
        publishers: 32,
        subscribers: 128,
        streams_per_publisher: 4,
        streams_per_subscriber: 32,
        subscriptions: 1024,
        relays: 32,
        remote_publishers: 8,
        cascades: 16,
        data_channels: 160,
        data_message_bytes: 65_536,
        data_queue_bytes: 262_144,
        spectra: 8,
        history_packets: 512,
        queued_packets: 8_192,
        request_bytes: 65_536,
    };

    /// One room of a few people, in less than a megabyte of tables: for boards without an operating system.
    pub const SMALL: Self = Self {
        connections: 8,
        sessions: 8,
        handles: 16,
        rooms: 1,
        tokens: 1,
        publishers: 4,
        subscribers: 4,
        streams_per_publisher: 2,
        streams_per_subscriber: 6,
        subscriptions: 24,
        relays: 1,
        remote_publishers: 0,
        cascades: 0,
        data_channels: 0,
        data_message_bytes: 1_024,
        data_queue_bytes: 1_024,
        spectra: 0,
        history_packets: 16,
        queued_packets: 64,
        request_bytes: 8_192,
    };

    /// PeerConnections of one shard.
    pub const fn links(&self) -> usize {
        self.publishers as usize + self.subscribers as usize
    }

    /// Published m-lines of one shard.
    pub const fn streams(&self) -> usize {
        self.publishers as usize * self.streams_per_publisher as usize
    }
}

/// The largest datagram that is read or sent, in bytes: an Ethernet frame's worth.
pub const DATAGRAM_BYTES: usize = 1500;

/// The most encodings (simulcast layers) of a stream.
pub const ENCODINGS: usize = 3;
