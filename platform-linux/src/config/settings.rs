//! What a configuration says, with the values that hold where it is silent.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use parlor_core::limits::Limits;
use parlor_core::room::RoomSettings;

use super::{Cluster, Forward, Recording, Remote, Shedding};

use crate::{mdns, tls};

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// `[control]`
    pub control: Control,
    /// `[tls]`
    pub tls: Tls,
    /// `[mdns]`
    pub mdns: Mdns,
    /// `[media]`
    pub media: Media,
    /// `[forward]`
    pub forward: Forward,
    /// `[remote]`
    pub remote: Remote,
    /// `[cluster]`
    pub cluster: Cluster,
    /// `[events]`
    pub events: Events,
    /// `[state]`
    pub state: State,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: Log,
    /// `[capture]`
    pub capture: Capture,
    /// `[recording]`
    pub recording: Recording,
    /// `[shedding]`
    pub shedding: Shedding,
    /// `[dynamic_rooms]`
    pub dynamic_rooms: DynamicRooms,
    /// `[board]`
    pub board: Board,
    /// `[[room]]`
    pub rooms: Vec<RoomSettings>,
}

impl Configuration {
    /// Whether packets can be copied: for captures, or to hear them.
    pub fn has_copies(&self) -> bool {
        self.capture.directory.is_some() || (cfg!(feature = "spectrum") && self.limits.spectra > 0)
    }
}

/// Where clients talk to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The page, Janus' API over HTTP, and WebSocket upgrades. Nothing if it is off.
    pub http: Option<SocketAddr>,
    /// The path of that API.
    pub base_path: String,
    /// Whether the page is served.
    pub page: bool,
    /// Whether encoders publish and players watch by WHIP and WHEP where the API over HTTP is.
    pub whip: bool,
    /// Janus' WebSocket. Nothing if it is off.
    pub websocket: Option<SocketAddr>,
    /// The admin API over HTTP. Nothing if it is off.
    pub admin: Option<SocketAddr>,
    /// The path of that API.
    pub admin_base_path: String,
    /// Whether the administrators' page is served where their API over HTTP is.
    pub admin_page: bool,
    /// The admin API over WebSocket. Nothing if it is off.
    pub admin_websocket: Option<SocketAddr>,
    /// As `http`, with TLS. Nothing if it is off.
    pub https: Option<SocketAddr>,
    /// Janus' API over HTTP with TLS, without the page. Nothing if it is off.
    pub https_api: Option<SocketAddr>,
    /// As `websocket`, with TLS. Nothing if it is off.
    pub wss: Option<SocketAddr>,
    /// As `admin`, with TLS. Nothing if it is off.
    pub admin_https: Option<SocketAddr>,
    /// As `admin_websocket`, with TLS. Nothing if it is off.
    pub admin_wss: Option<SocketAddr>,
    /// The Unix socket of Janus' API, seen from the folder of the state. Nothing if it is off.
    pub unix: Option<PathBuf>,
    /// The Unix socket of the admin API; without a secret its file's permissions protect it. Nothing if it is off.
    pub admin_unix: Option<PathBuf>,
    /// Which sockets these are.
    pub unix_type: UnixType,
    /// Which of these show metrics.
    pub metrics: MetricsPlace,
    /// Beginnings of the addresses that may connect by HTTP, with TLS or without; empty: all.
    pub http_acl: Vec<String>,
    /// The same of the WebSocket.
    pub websocket_acl: Vec<String>,
    /// The same of the admin API.
    pub admin_acl: Vec<String>,
    /// The same of its WebSocket.
    pub admin_websocket_acl: Vec<String>,
    /// What administrators show in every request. Without it the admin API is not served to the network.
    pub admin_secret: String,
    /// The name in `info`.
    pub server_name: String,
    /// Seconds without a word after which a session ends; 0: never.
    pub session_timeout_s: u32,
    /// Seconds that a session outlives its connection and can be claimed.
    pub reclaim_session_timeout_s: u32,
    /// What clients show in every request; nothing is asked of them where it is empty.
    pub api_secret: String,
    /// Whether clients may, or without a secret must, show a token.
    pub token_auth: bool,
    /// What tokens are signed with; where it is empty, administrators store them.
    pub token_secret: String,
    /// What those show who make rooms and see private ones; nothing is asked of them where it is empty.
    pub admin_key: String,
    /// Whether those show it as well who forward RTP.
    pub lock_rtp_forward: bool,
    /// Whether messages about a handle tell what its client calls it.
    pub opaque_ids_in_api: bool,
    /// Whether `info` is silent about libraries.
    pub hide_dependencies: bool,
    /// Whether rooms and participants are called by texts instead of numbers.
    pub string_ids: bool,
    /// Whether clients may create rooms.
    pub create_rooms: bool,
    /// Seconds that a drain waits for the last one to leave; 0: for ever.
    pub drain_s: u32,
}

