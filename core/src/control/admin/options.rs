//! What an administrator changes: the `set_*` requests, `accept_new_sessions` and `get_status`.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::super::Outlet;
use super::super::envelope::Envelope;
use super::super::error::{Refusal, core_error, refuse};
use super::super::json::Value;
use super::super::options::Options;
use super::super::parameter::{CORE, Wanted, check, flag, natural_u32, optional, required};
use super::super::settings::Settings;
use super::super::turn::Turn;
use crate::random::Random;

/// The most of Janus' `min_nack_queue`.
const MOST_NACK_QUEUE_MS: u32 = 1000;

/// The last of Janus' log levels.
const LAST_LOG_LEVEL: u32 = 7;

/// A request that turns something on or off: its name, its member, what the answer calls it, and what it sets.
struct Switch {
    request: &'static str,
    member: &'static str,
    answer: &'static str,
    place: fn(&mut Options) -> &mut bool,
}

const SWITCHES: [Switch; 7] = [
    switch("set_locking_debug", "debug", "locking_debug", |options| &mut options.locking_debug),
    switch("set_refcount_debug", "debug", "refcount_debug", |options| &mut options.refcount_debug),
    switch("set_libnice_debug", "debug", "libnice_debug", |options| &mut options.libnice_debug),
    switch("set_log_timestamps", "timestamps", "log_timestamps", |options| &mut options.log_timestamps),
    switch("set_log_colors", "colors", "log_colors", |options| &mut options.log_colors),
    switch("set_nack_optimizations", "nack_optimizations", "nack-optimizations", |options| {
        &mut options.nack_optimizations
    }),
    switch("accept_new_sessions", "accept", "accept", |options| &mut options.accepts_sessions),
];

const fn switch(
    request: &'static str,
    member: &'static str,
    answer: &'static str,
    place: fn(&mut Options) -> &mut bool,
) -> Switch {
    Switch { request, member, answer, place }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Does what a request asks to change, if that is what it asks.
    pub(super) fn change_option(&mut self, envelope: &Envelope<'_>) -> Result<bool, Refusal> {
        let (request, body) = (envelope.request, envelope.body);
        if let Some(switch) = SWITCHES.iter().find(|switch| request.is(switch.request)) {
            check(body, &[required(switch.member, Wanted::Bool)], CORE)?;
            let on = flag(body, switch.member).unwrap_or_default();
            *(switch.place)(&mut self.state.options) = on;
            self.tell_change(envelope, switch.answer, on);
        } else if request.is("get_status") {
            let status = Status::of(self.settings, &self.state.options);
            let answer = StatusAnswer { janus: "success", transaction: &envelope.transaction, status };
            self.post.send(envelope.origin.connection, &answer);
        } else if request.is("set_session_timeout") {
            let timeout_s = session_timeout(body)?;
            self.state.options.session_timeout_s = timeout_s;
            self.tell_timeout(envelope, timeout_s);
        } else if request.is("set_log_level") {
            let level = log_level(body)?;
            self.state.options.log_level = level;
            self.post.out.log_level(level);
            self.tell_change(envelope, "level", level);
        } else if request.is("set_min_nack_queue") {
            // As in Janus, 16 bits of it count.
            let time_ms = u32::from(number(body, "min_nack_queue")? as u16).min(MOST_NACK_QUEUE_MS);
            self.state.options.min_nack_queue_ms = time_ms;
            self.tell_change(envelope, "min_nack_queue", time_ms);
        } else if request.is("set_no_media_timer") {
            let time_s = number(body, "no_media_timer")?;
            self.state.options.media.silence_ms = time_s.saturating_mul(1000);
            self.tell_shards();
            self.tell_change(envelope, "no_media_timer", time_s);
        } else if request.is("set_slowlink_threshold") {
            let packets = number(body, "slowlink_threshold")?;
            self.state.options.media.slow_link_packets = packets;
            self.tell_shards();
            self.tell_change(envelope, "slowlink_threshold", packets);
        } else if request.is("drain") {
            check(body, &[required("drain", Wanted::Bool), optional("wait", Wanted::Natural)], CORE)?;
            let wait_s = natural_u32(body, "wait").unwrap_or(self.settings.drain_s);
            let on = flag(body, "drain").unwrap_or_default();
            self.set_drain(on.then_some(wait_s));
            self.tell_change(envelope, "drain", on);
        } else if request.is("reload") {
            // The platform has to read and to check it first.
            self.post.out.reload(envelope.origin.connection, &envelope.transaction);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The answer to `set_session_timeout`, of a session or of all.
    pub(super) fn tell_timeout(&mut self, envelope: &Envelope<'_>, timeout: u32) {
        let (session_id, transaction) = (envelope.session_number, envelope.transaction.as_str());
        let answer = Timeout { janus: "success", transaction, timeout, session_id };
        self.post.send(envelope.origin.connection, &answer);
    }

    fn tell_change(&mut self, envelope: &Envelope<'_>, name: &'static str, value: impl Serialize) {
        let changed = Changed { transaction: &envelope.transaction, name, value };
        self.post.send(envelope.origin.connection, &changed);
    }
}

/// The seconds that `set_session_timeout` asks for.
pub(super) fn session_timeout(body: Value<'_>) -> Result<u32, Refusal> {
    let is_positive = |timeout: &u32| *timeout <= i32::MAX as u32;
    let negative =
        || refuse!(core_error::INVALID_TYPE, "timeout", "Invalid element type (timeout should be a positive integer)");
    Some(number(body, "timeout")?).filter(is_positive).ok_or_else(negative)
}

fn number(body: Value<'_>, name: &'static str) -> Result<u32, Refusal> {
    check(body, &[required(name, Wanted::Natural)], CORE)?;
    Ok(natural_u32(body, name).unwrap_or_default())
}

fn log_level(body: Value<'_>) -> Result<u8, Refusal> {
    check(body, &[required("level", Wanted::Natural)], CORE)?;
    let too_high = || {
        let last = LAST_LOG_LEVEL;
        refuse!(core_error::INVALID_TYPE, "level", "Invalid element type (level should be between 0 and {last})")
    };
    let level = natural_u32(body, "level").filter(|level| *level <= LAST_LOG_LEVEL).ok_or_else(too_high)?;
    Ok(level as u8)
}

#[derive(Serialize)]
struct Timeout<'a> {
    janus: &'static str,
    transaction: &'a str,
    timeout: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<i64>,
}

/// "success" with the new value under its name.
struct Changed<'a, V> {
    transaction: &'a str,
    name: &'static str,
    value: V,
}

