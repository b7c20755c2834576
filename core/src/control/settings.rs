//! What the platform tells the control half at start.

use core::net::IpAddr;

use heapless::{String, Vec};

pub use super::access::API_SECRET_BYTES;
use super::shedding::Thresholds;
use crate::limits::Limits;
use crate::link::Fingerprint;
use crate::media;
use crate::room::{NETWORKS, Network, RecordFormat, RoomSettings};

/// The most addresses that are offered as candidates.
pub const ADDRESSES: usize = 16;

/// The longest secret of administrators, in bytes.
pub const ADMIN_SECRET_BYTES: usize = 128;

/// What never changes after the start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How big everything is.
    pub limits: Limits,
    /// The server's name in `info`.
    pub server_name: String<64>,
    /// Our certificate's fingerprint.
    pub fingerprint: Fingerprint,
    /// The addresses that clients reach us by, the best first.
    pub addresses: Vec<IpAddr, ADDRESSES>,
    /// The UDP port of shard 0; shard i has `port + i`.
    pub port: u16,
    /// How many shards there are.
    pub shards: u8,
    /// Those who watch a room in one shard before the next are served by others; 0: all are served by the room's own.
    pub audience: u16,
    /// Seconds without a word after which a session ends; 0: never.
    pub session_timeout_s: u32,
    /// Seconds that a session outlives its connection and can be claimed.
    pub reclaim_session_timeout_s: u32,
    /// Seconds of silence after which a publisher of another box is gone.
    pub remote_silence_s: u32,
    /// Where RTP may be forwarded to.
    pub forward_networks: Vec<Network, NETWORKS>,
    /// What clients show in every request; nothing is asked of them where it is empty.
    pub api_secret: String<API_SECRET_BYTES>,
    /// Whether clients may, or without a secret must, show a token.
    pub token_auth: bool,
    /// What tokens are signed with; where it is empty, they are stored.
    pub token_secret: String<API_SECRET_BYTES>,
    /// What those show who make rooms and see private ones; nothing is asked of them where it is empty.
    pub admin_key: String<API_SECRET_BYTES>,
    /// Whether those show it as well who forward RTP.
    pub lock_rtp_forward: bool,
    /// Whether messages about a handle tell what its client calls it.
    pub opaque_ids_in_api: bool,
    /// Whether `info` is silent about libraries.
    pub hide_dependencies: bool,
    /// Whether our candidates follow a description instead of standing in it.
    pub full_trickle: bool,
    /// Whether rooms and participants are called by texts instead of numbers.
    pub string_ids: bool,
    /// The topics that management systems want to hear of, as bits ([`super::Topic`]); 0: nobody listens.
    pub events: u16,
    /// Seconds after which they are told again what passed through an m-line; 0: never.
    pub statistics_period_s: u32,
    /// Unix time at [`Instant`](crate::time::Instant) 0, in microseconds.
    pub unix_time_at_start_us: u64,
    /// Whether clients may create rooms.
    pub create_rooms: bool,
    /// What a room is that somebody's `join` makes; `None`: a room that does not exist is refused.
    pub dynamic_room: Option<RoomSettings>,
    /// What recordings are in rooms that say nothing about it.
    pub record_format: RecordFormat,
    /// What administrators show in every request; nothing is asked of them where it is empty.
    pub admin_secret: String<ADMIN_SECRET_BYTES>,
    /// The lines that are logged at first, as one of Janus' levels, from 0 to 7.
    pub log_level: u8,
    /// What the shards begin with.
    pub media: media::Settings,
    /// How much load is too much.
    pub shedding: Thresholds,
    /// Seconds that a drain waits for the last one to leave, where nobody says; 0: for ever.
    pub drain_s: u32,
}

impl Settings {
    /// What holds where nothing is said: one shard on port 7000, no secrets, nobody may create rooms, a session ends
    /// after a minute of silence.
    pub fn new(limits: Limits, fingerprint: Fingerprint) -> Self {
        Self {
            limits,
            server_name: String::new(),
            fingerprint,
            addresses: Vec::new(),
            port: 7000,
            shards: 1,
            audience: 0,
            session_timeout_s: 60,
            reclaim_session_timeout_s: 0,
            remote_silence_s: 10,
            forward_networks: Vec::new(),
            api_secret: String::new(),
            token_auth: false,
            token_secret: String::new(),
            admin_key: String::new(),
            lock_rtp_forward: false,
            opaque_ids_in_api: false,
            hide_dependencies: false,
            full_trickle: false,
            string_ids: false,
            events: 0,
            statistics_period_s: 0,
            unix_time_at_start_us: 0,
            create_rooms: false,
            dynamic_room: None,
            record_format: RecordFormat::Mjr,
            admin_secret: String::new(),
            log_level: 4,
            media: media::Settings::default(),
            shedding: Thresholds::default(),
            drain_s: 0,
        }
    }
}
