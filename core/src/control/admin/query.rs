//! What an administrator asks of a part of Parlor: the plugin, a transport, the log, names and loops.

use serde::Serialize;

use super::super::Outlet;
use super::super::envelope::Envelope;
use super::super::error::{Reason, Refusal, core_error, refuse};
use super::super::json::{Text, Value};
use super::super::notify::{EventBackendKind, EventCounts, Subject, Topic};
use super::super::origin::Transport;
use super::super::parameter::{CORE, Wanted, check, natural, optional, required};
use super::super::post::{PLUGIN_NAME, Response};
use super::super::reply::ErrorData;
use super::super::turn::{Caller, Turn};
use super::named;
use crate::random::Random;

/// The longest line of `custom_logline`.
const LINE_BYTES: usize = 512;

/// Janus' level of information, which a line has that names none.
const INFORMATION: u64 = 4;

/// Numbers by which a transport or an event handler refuses.
mod part_error {
    pub(super) const UNKNOWN_REQUEST: u16 = 411;
    pub(super) const MISSING: u16 = 412;
    pub(super) const INVALID: u16 = 413;
}

/// Janus' names of what tells management systems.
const HANDLERS: [(&str, EventBackendKind); 3] = [
    ("janus.eventhandler.sampleevh", EventBackendKind::Http),
    ("janus.eventhandler.wsevh", EventBackendKind::WebSocket),
    ("janus.eventhandler.mqttevh", EventBackendKind::Mqtt),
];

/// What an administrator wants told to management systems.
#[derive(serde::Serialize)]
struct CustomEvent<'a> {
    schema: Option<Value<'a>>,
    data: Option<Value<'a>>,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Answers what a request asks of a part of Parlor, if that is what it asks.
    pub(super) fn query(&mut self, envelope: &Envelope<'_>) -> Result<bool, Refusal> {
        let (request, body) = (envelope.request, envelope.body);
        if request.is("message_plugin") {
            self.message_plugin(envelope)?;
        } else if request.is("query_transport") {
            self.query_transport(envelope)?;
        } else if request.is("query_eventhandler") {
            self.query_event_handler(envelope)?;
        } else if request.is("query_logger") {
            check(body, &named("logger"), CORE)?;
            return Err(refuse!(core_error::NO_PLUGIN, "logger", "Invalid logger"));
        } else if request.is("custom_event") {
            check(body, &[required("schema", Wanted::Text), required("data", Wanted::Object)], CORE)?;
            let event = CustomEvent { schema: body.get("schema"), data: body.get("data") };
            self.post.notify_event(self.state, (Topic::External, 0), Subject::Nobody, &event);
            self.succeed(envelope);
        } else if request.is("custom_logline") {
            self.log_line(body)?;
            self.succeed(envelope);
        } else if request.is("resolve_address") {
            self.resolve_address(envelope)?;
        } else if request.is("test_stun") {
            check(body, TEST_STUN, CORE)?;
            return Err(refuse!(core_error::UNKNOWN, "address", "STUN request failed"));
        } else if request.is("loops_info") {
            let answer = Loops { janus: "success", transaction: &envelope.transaction, loops: [] };
            self.post.send(envelope.origin.connection, &answer);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn message_plugin(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        let body = envelope.body;
        check(body, &[required("plugin", Wanted::Text)], CORE)?;
        if !body.get("plugin").and_then(Value::text).is_some_and(|plugin| plugin.is(PLUGIN_NAME)) {
            return Err(refuse!(core_error::NO_PLUGIN, "plugin", "Invalid plugin"));
        }
        check(body, &[optional("request", Wanted::Object)], CORE)?;
        let caller = Caller::administrator(envelope.origin.connection, &envelope.transaction);
        if let Err(why) = self.immediate(caller, body.get("request").unwrap_or(Value::EMPTY)) {
            self.post.reply(self.state, caller, &ErrorData::of(&why));
        }
        Ok(())
    }

    /// Transports have nothing that could be changed while they run.
    fn query_transport(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        check(envelope.body, &named("transport"), CORE)?;
        let name = envelope.body.get("transport").and_then(Value::text);
        let all = [Transport::WebSocket, Transport::Http, Transport::Unix];
        let transport = all.into_iter().find(|transport| name.is_some_and(|name| name.is(transport.name())));
        let unknown = || refuse!(core_error::NO_PLUGIN, "transport", "Invalid transport");
        let transport = transport.ok_or_else(unknown)?;
        let answer = self.part_request(envelope).and_then(|request| {
            let mut result = PartResult { result: 200, ..PartResult::default() };
            if request.is("connections") {
                let mut count = |are_administrators| self.post.out.connections(transport, are_administrators);
                let (http, admin_http) = (count(false), count(true));
                result.connections = Some(match transport {
                    Transport::Http => Connections::Apart { http, admin_http },
                    _ => Connections::Together(http + admin_http),
                });
                result.messages = (transport == Transport::Http).then_some(http + admin_http);
            } else if request.is("configure") {
                configure(transport, envelope.body.get("request").unwrap_or(Value::EMPTY), &mut result);
            } else {
                return Err(unknown_request(request));
            }
            Ok(result)
        });
        self.answer_part(envelope, answer);
        Ok(())
    }

    /// Event handlers neither, but they tell how many events they lost: "statistics", which Janus has not.
    fn query_event_handler(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        check(envelope.body, &named("handler"), CORE)?;
        let name = envelope.body.get("handler").and_then(Value::text);
        let known = HANDLERS.iter().find(|(known, _)| name.is_some_and(|name| name.is(known)));
        let counts = known.and_then(|(_, kind)| self.post.out.event_counts(*kind));
        let unknown = || refuse!(core_error::NO_PLUGIN, "handler", "Invalid event handler");
        let counts = counts.ok_or_else(unknown)?;
        let answer = self.part_request(envelope).and_then(|request| {
            let mut result = PartResult { result: 200, ..PartResult::default() };
            if request.is("statistics") {
                result.events = Some(counts);
            } else if !request.is("tweak") {
                return Err(unknown_request(request));
            }
            Ok(result)
        });
        self.answer_part(envelope, answer);
        Ok(())
    }

    /// What is asked of a part.
    fn part_request<'a>(&self, envelope: &Envelope<'a>) -> Result<Text<'a>, Refusal> {
        let asked = envelope.body.get("request").unwrap_or(Value::EMPTY).get("request");
        let missing = || refuse!(part_error::MISSING, "request", "Missing mandatory element (request)");
        let no_text = || refuse!(part_error::INVALID, "request", "Invalid element type (request should be a string)");
        asked.ok_or_else(missing)?.text().ok_or_else(no_text)
    }

    fn answer_part(&mut self, envelope: &Envelope<'_>, answer: Result<PartResult, Refusal>) {
        let (connection, transaction) = (envelope.origin.connection, envelope.transaction.as_str());
        match answer {
            Ok(response) => self.post.send(connection, &Response { janus: "success", transaction, response }),
            Err(why) => {
                let response = PartError { error_code: why.code, error: &why.reason };
                self.post.send(connection, &Response { janus: "success", transaction, response });
            }
        }
    }

    fn log_line(&mut self, body: Value<'_>) -> Result<(), Refusal> {
        check(body, &[required("line", Wanted::Text), optional("level", Wanted::Natural)], CORE)?;
        let level = natural(body, "level").filter(|level| *level <= 7).unwrap_or(INFORMATION) as u8;
        let too_long = || refuse!(core_error::INVALID_TYPE, "line", "Too long (line: {LINE_BYTES})");
        let line = body.get("line").and_then(Value::text).and_then(|text| text.string::<LINE_BYTES>());
        self.post.out.log_line(level, &line.ok_or_else(too_long)?);
        Ok(())
    }

    /// No name is looked up here but that of this machine.
    fn resolve_address(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        check(envelope.body, &[required("address", Wanted::Text)], CORE)?;
        let text = envelope.body.get("address").and_then(Value::text).and_then(|text| text.string::<64>());
        let address: Option<core::net::IpAddr> = match text.as_deref() {
            Some("localhost") => Some(core::net::Ipv4Addr::LOCALHOST.into()),
            Some(text) => text.parse().ok(),
            None => None,
        };
        let unknown = || refuse!(core_error::UNKNOWN, "address", "Could not resolve address");
        let ip = super::super::reply::Shown(address.ok_or_else(unknown)?);
        let answer = Resolved { janus: "success", transaction: &envelope.transaction, ip, elapsed: 0 };
        self.post.send(envelope.origin.connection, &answer);
        Ok(())
    }
}

