//! What the core is told of a configuration.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use parlor_core::control::{self, Thresholds};
use parlor_core::limits::Limits;
use parlor_core::link::Fingerprint;
use parlor_core::media;

use crate::config::Configuration;
use crate::data;
use crate::events::Events;

/// What the control half is told.
pub(crate) fn control(
    configuration: &Configuration,
    fingerprint: Fingerprint,
    addresses: &[IpAddr],
) -> control::Settings {
    let shards = configuration.media.shards.count();
    let data_channels = if data::ARE_BUILT_IN { configuration.limits.data_channels } else { 0 };
    control::Settings {
        limits: Limits { data_channels, ..configuration.limits },
        server_name: configuration.control.server_name.chars().collect(),
        fingerprint,
        addresses: addresses.iter().copied().take(control::settings::ADDRESSES).collect(),
        port: configuration.media.port,
        shards,
        audience: configuration.media.audience,
        session_timeout_s: configuration.control.session_timeout_s,
        reclaim_session_timeout_s: configuration.control.reclaim_session_timeout_s,
        remote_silence_s: configuration.remote.silence_s,
        forward_networks: configuration.forward.networks.iter().copied().collect(),
        api_secret: configuration.control.api_secret.chars().collect(),
        token_auth: configuration.control.token_auth,
        token_secret: configuration.control.token_secret.chars().collect(),
        admin_key: configuration.control.admin_key.chars().collect(),
        lock_rtp_forward: configuration.control.lock_rtp_forward,
        opaque_ids_in_api: configuration.control.opaque_ids_in_api,
        hide_dependencies: configuration.control.hide_dependencies,
        full_trickle: configuration.media.full_trickle,
        string_ids: configuration.control.string_ids,
        events: Events::wanted(&configuration.events),
        statistics_period_s: configuration.events.stats_period_s,
        unix_time_at_start_us: unix_time_us(),
        create_rooms: configuration.control.create_rooms,
        record_format: configuration.recording.format,
        dynamic_room: configuration.dynamic_rooms.template(),
        admin_secret: configuration.control.admin_secret.chars().collect(),
        log_level: configuration.log.level.to_janus(),
        media: media(configuration),
        shedding: Thresholds {
            refuse_busy_percent: configuration.shedding.refuse_busy,
            lowest_busy_percent: configuration.shedding.lowest_busy,
            refuse_full_percent: configuration.shedding.refuse_full,
        },
        drain_s: configuration.control.drain_s,
    }
}

/// Unix time now.
fn unix_time_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// What the shards begin with.
pub(crate) fn media(configuration: &Configuration) -> media::Settings {
    let default = media::Settings::default();
    // Management systems want to know at times of their own: shards tell as often as suits these and administrators.
    let period_s = configuration.events.stats_period_s;
    let suits = |seconds: &u16| period_s.is_multiple_of(u32::from(*seconds));
    let statistics_s = (1..=default.statistics_s).rev().find(suits).unwrap_or(default.statistics_s);
    media::Settings {
        slow_link_packets: configuration.media.slowlink_threshold,
        silence_ms: configuration.media.no_media_timer_s * 1000,
        statistics_s,
        lowest_layers: false,
    }
}
