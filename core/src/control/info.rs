//! What Parlor says about itself.

use core::net::IpAddr;

use serde::Serialize;

use super::options::Options;
use super::settings::Settings;

const AUTHOR: &str = "The Parlor authors";
const NAME: &str = "Parlor";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Versions as one number, as Janus writes them: 1.2.3 is 123.
const VERSION_NUMBER: u32 = 10;

/// The answer to `info`.
#[derive(Serialize)]
pub(crate) struct ServerInfo<'a> {
    janus: &'static str,
    transaction: &'a str,
    name: &'static str,
    version: u32,
    version_string: &'static str,
    author: &'static str,
    #[serde(rename = "commit-hash")]
    commit_hash: &'static str,
    #[serde(rename = "compile-time")]
    compile_time: &'static str,
    #[serde(rename = "log-to-stdout")]
    log_to_stdout: bool,
    #[serde(rename = "log-to-file")]
    log_to_file: bool,
    data_channels: bool,
    #[serde(rename = "accepting-new-sessions")]
    accepting_new_sessions: bool,
    #[serde(rename = "session-timeout")]
    session_timeout: u32,
    #[serde(rename = "reclaim-session-timeout")]
    reclaim_session_timeout: u32,
    #[serde(rename = "candidates-timeout")]
    candidates_timeout: u32,
    #[serde(rename = "server-name")]
    server_name: &'a str,
    #[serde(rename = "local-ip")]
    local_ip: heapless::String<48>,
    ipv6: bool,
    #[serde(rename = "ice-lite")]
    ice_lite: bool,
    #[serde(rename = "ice-tcp")]
    ice_tcp: bool,
    #[serde(rename = "ice-nomination")]
    ice_nomination: &'static str,
    #[serde(rename = "ice-keepalive-conncheck")]
    ice_keepalive_conncheck: bool,
    #[serde(rename = "full-trickle")]
    full_trickle: bool,
    #[serde(rename = "mdns-enabled")]
    mdns_enabled: bool,
    #[serde(rename = "min-nack-queue")]
    min_nack_queue: u32,
    #[serde(rename = "nack-optimizations")]
    nack_optimizations: bool,
    #[serde(rename = "twcc-period")]
    twcc_period: u32,
    #[serde(rename = "dtls-mtu")]
    dtls_mtu: u32,
    #[serde(rename = "static-event-loops")]
    static_event_loops: u32,
    api_secret: bool,
    auth_token: bool,
    event_handlers: bool,
    opaqueid_in_api: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<Nothing>,
    transports: Transports,
    events: Nothing,
    loggers: Nothing,
    plugins: Plugins,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Transports {
    #[serde(rename = "janus.transport.websockets")]
    websockets: Part,
}

#[derive(Serialize)]
struct Plugins {
    #[serde(rename = "janus.plugin.videoroom")]
    videoroom: Part,
}

#[derive(Serialize)]
struct Part {
    name: &'static str,
    author: &'static str,
    description: &'static str,
    version_string: &'static str,
    version: u32,
}

impl Part {
    const fn new(name: &'static str, description: &'static str) -> Self {
        Self { name, author: AUTHOR, description, version_string: VERSION, version: VERSION_NUMBER }
    }
}

/// The answer to `info`. What is fixed there has the value that clients of Janus find in its default configuration.
pub(crate) fn server_info<'a>(settings: &'a Settings, options: &Options, transaction: &'a str) -> ServerInfo<'a> {
    ServerInfo {
        janus: "server_info",
        transaction,
        name: NAME,
        version: VERSION_NUMBER,
        version_string: VERSION,
        author: AUTHOR,
        commit_hash: "unknown",
        compile_time: "unknown",
        log_to_stdout: true,
        log_to_file: false,
        data_channels: true,
        accepting_new_sessions: options.accepts_sessions,
        session_timeout: options.session_timeout_s,
        reclaim_session_timeout: settings.reclaim_session_timeout_s,
        candidates_timeout: 45,
        server_name: &settings.server_name,
        local_ip: local_ip(settings),
        ipv6: settings.addresses.iter().any(IpAddr::is_ipv6),
        ice_lite: false,
        ice_tcp: false,
        ice_nomination: "aggressive",
        ice_keepalive_conncheck: false,
        full_trickle: settings.full_trickle,
        mdns_enabled: true,
        min_nack_queue: options.min_nack_queue_ms,
        nack_optimizations: options.nack_optimizations,
        twcc_period: 200,
        dtls_mtu: 1200,
        static_event_loops: 0,
        api_secret: !settings.api_secret.is_empty(),
        auth_token: settings.token_auth,
        event_handlers: settings.events != 0,
        opaqueid_in_api: settings.opaque_ids_in_api,
        dependencies: (!settings.hide_dependencies).then_some(Nothing {}),
        transports: Transports { websockets: Part::new("WebSockets", "The Janus API over WebSockets") },
        events: Nothing {},
        loggers: Nothing {},
        plugins: Plugins { videoroom: Part::new("VideoRoom", "Rooms of publishers and subscribers") },
    }
}

fn local_ip(settings: &Settings) -> heapless::String<48> {
    let mut text = heapless::String::new();
    if let Some(address) = settings.addresses.first() {
        // The longest IPv6 address has 45 letters.
        let _ = core::fmt::Write::write_fmt(&mut text, format_args!("{address}"));
    }
    text
}
