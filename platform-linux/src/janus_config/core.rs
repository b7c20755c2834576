//! `janus.jcfg`: Janus' core.

use super::folder::Groups;
use super::{Import, Key, Meaning, Without};
use crate::config::{Datum, Entry, Refusal};

const GENERAL: &[(&str, Meaning)] = &[
    ("server_name", Key("control.server_name")),
    ("admin_secret", Key("control.admin_secret")),
    ("api_secret", Key("control.api_secret")),
    ("token_auth", Key("control.token_auth")),
    ("token_auth_secret", Key("control.token_secret")),
    ("session_timeout", Key("control.session_timeout")),
    ("reclaim_session_timeout", Key("control.reclaim_session_timeout")),
    ("opaqueid_in_api", Key("control.opaque_ids_in_api")),
    ("hide_dependencies", Key("control.hide_dependencies")),
    ("configs_folder", Without(ONE_BINARY)),
    ("plugins_folder", Without(ONE_BINARY)),
    ("transports_folder", Without(ONE_BINARY)),
    ("events_folder", Without(ONE_BINARY)),
    ("loggers_folder", Without(ONE_BINARY)),
    ("exit_on_dl_error", Without(ONE_BINARY)),
    ("log_to_stdout", Without(STDERR)),
    ("log_to_file", Without(STDERR)),
    ("debug_timestamps", Without("every line has its time")),
    ("debug_colors", Without("lines have no colours")),
    ("debug_locks", Without("there are no locks")),
    ("log_prefix", Without("lines have no prefix")),
    ("daemonize", Without("the service manager does it")),
    ("pid_file", Without("the service manager does it")),
    ("interface", Without("media.address says where media flows")),
    ("candidates_timeout", Without("candidates of clients are not waited for")),
    ("event_loops", Without(SHARDS)),
    ("allow_loop_indication", Without(SHARDS)),
    ("task_pool_size", Without("no request waits for a thread")),
    ("no_webrtc_encryption", Without("media is always encrypted")),
];

const MEDIA: &[(&str, Meaning)] = &[
    ("slowlink_threshold", Key("media.slowlink_threshold")),
    ("no_media_timer", Key("media.no_media_timer")),
    ("ipv6_linklocal", Without("media.address names what is used")),
    ("min_nack_queue", Without("limits.history_packets says how much is kept")),
    ("nack_optimizations", Without("what a keyframe made useless is not sent again anyway")),
    ("dtls_mtu", Without("handshakes fit every usual network")),
    ("dtls_timeout", Without("handshakes repeat by their own clock")),
    ("twcc_period", Without("feedback follows the media")),
    ("dscp", Without("packets are not marked")),
];

const NAT: &[(&str, Meaning)] = &[
    ("full_trickle", Key("media.full_trickle")),
    ("ice_lite", Without("ICE is always lite")),
    ("nice_debug", Without("there is no libnice")),
    ("ice_nomination", Without(LITE)),
    ("ice_keepalive_conncheck", Without(LITE)),
    ("ignore_mdns", Without(LITE)),
    ("ice_tcp", Without("media flows over UDP")),
    ("stun_server", Without(NO_STUN)),
    ("stun_port", Without(NO_STUN)),
    ("turn_server", Without(NO_STUN)),
    ("turn_port", Without(NO_STUN)),
    ("turn_type", Without(NO_STUN)),
    ("turn_user", Without(NO_STUN)),
    ("turn_pwd", Without(NO_STUN)),
    ("turn_rest_api", Without(NO_STUN)),
    ("turn_rest_api_key", Without(NO_STUN)),
    ("turn_rest_api_method", Without(NO_STUN)),
    ("turn_rest_api_timeout", Without(NO_STUN)),
    ("allow_force_relay", Without(NO_STUN)),
    ("ignore_unreachable_ice_server", Without(NO_STUN)),
];

const CERTIFICATES: &[(&str, Meaning)] = &[
    ("cert_pem", Without(CERTIFICATE)),
    ("cert_key", Without(CERTIFICATE)),
    ("cert_pwd", Without(CERTIFICATE)),
    ("rsa_private_key", Without(CERTIFICATE)),
    ("dtls_ciphers", Without("DTLS uses what is good today")),
    ("dtls_accept_selfsigned", Without("a certificate must have the fingerprint in the description")),
];