/// What TLS shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The file of a certificate and those that lead to it, as PEM; empty: this machine makes one.
    pub certificate: String,
    /// The file of its key, as PEM; empty: it stands with the certificate.
    pub key: String,
}

/// How the local network finds this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mdns {
    /// Whether multicast DNS is answered.
    pub enabled: bool,
    /// The name, without `.local`.
    pub name: String,
}

impl Control {
    /// Whether anything is served with TLS.
    pub fn has_tls(&self) -> bool {
        [self.https, self.https_api, self.wss, self.admin_https, self.admin_wss].iter().any(Option::is_some)
    }
}

/// Where metrics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsPlace {
    /// Nowhere.
    Off,
    /// At the address of the admin API, also where that is not served.
    Admin,
    /// There, and where the page is.
    Http,
}

/// A kind of Unix socket, as Janus' configuration calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixType {
    /// SOCK_SEQPACKET: connections, over which messages keep their bounds.
    Packets,
    /// SOCK_DGRAM: no connections; answers go to the path of a program's own socket.
    Datagrams,
}

/// Where media flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `auto`, addresses, or names of interfaces.
    pub address: Vec<String>,
    /// Beginnings of addresses and names of interfaces that are not offered.
    pub ignore: Vec<String>,
    /// The UDP port of shard 0.
    pub port: u16,
    /// How many media threads.
    pub shards: Shards,
    /// Those who watch a room in one shard before the next are served by others; 0: the room's own serves all.
    pub audience: u16,
    /// Whether our candidates follow a description instead of standing in it.
    pub full_trickle: bool,
    /// Lost packets in a second from which an m-line counts as slow; 0: never.
    pub slowlink_threshold: u32,
    /// Seconds of silence after which an m-line counts as not received; 0: never.
    pub no_media_timer_s: u32,
}

/// How many media threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// One a core.
    Auto,
    /// So many.
    Count(u8),
}

/// What management systems are told, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Seconds between statistics of media; 0: none are told.
    pub stats_period_s: u32,
    /// `[events_http]`: gets a POST.
    pub http: EventBackend,
    /// `[events_websocket]`: a WebSocket server.
    pub websocket: EventBackend,
    /// `[events_mqtt]`: a broker.
    pub mqtt: EventBackend,
}

/// A management system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBackend {
    /// Its URL; empty: there is none.
    pub backend: String,
    /// The names of the topics that it wants, or "all".
    pub events: Vec<String>,
    /// Whether events that wait go together, as an array.
    pub grouping: bool,
    /// The name to log in by; empty: none.
    pub username: String,
    /// The password to log in by.
    pub password: String,
    /// Of MQTT: the topic that events are published under.
    pub topic: String,
}

impl Default for EventBackend {
    fn default() -> Self {
        Self {
            backend: String::new(),
            events: vec!["all".into()],
            grouping: true,
            username: String::new(),
            password: String::new(),
            topic: "/janus/events".into(),
        }
    }
}

/// Packets that administrators want in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The folder that they are written to, seen from that of the state. Nothing if it is off.
    pub directory: Option<PathBuf>,
    /// The biggest file, in 2^20 bytes.
    pub megabytes: u32,
    /// Seconds after which a capture ends by itself.
    pub seconds: u32,
}

/// Rooms that somebody's `join` makes and that vanish with the last one in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DynamicRooms {
    /// Whether there are any.
    pub enabled: bool,
    /// What they are told to be, but for their name.
    pub room: RoomSettings,
}

/// What outlives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Certificate and permanent rooms.
    pub directory: PathBuf,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important lines that are written.
    pub level: LogLevel,
    /// How lines look.
    pub format: LogFormat,
    /// Whether addresses of clients are shown.
    pub addresses: bool,
}

/// What the firmware (`platform-arm`) makes of a board when it is the first process; without meaning elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The network interface; empty: the first that is not loopback.
    pub interface: String,
    /// `dhcp`, or addresses with the lengths of their prefixes.
    pub address: Vec<String>,
    /// The routers of static addresses.
    pub gateway: Vec<String>,
    /// The address of a time server; empty: the one that DHCP names, if any.
    pub ntp: String,
    /// The block device of the state; empty: state is kept in memory.
    pub state_device: String,
    /// Its file system.
    pub state_filesystem: String,
    /// The watchdog's device; empty: there is none.
    pub watchdog: String,
    /// KiB that all tables together may take: the build of an image that needs more fails.
    pub table_kib: u32,
    /// Whether the console takes commands.
    pub console: bool,
    /// Where log lines go as frames of `defmt`; empty: as text to the console.
    pub log: String,
}

