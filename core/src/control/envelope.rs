//! The Janus protocol around the plugin: sessions, handles, acks.

use heapless::String;

use super::Outlet;
use super::error::{Refusal, core_error, refuse};
use super::handle::Handle;
use super::info::server_info;
use super::json::{self, Kind, Value};
use super::notify::{HandleEvent, SessionEvent, Subject, Topic, TransportName};
use super::origin::{Origin, Transport};
use super::parameter::{CORE, Wanted, check, natural, optional, required, string};
use super::post::{Created, Message, PLUGIN_NAME};
use super::session::Session;
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, SessionId};
use crate::random::Random;

/// The longest transaction, in bytes.
const TRANSACTION_BYTES: usize = 128;

/// A transaction.
type Transaction = String<TRANSACTION_BYTES>;

/// What every request has, decoded.
pub(super) struct Envelope<'a> {
    pub(super) origin: Origin,
    pub(super) transaction: Transaction,
    /// As it was said, for the echo; `None` for what Janus takes for absent.
    pub(super) session_number: Option<i64>,
    /// Whether there is one, and its number if it can be one.
    pub(super) handle_number: Option<Option<u64>>,
    pub(super) request: json::Text<'a>,
    pub(super) body: Value<'a>,
}

impl<'a> Envelope<'a> {
    /// Decodes `body`; `told` becomes the session that a refusal tells.
    fn read(origin: Origin, body: Value<'a>, told: &mut Option<i64>) -> Result<Self, Refusal> {
        if origin.transport == Transport::Http && body.kind() != Kind::Object {
            return Err(refuse!(core_error::INVALID_JSON_OBJECT, "message", "JSON error: not an object"));
        }
        let (session_number, handle_number) = (origin.session(body)?, origin.handle(body)?);
        *told = session_number;
        let transaction = transaction_of(body)?;
        check(body, &[required("janus", Wanted::Text)], CORE)?;
        let missing = || refuse!(core_error::MISSING, "janus", "Missing mandatory element (janus)");
        let request = body.get("janus").and_then(Value::text).ok_or_else(missing)?;
        Ok(Self { origin, transaction, session_number, handle_number, request, body })
    }

    /// "Unhandled request".
    pub(super) fn misplaced(&self) -> Refusal {
        let name = self.request.raw();
        refuse!(core_error::INVALID_PATH, "janus", "Unhandled request '{name}' at this path")
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// What a client sent: one message, or several in a row where that is not HTTP. `remote` is room for a description.
    pub(crate) fn request(&mut self, origin: Origin, text: &[u8], remote: &mut [u8]) {
        let not_json = |at| refuse!(core_error::INVALID_JSON, "message", "Invalid Janus API request - at byte {at}");
        let mut left = Some(text);
        while let Some(text) = left {
            let Some((envelope, rest)) = self.open(origin, text, not_json) else { return };
            left = Some(rest).filter(|rest| !rest.is_empty());
            let checked = check(envelope.body, &[optional("id", Wanted::Natural)], CORE);
            let transaction = checked.is_ok().then_some(envelope.transaction.as_str());
            if let Err(why) = checked.and_then(|()| self.dispatch(&envelope, remote)) {
                self.post.refuse(origin.connection, envelope.session_number, transaction, &why);
            }
        }
    }

    /// Decodes the message that `text` begins with; beside it what follows. None if it was refused, by `not_json` if it
    /// is none at this byte.
    pub(super) fn open<'a>(
        &mut self,
        origin: Origin,
        text: &'a [u8],
        not_json: impl Fn(usize) -> Refusal,
    ) -> Option<(Envelope<'a>, &'a [u8])> {
        let mut told = None;
        let read = match json::first(text) {
            Ok((_, rest)) if origin.transport == Transport::Http && !rest.is_empty() => {
                Err(not_json(text.len() - rest.len()))
            }
            Ok((body, rest)) => Envelope::read(origin, body, &mut told).map(|envelope| (envelope, rest)),
            Err(json::Malformed { at }) => Err(not_json(at)),
        };
        read.map_err(|why| self.post.refuse(origin.connection, told, None, &why)).ok()
    }