const ONE_BINARY: &str = "Parlor is one binary that loads nothing";
const STDERR: &str = "lines go to stderr";
const SHARDS: &str = "media.shards says how many threads forward media";
const LITE: &str = "clients are the ones that check candidates";
const NO_STUN: &str = "Parlor asks no STUN or TURN server";
const CERTIFICATE: &str = "Parlor makes its certificate and keeps it in state.directory";

const EVENTS: &[(&str, Meaning)] = &[("stats_period", Key("events.stats_period"))];

/// Modules that are not loaded, as Janus lists them.
pub(super) struct Disabled {
    modules: Vec<String>,
    /// Whether management systems are told nothing.
    pub(super) has_no_events: bool,
}

impl Disabled {
    /// Whether `module`, such as `websockets`, is among them.
    pub(super) fn contains(&self, module: &str) -> bool {
        self.modules
            .iter()
            .any(|name| name.strip_prefix("libjanus_").and_then(|name| name.strip_suffix(".so")) == Some(module))
    }
}

/// Takes the core's settings over; says which modules shall not be loaded.
pub(super) fn import(import: &mut Import, mut file: Groups) -> Result<Disabled, Refusal> {
    let mut general = file.take("general");
    if let Some(level) = general.as_mut().and_then(|group| group.take("debug_level")) {
        import.configuration.apply(&log_level(&level)?)?;
    }
    import.map(general, GENERAL)?;
    let mut nat = file.take("nat");
    if let Some(list) = nat.as_mut().and_then(|group| group.take("ice_enforce_list")) {
        import.configuration.apply(&listed(&list, "media.address")?)?;
    }
    if let Some(list) = nat.as_mut().and_then(|group| group.take("ice_ignore_list")) {
        import.configuration.apply(&listed(&list, "media.ignore")?)?;
    }
    import.map(nat, NAT)?;
    let mut media = file.take("media");
    if let Some(range) = media.as_mut().and_then(|group| group.take("rtp_port_range")) {
        import.configuration.apply(&first_port(&range)?)?;
    }
    if let Some(ipv6) = media.as_mut().and_then(|group| group.take("ipv6")).filter(|ipv6| !ipv6.is_off()) {
        import.note(&ipv6, "media.address names what is used, by default all addresses");
    }
    import.map(media, MEDIA)?;
    import.map(file.take("certificates"), CERTIFICATES)?;
    let mut disabled = Disabled { modules: Vec::new(), has_no_events: true };
    for group in ["plugins", "transports", "events", "loggers"] {
        let mut group = file.take(group);
        if let Some(list) = group.as_mut().and_then(|group| group.take("disable")) {
            disabled.modules.extend(list.text()?.split(',').map(|name| name.trim().to_owned()));
        }
        let is_events = group.as_ref().is_some_and(|group| group.name == "events");
        if let Some(broadcast) = group.as_mut().filter(|_| is_events).and_then(|group| group.take("broadcast")) {
            disabled.has_no_events = broadcast.is_off();
        }
        import.map(group, if is_events { EVENTS } else { &[] })?;
    }
    for group in file.rest() {
        import.map(Some(group), &[])?;
    }
    Ok(disabled)
}

/// What stands between commas in `list`, under the key of Parlor's.
fn listed(list: &Entry, key: &str) -> Result<Entry, Refusal> {
    let names = list.text()?.split(',').map(|name| Datum::Text(name.trim().into())).collect();
    Ok(Entry { datum: Datum::List(names), bare: None, ..list.named(key) })
}

/// Janus' levels: 0 none, 1 fatal, 2 error, 3 warning, 4 info, 5 verbose, 6 huge, 7 debug.
fn log_level(level: &Entry) -> Result<Entry, Refusal> {
    let name = match level.integer(0..=7)? {
        0..=2 => "error",
        3 => "warn",
        4 => "info",
        _ => "debug",
    };
    Ok(level.with("log.level", name))
}

/// `20000-40000`: shards take the first ports of it.
fn first_port(range: &Entry) -> Result<Entry, Refusal> {
    let first = range.text()?.split('-').next().unwrap_or_default().trim();
    Ok(range.with("media.port", first))
}