/// What `test_stun` may hold. No STUN server is ever asked from here.
const TEST_STUN: &[super::Parameter] =
    &[required("address", Wanted::Text), required("port", Wanted::Natural), optional("localport", Wanted::Natural)];

/// Nothing of a transport can be changed, but what could not be in Janus is answered as there: beside the result.
fn configure(transport: Transport, request: Value<'_>, result: &mut PartResult) {
    let members = [optional("json", Wanted::Text), optional("logging", Wanted::Text)];
    let known = if transport == Transport::WebSocket { &members[..] } else { &members[..1] };
    if let Err(why) = check(request, known, CORE) {
        (result.error_code, result.error) = (Some(part_error::INVALID), Some(why.reason));
    } else if let Some(format) = request.get("json").and_then(Value::text)
        && !["indented", "plain", "compact"].iter().any(|known| format.is_any_case(known))
    {
        result.notes = Some(["Ignored unsupported indentation format"]);
    }
}

fn unknown_request(request: Text<'_>) -> Refusal {
    refuse!(part_error::UNKNOWN_REQUEST, "request", "Unknown request '{}'", request.raw())
}

/// What a part answers.
#[derive(Default, Serialize)]
struct PartResult {
    result: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<Connections>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventCounts>,
    /// The requests over HTTP that are being answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Reason>,
}

/// How many are connected.
#[derive(Serialize)]
#[serde(untagged)]
enum Connections {
    Together(u32),
    Apart { http: u32, admin_http: u32 },
}

#[derive(Serialize)]
struct PartError<'a> {
    error_code: u16,
    error: &'a str,
}

#[derive(Serialize)]
struct Loops<'a> {
    janus: &'static str,
    transaction: &'a str,
    loops: [u8; 0],
}

#[derive(Serialize)]
struct Resolved<'a, A: Serialize> {
    janus: &'static str,
    transaction: &'a str,
    ip: A,
    elapsed: u32,
}