    fn dispatch(&mut self, envelope: &Envelope<'_>, remote: &mut [u8]) -> Done {
        if envelope.session_number.is_none() {
            // A handle without a session is refused first.
            self.session_of(envelope)?;
            return self.without_session(envelope);
        }
        self.authorize(envelope.body)?;
        if envelope.handle_number == Some(None) {
            return Err(refuse!(core_error::NO_HANDLE, "handle_id", "Handle not found"));
        }
        let Some(session) = self.session_of(envelope)? else { return Ok(()) };
        if let Some(entry) = self.state.sessions.get_mut(session) {
            entry.heard = self.now;
        }
        match self.handle_of_request(envelope, session)? {
            None => self.of_session(envelope, session),
            Some(handle) => self.of_handle(envelope, session, handle, remote),
        }
    }

    /// The session that a request names.
    pub(super) fn session_of(&self, envelope: &Envelope<'_>) -> Result<Option<SessionId>, Refusal> {
        let Some(number) = envelope.session_number.map(|number| number as u64) else {
            return match envelope.handle_number.flatten() {
                Some(_) => Err(refuse!(core_error::NO_SESSION, "session_id", "Session not found")),
                None => Ok(None),
            };
        };
        let missing = || refuse!(core_error::NO_SESSION, "session_id", "No such session {number}");
        self.state.session(number).ok_or_else(missing).map(Some)
    }

    /// The handle of `session` that a request names.
    pub(super) fn handle_of_request(
        &self,
        envelope: &Envelope<'_>,
        session: SessionId,
    ) -> Result<Option<HandleId>, Refusal> {
        let number = envelope.session_number.unwrap_or_default() as u64;
        let Some(handle) = envelope.handle_number.flatten() else { return Ok(None) };
        let missing = || refuse!(core_error::NO_HANDLE, "handle_id", "No such handle {handle} in session {number}");
        self.state.handle(session, handle).ok_or_else(missing).map(Some)
    }

    fn without_session(&mut self, envelope: &Envelope<'_>) -> Done {
        let (connection, transaction) = (envelope.origin.connection, Some(envelope.transaction.as_str()));
        let request = envelope.request;
        if request.is("ping") {
            self.post.send(connection, &Message { transaction, ..Message::new("pong") });
        } else if request.is("info") {
            let info = server_info(self.settings, &self.state.options, &envelope.transaction);
            self.post.send(connection, &info);
        } else if request.is("create") {
            self.authorize(envelope.body)?;
            let wanted = natural(envelope.body, "id").filter(|id| *id != 0);
            if wanted.is_some_and(|id| self.state.session(id).is_some()) {
                let why = refuse!(core_error::SESSION_EXISTS, "id", "Session ID already in use");
                self.post.refuse(connection, wanted.map(|id| id as i64), transaction, &why);
                return Ok(());
            }
            let id = self.create_session(envelope, wanted)?;
            self.post.send(connection, &Message { transaction, data: Some(Created { id }), ..Message::new("success") });
        } else {
            return Err(envelope.misplaced());
        }
        Ok(())
    }

    fn create_session(&mut self, envelope: &Envelope<'_>, wanted: Option<u64>) -> Result<u64, Refusal> {
        if !self.state.options.accepts_sessions {
            return Err(refuse!(core_error::NOT_ACCEPTING, "janus", "Currently not accepting new sessions"));
        }
        let number = match wanted {
            Some(id) => id,
            None => self.number(|turn, number| turn.state.session(number).is_some()),
        };
        let Origin { connection, transport, .. } = envelope.origin;
        let session = Session { number, connection: Some(connection), transport, timeout_s: None, heard: self.now };
        let size = self.state.sessions.capacity();
        self.state.sessions.insert(session).map_err(|_| full("sessions", size))?;
        self.post.out.session_began(connection, number);
        if let Some(session) = self.state.session(number) {
            let transport = Some(TransportName::of(transport, connection));
            let event = SessionEvent { name: "created", transport };
            self.post.notify_event(self.state, (Topic::Session, 0), Subject::Session(session), &event);
        }
        Ok(number)
    }

