//! The Janus protocol around the plugin: sessions, handles, acks.

use heapless::String;

use super::Outlet;
use super::error::{Refusal, core_error, refuse};
use super::handle::{Handle, Role};
use super::info::server_info;
use super::json::{self, Kind, Value};
use super::parameter::{CORE, Wanted, check, natural, optional, required};
use super::post::{Created, Message, PLUGIN_NAME};
use super::session::Session;
use super::turn::{Caller, Done, Turn};
use crate::id::{ConnectionId, HandleId, SessionId};
use crate::random::Random;

/// The longest transaction, in bytes.
const TRANSACTION_BYTES: usize = 128;

/// A transaction.
type Transaction = String<TRANSACTION_BYTES>;

/// What every request has, decoded.
struct Envelope<'a> {
    connection: ConnectionId,
    transaction: Transaction,
    /// As it was said, for the echo; `None` for what Janus takes for absent.
    session_number: Option<i64>,
    /// Whether there is one, and its number if it can be one.
    handle_number: Option<Option<u64>>,
    request: json::Text<'a>,
    body: Value<'a>,
}

impl<'a> Envelope<'a> {
    /// Decodes `body`.
    fn read(
        connection: ConnectionId,
        body: Value<'a>,
        session_number: Option<i64>,
        transaction: Transaction,
    ) -> Result<Self, Refusal> {
        let missing = || refuse!(core_error::MISSING, "janus", "Missing mandatory element (janus)");
        check(body, &[required("janus", Wanted::Text)], CORE)?;
        let request = body.get("janus").and_then(Value::text).ok_or_else(missing)?;
        let handle_number = body.get("handle_id").filter(|value| value.kind() != Kind::Null).map(|value| {
            // Janus reads a negative number as a huge one.
            value.integer().filter(|number| *number != 0).map(|number| number as u64)
        });
        Ok(Self { connection, transaction, session_number, handle_number, request, body })
    }

    fn misplaced(&self) -> Refusal {
        let name = self.request.raw();
        refuse!(core_error::INVALID_PATH, "janus", "Unhandled request '{name}' at this path")
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// One message of a client. `remote` is room for a description.
    pub(crate) fn request(&mut self, connection: ConnectionId, text: &[u8], remote: &mut [u8]) {
        let body = match json::parse(text) {
            Ok(body) => body,
            Err(json::Malformed { at }) => {
                let why = refuse!(core_error::INVALID_JSON, "message", "Invalid Janus API request - at byte {at}");
                return self.post.refuse(connection, None, None, &why);
            }
        };
        let session = body.get("session_id").and_then(Value::integer).filter(|number| *number != 0);
        let transaction = match transaction_of(body) {
            Ok(transaction) => transaction,
            Err(why) => return self.post.refuse(connection, session, None, &why),
        };
        let done = Envelope::read(connection, body, session, transaction.clone());
        if let Err(why) = done.and_then(|envelope| self.dispatch(&envelope, remote)) {
            self.post.refuse(connection, session, Some(&transaction), &why);
        }
    }

    fn dispatch(&mut self, envelope: &Envelope<'_>, remote: &mut [u8]) -> Done {
        let Some(number) = envelope.session_number else {
            return self.without_session(envelope);
        };
        let Some(session) = self.state.session(number as u64) else {
            return Err(refuse!(core_error::NO_SESSION, "session_id", "No such session {}", number as u64));
        };
        if let Some(entry) = self.state.sessions.get_mut(session) {
            entry.heard = self.now;
        }
        let handle = match envelope.handle_number {
            None => None,
            Some(None) => return Err(refuse!(core_error::NO_HANDLE, "handle_id", "Handle not found")),
            Some(Some(handle)) => Some(self.state.handle(session, handle).ok_or_else(|| {
                refuse!(core_error::NO_HANDLE, "handle_id", "No such handle {handle} in session {number}")
            })?),
        };
        match handle {
            None => self.of_session(envelope, session),
            Some(handle) => self.of_handle(envelope, session, handle, remote),
        }
    }

    fn without_session(&mut self, envelope: &Envelope<'_>) -> Done {
        let (connection, transaction) = (envelope.connection, Some(envelope.transaction.as_str()));
        let request = envelope.request;
        if request.is("ping") {
            self.post.send(connection, &Message { transaction, ..Message::new("pong") });
        } else if request.is("info") {
            let info = server_info(self.settings, &envelope.transaction);
            self.post.send(connection, &info);
        } else if request.is("create") {
            let id = self.create_session(envelope)?;
            self.post.send(connection, &Message { transaction, data: Some(Created { id }), ..Message::new("success") });
        } else {
            return Err(envelope.misplaced());
        }
        Ok(())
    }

    fn create_session(&mut self, envelope: &Envelope<'_>) -> Result<u64, Refusal> {
        check(envelope.body, &[optional("id", Wanted::Natural)], CORE)?;
        let number = match natural(envelope.body, "id").filter(|id| *id != 0) {
            Some(id) if self.state.session(id).is_some() => {
                return Err(refuse!(core_error::SESSION_EXISTS, "id", "Session ID already in use"));
            }
            Some(id) => id,
            None => self.number(|turn, number| turn.state.session(number).is_some()),
        };
        let session = Session { number, connection: Some(envelope.connection), heard: self.now };
        let size = self.state.sessions.capacity();
        self.state.sessions.insert(session).map_err(|_| full("sessions", size))?;
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
            if let Some(entry) = self.state.sessions.get_mut(session) {
                entry.connection = Some(envelope.connection);
            }
            self.acknowledge(envelope, "success", None);
        } else if request.is("destroy") {
            self.destroy_session(session);
            self.acknowledge(envelope, "success", None);
        } else if ["detach", "hangup", "message", "trickle"].iter().any(|name| request.is(name)) {
            return Err(envelope.misplaced());
        } else {
            return Err(unknown(request));
        }
        Ok(())
    }