impl<V: Serialize> Serialize for Changed<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Changed", 3)?;
        answer.serialize_field("janus", "success")?;
        answer.serialize_field("transaction", self.transaction)?;
        answer.serialize_field(self.name, &self.value)?;
        answer.end()
    }
}

#[derive(Serialize)]
struct StatusAnswer<'a> {
    janus: &'static str,
    transaction: &'a str,
    status: Status,
}

/// The options, as `get_status` tells them.
#[derive(Serialize)]
struct Status {
    token_auth: bool,
    session_timeout: u32,
    reclaim_session_timeout: u32,
    candidates_timeout: u32,
    log_level: u8,
    log_timestamps: bool,
    log_colors: bool,
    locking_debug: bool,
    refcount_debug: bool,
    libnice_debug: bool,
    min_nack_queue: u32,
    #[serde(rename = "nack-optimizations")]
    nack_optimizations: bool,
    no_media_timer: u32,
    slowlink_threshold: u32,
}

impl Status {
    fn of(settings: &Settings, options: &Options) -> Self {
        Self {
            token_auth: false,
            session_timeout: options.session_timeout_s,
            reclaim_session_timeout: settings.reclaim_session_timeout_s,
            candidates_timeout: 45,
            log_level: options.log_level,
            log_timestamps: options.log_timestamps,
            log_colors: options.log_colors,
            locking_debug: options.locking_debug,
            refcount_debug: options.refcount_debug,
            libnice_debug: options.libnice_debug,
            min_nack_queue: options.min_nack_queue_ms,
            nack_optimizations: options.nack_optimizations,
            no_media_timer: options.media.silence_ms / 1000,
            slowlink_threshold: options.media.slow_link_packets,
        }
    }
}