    fn of_session(&mut self, envelope: &Envelope<'_>, session: SessionId) -> Done {
        let request = envelope.request;
        if request.is("keepalive") {
            self.acknowledge(envelope, "ack", None);
        } else if request.is("attach") {
            let id = self.attach(envelope.body, session)?;
            self.acknowledge(envelope, "success", Some(Created { id }));
        } else if request.is("claim") {
            self.claim(session, envelope.origin);
            self.acknowledge(envelope, "success", None);
        } else if request.is("destroy") {
            self.notify_ended(session, "destroyed");
            self.destroy_session(session);
            self.acknowledge(envelope, "success", None);
        } else if ["detach", "hangup", "message", "trickle"].iter().any(|name| request.is(name)) {
            return Err(envelope.misplaced());
        } else {
            return Err(unknown(request));
        }
        Ok(())
    }

    /// From now on the events of `session` go where the claim came from.
    fn claim(&mut self, session: SessionId, origin: Origin) {
        let Some(entry) = self.state.sessions.get_mut(session) else { return };
        // Over HTTP there is a connection for each request, and one beside them in which events wait already.
        if origin.transport == Transport::Http && entry.transport == Transport::Http && entry.connection.is_some() {
            return;
        }
        entry.transport = origin.transport;
        let (number, old) = (entry.number, entry.connection.replace(origin.connection));
        if old != Some(origin.connection) {
            if let Some(old) = old {
                self.post.out.session_ended(old, number);
            }
            self.post.out.session_began(origin.connection, number);
        }
    }

    fn of_handle(&mut self, envelope: &Envelope<'_>, session: SessionId, handle: HandleId, remote: &mut [u8]) -> Done {
        let request = envelope.request;
        if request.is("message") {
            let connection = envelope.origin.connection;
            let transaction = &envelope.transaction;
            let caller = Caller { connection, session, handle, transaction, is_administrator: false };
            self.message(caller, envelope.body, remote)?;
        } else if request.is("trickle") {
            let peer = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref());
            check_trickle(envelope.body, peer.is_some_and(|peer| peer.remote.is_some()))?;
            self.notify_trickled(handle, envelope.body);
            self.acknowledge(envelope, "ack", None);
        } else if request.is("hangup") {
            self.acknowledge(envelope, "success", None);
            self.hang_up(handle, "Janus API");
        } else if request.is("detach") {
            self.acknowledge(envelope, "success", None);
            self.post.notify(self.state, handle, "detached", None);
            self.detach(handle);
        } else if request.is("keepalive") {
            self.acknowledge(envelope, "ack", None);
        } else if request.is("claim") {
            self.claim(session, envelope.origin);
            self.acknowledge(envelope, "success", None);
        } else if ["attach", "destroy"].iter().any(|name| request.is(name)) {
            return Err(envelope.misplaced());
        } else {
            return Err(unknown(request));
        }
        Ok(())
    }

    fn attach(&mut self, body: Value<'_>, session: SessionId) -> Result<u64, Refusal> {
        check(body, &[required("plugin", Wanted::Text), optional("opaque_id", Wanted::Text)], CORE)?;
        let plugin = body.get("plugin").and_then(Value::text);
        if let Some(plugin) = plugin.filter(|plugin| !plugin.is(PLUGIN_NAME)) {
            return Err(refuse!(core_error::NO_PLUGIN, "plugin", "No such plugin '{}'", plugin.raw()));
        }
        self.authorize_plugin(body)?;
        let number = self.number(|turn, number| turn.state.handles.iter().any(|(_, entry)| entry.number == number));
        // The core refuses by a number of its own.
        let too_long = |why| Refusal { code: core_error::INVALID_TYPE, ..why };
        let opaque_id = string(body, "opaque_id").map_err(too_long)?;
        let handle = Handle { opaque_id, ..Handle::new(number, session, self.now) };
        let size = self.state.handles.capacity();
        let id = self.state.handles.insert(handle).map_err(|_| full("handles", size))?;
        let event = HandleEvent::new("attached", self.state.handles.get(id));
        self.post.notify_event(self.state, (Topic::Handle, 0), Subject::Handle(id.into()), &event);
        Ok(number)
    }

    fn acknowledge(&mut self, envelope: &Envelope<'_>, janus: &'static str, data: Option<Created>) {
        let (session_id, transaction) = (envelope.session_number, Some(envelope.transaction.as_str()));
        self.post.send(envelope.origin.connection, &Message { session_id, transaction, data, ..Message::new(janus) });
    }

    /// Tells management systems that a session ends, and how.
    pub(crate) fn notify_ended(&mut self, session: SessionId, name: &'static str) {
        let event = SessionEvent { name, transport: None };
        self.post.notify_event(self.state, (Topic::Session, 0), Subject::Session(session), &event);
    }

    /// Ends a session with all its handles.
    pub(crate) fn destroy_session(&mut self, session: SessionId) {
        for index in 0..self.state.handles.capacity() {
            let of_session = |entry: &Handle| entry.session == session;
            if self.state.handles.at(index as u16).is_some_and(of_session)
                && let Some(handle) = self.state.handles.id_at(index as u16)
            {
                self.detach(handle.into());
            }
        }
        if let Some(Session { number, connection: Some(connection), .. }) = self.state.sessions.remove(session) {
            self.post.out.session_ended(connection, number);
        }
    }
}