    fn of_handle(&mut self, envelope: &Envelope<'_>, session: SessionId, handle: HandleId, remote: &mut [u8]) -> Done {
        let request = envelope.request;
        if request.is("message") {
            let connection = envelope.connection;
            let caller = Caller { connection, session, handle, transaction: &envelope.transaction };
            self.message(caller, envelope.body, remote)?;
        } else if request.is("trickle") {
            check_trickle(envelope.body)?;
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
        } else if ["attach", "destroy", "claim"].iter().any(|name| request.is(name)) {
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
        let number = self.number(|turn, number| turn.state.handles.iter().any(|(_, entry)| entry.number == number));
        let handle = Handle { number, session, role: Role::Idle, peer: None };
        let size = self.state.handles.capacity();
        self.state.handles.insert(handle).map_err(|_| full("handles", size))?;
        Ok(number)
    }

    fn acknowledge(&mut self, envelope: &Envelope<'_>, janus: &'static str, data: Option<Created>) {
        let (session_id, transaction) = (envelope.session_number, Some(envelope.transaction.as_str()));
        self.post.send(envelope.connection, &Message { session_id, transaction, data, ..Message::new(janus) });
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
        self.state.sessions.remove(session);
    }
}

fn transaction_of(body: Value<'_>) -> Result<Transaction, Refusal> {
    check(body, &[required("transaction", Wanted::Text)], CORE)?;
    let too_long = || refuse!(core_error::INVALID_TYPE, "transaction", "Too long (transaction: {TRANSACTION_BYTES})");
    body.get("transaction").and_then(Value::text).and_then(json::Text::string).ok_or_else(too_long)
}

fn check_trickle(body: Value<'_>) -> Done {
    match (body.get("candidate"), body.get("candidates")) {
        (None, None) => {
            Err(refuse!(core_error::MISSING, "candidate", "Missing mandatory element (candidate|candidates)"))
        }
        (Some(_), Some(_)) => {
            Err(refuse!(core_error::INVALID_JSON, "candidate", "Can't have both candidate and candidates"))
        }
        // An ICE-lite agent checks nothing by itself: candidates are of no use to it (RFC 8445 section 2.5).
        (Some(candidate), None) if matches!(candidate.kind(), Kind::Object | Kind::Null) => Ok(()),
        (None, Some(candidates)) if candidates.kind() == Kind::Array => Ok(()),
        _ => {
            Err(refuse!(core_error::INVALID_TYPE, "candidate", "Invalid element type (candidate should be an object)"))
        }
    }
}

fn unknown(request: json::Text<'_>) -> Refusal {
    refuse!(core_error::UNKNOWN_REQUEST, "janus", "Unknown request '{}'", request.raw())
}

/// A full table, by the core's number.
fn full(table: &'static str, size: usize) -> Refusal {
    Refusal { code: core_error::FULL, ..Refusal::full(table, size) }
}