/// How important a line is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something may soon not work.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogLevel {
    /// The level that Janus has at `level`: 0 none, 1 fatal, 2 error, 3 warning, 4 information, 5 verbose, 6 huge, 7
    /// debug.
    pub fn from_janus(level: u8) -> Self {
        match level {
            0..=2 => Self::Error,
            3 => Self::Warn,
            4 => Self::Info,
            _ => Self::Debug,
        }
    }

    /// Janus' level that stands for it.
    pub fn to_janus(self) -> u8 {
        match self {
            Self::Error => 2,
            Self::Warn => 3,
            Self::Info => 4,
            Self::Debug => 5,
        }
    }
}

impl DynamicRooms {
    /// What such a room is told to be, if there are any.
    pub fn template(&self) -> Option<RoomSettings> {
        self.enabled.then(|| self.room.clone())
    }
}

impl Shards {
    /// The number of shards on this machine.
    pub fn count(self) -> u8 {
        match self {
            Self::Count(count) => count,
            Self::Auto => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(32) as u8),
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        let everywhere = |port| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
        Self {
            control: Control {
                http: everywhere(8088),
                base_path: "/janus".into(),
                page: true,
                whip: true,
                websocket: everywhere(8188),
                admin: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7088)),
                admin_base_path: "/admin".into(),
                admin_page: true,
                admin_websocket: None,
                https: everywhere(8443).filter(|_| tls::IS_BUILT),
                https_api: everywhere(8089).filter(|_| tls::IS_BUILT),
                wss: everywhere(8989).filter(|_| tls::IS_BUILT),
                admin_https: None,
                admin_wss: None,
                unix: None,
                admin_unix: Some("admin.socket".into()),
                unix_type: UnixType::Packets,
                metrics: MetricsPlace::Admin,
                http_acl: Vec::new(),
                websocket_acl: Vec::new(),
                admin_acl: Vec::new(),
                admin_websocket_acl: Vec::new(),
                admin_secret: String::new(),
                server_name: "Parlor".into(),
                session_timeout_s: 60,
                reclaim_session_timeout_s: 0,
                api_secret: String::new(),
                token_auth: false,
                token_secret: String::new(),
                admin_key: String::new(),
                lock_rtp_forward: false,
                opaque_ids_in_api: false,
                hide_dependencies: false,
                string_ids: false,
                create_rooms: true,
                drain_s: 3600,
            },
            tls: Tls::default(),
            mdns: Mdns { enabled: mdns::IS_BUILT, name: "parlor".into() },
            media: Media {
                address: vec!["auto".into()],
                ignore: Vec::new(),
                port: 7000,
                shards: Shards::Auto,
                audience: 100,
                full_trickle: false,
                slowlink_threshold: 0,
                no_media_timer_s: 1,
            },
            forward: Forward::default(),
            remote: Remote::default(),
            cluster: Cluster::default(),
            events: Events {
                stats_period_s: 0,
                http: EventBackend::default(),
                websocket: EventBackend::default(),
                mqtt: EventBackend::default(),
            },
            state: State { directory: state_directory(|name| env::var_os(name).map(PathBuf::from)) },
            limits: Limits::DEFAULT,
            log: Log { level: LogLevel::Info, format: LogFormat::Text, addresses: false },
            capture: Capture { directory: None, megabytes: 100, seconds: 600 },
            recording: Recording::default(),
            shedding: Shedding::default(),
            dynamic_rooms: DynamicRooms::default(),
            board: Board { address: vec!["dhcp".into()], state_filesystem: "ext4".into(), ..Board::default() },
            rooms: Vec::new(),
        }
    }
}

/// Where state is kept by default (XDG Base Directory Specification), for a user with these variables.
fn state_directory(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    match (absolute("STATE_DIRECTORY"), absolute("XDG_STATE_HOME"), absolute("HOME")) {
        (Some(directory), _, _) => directory,
        (_, Some(state), _) => state.join("parlor"),
        (_, _, Some(home)) => home.join(".local/state/parlor"),
        _ => "/var/lib/parlor".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_kept_where_the_user_keeps_state() {
        let directory = |variables: &[(&str, &str)]| {
            let found = |name: &str| variables.iter().find(|(key, _)| *key == name);
            state_directory(|name| found(name).map(|(_, path)| path.into()))
        };
        assert_eq!(directory(&[]), PathBuf::from("/var/lib/parlor"));
        assert_eq!(directory(&[("HOME", "/users/ada")]), PathBuf::from("/users/ada/.local/state/parlor"));
        assert_eq!(directory(&[("HOME", "/users/bob"), ("XDG_STATE_HOME", "/x")]), PathBuf::from("/x/parlor"));
        assert_eq!(
            directory(&[("HOME", "/users/bob"), ("XDG_STATE_HOME", "y")]),
            PathBuf::from("/users/bob/.local/state/parlor")
        );
        assert_eq!(
            directory(&[("STATE_DIRECTORY", "/var/lib/p"), ("HOME", "/users/bob")]),
            PathBuf::from("/var/lib/p")
        );
    }
}