fn transaction_of(body: Value<'_>) -> Result<Transaction, Refusal> {
    check(body, &[required("transaction", Wanted::Text)], CORE)?;
    let too_long = || refuse!(core_error::INVALID_TYPE, "transaction", "Too long (transaction: {TRANSACTION_BYTES})");
    body.get("transaction").and_then(Value::text).and_then(json::Text::string).ok_or_else(too_long)
}

/// What comes before the descriptions are exchanged is not looked at, as in Janus, which keeps it for later.
fn check_trickle(body: Value<'_>, is_negotiated: bool) -> Done {
    match (body.get("candidate"), body.get("candidates")) {
        (None, None) => {
            Err(refuse!(core_error::MISSING, "candidate", "Missing mandatory element (candidate|candidates)"))
        }
        (Some(_), Some(_)) => {
            Err(refuse!(core_error::INVALID_JSON, "candidate", "Can't have both candidate and candidates"))
        }
        (Some(candidate), None) if is_negotiated => check_candidate(candidate),
        (None, Some(candidates)) if is_negotiated && candidates.kind() != Kind::Array => {
            Err(refuse!(core_error::INVALID_TYPE, "candidates", "candidates is not an array"))
        }
        // An ICE-lite agent checks nothing by itself: candidates are of no use to it (RFC 8445 section 2.5).
        _ => Ok(()),
    }
}

/// Whether it is one, or the end of them: `completed`, or no object at all.
fn check_candidate(candidate: Value<'_>) -> Done {
    if candidate.kind() != Kind::Object || candidate.get("completed").is_some() {
        return Ok(());
    }
    if candidate.get("sdpMid").is_none() && candidate.get("sdpMLineIndex").is_none() {
        let why = "Trickle error: missing mandatory element (sdpMid or sdpMLineIndex)";
        return Err(refuse!(core_error::MISSING, "sdpMid", "{why}"));
    }
    let members = [
        optional("sdpMid", Wanted::Text),
        optional("sdpMLineIndex", Wanted::Natural),
        required("candidate", Wanted::Text),
    ];
    check(candidate, &members, CORE)
}

fn unknown(request: json::Text<'_>) -> Refusal {
    refuse!(core_error::UNKNOWN_REQUEST, "janus", "Unknown request '{}'", request.raw())
}

/// A full table, by the core's number.
fn full(table: &'static str, size: usize) -> Refusal {
    Refusal { code: core_error::FULL, ..Refusal::full(table, size) }
}
