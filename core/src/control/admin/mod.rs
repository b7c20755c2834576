//! The admin API: what an operator asks and changes while Parlor runs. It has the same envelope as the API of clients,
//! and a secret in every message.
//!
//! ```text
//! no session        ping, info, get_status, set_*, list_sessions, message_plugin, query_* ...
//!                   server_status, room_status, people_status
//! a session         list_handles, set_session_timeout, destroy_session
//! a handle          handle_info, handle_statistics, hangup_webrtc, detach_handle, start_pcap, stop_pcap ...
//! ```

mod capture;
mod handle_info;
mod options;
mod part;
mod query;
mod statistics;
mod status;
mod tokens;
mod webrtc_info;

use serde::Serialize;

use super::Outlet;
use super::envelope::Envelope;
use super::error::{core_error, refuse};
use super::info::server_info;
use super::json::{self, Kind, Value};
use super::origin::{Origin, Transport};
use super::parameter::{CORE, Parameter, Wanted, check, optional, required};
use super::post::Message;
use super::reply::Each;
use super::settings::ADMIN_SECRET_BYTES;
use super::turn::{Done, Turn};
use crate::id::{HandleId, SessionId};
use crate::random::Random;
use crate::room::access;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// What an administrator sent.
    pub(crate) fn administer(&mut self, origin: Origin, text: &[u8]) {
        let not_json = |at| match origin.transport {
            Transport::Http => refuse!(core_error::INVALID_JSON, "message", "JSON error: at byte {at}"),
            // So Janus answers there: what is no JSON has no transaction.
            _ => refuse!(core_error::MISSING, "transaction", "Missing mandatory element (transaction)"),
        };
        let mut left = Some(text);
        while let Some(text) = left {
            let Some((envelope, rest)) = self.open(origin, text, not_json) else { return };
            left = Some(rest).filter(|rest| !rest.is_empty());
            if let Err(why) = self.dispatch_admin(&envelope) {
                self.post.refuse(origin.connection, envelope.session_number, Some(&envelope.transaction), &why);
            }
        }
    }

    fn dispatch_admin(&mut self, envelope: &Envelope<'_>) -> Done {
        if envelope.session_number.is_none() {
            // A handle without a session is refused first.
            self.session_of(envelope)?;
            if self.answer_anybody(envelope) {
                return Ok(());
            }
        }
        self.check_admin(envelope.body)?;
        let says_null = envelope.body.get("handle_id").is_some_and(|value| value.kind() == Kind::Null);
        let has_session = envelope.session_number.is_some();
        if has_session && envelope.handle_number.map_or(says_null, |number| number.is_none()) {
            return Err(refuse!(core_error::NO_SESSION, "handle_id", "Session not found"));
        }
        let Some(session) = self.session_of(envelope)? else { return self.administer_server(envelope) };
        match self.handle_of_request(envelope, session)? {
            None => self.administer_session(envelope, session),
            Some(handle) => self.administer_handle(envelope, handle),
        }
    }

    /// Answers what needs no secret; false if it needs one.
    fn answer_anybody(&mut self, envelope: &Envelope<'_>) -> bool {
        let (connection, transaction) = (envelope.origin.connection, Some(envelope.transaction.as_str()));
        if envelope.request.is("ping") {
            self.post.send(connection, &Message { transaction, ..Message::new("pong") });
        } else if envelope.request.is("info") {
            let info = server_info(self.settings, &self.state.options, &envelope.transaction);
            self.post.send(connection, &info);
        } else {
            return false;
        }
        true
    }

    fn check_admin(&mut self, body: Value<'_>) -> Done {
        let wanted = Some(self.settings.admin_secret.as_str()).filter(|secret| !secret.is_empty());
        let given = body.get("admin_secret").and_then(Value::text);
        let given: Option<heapless::String<ADMIN_SECRET_BYTES>> = given.and_then(json::Text::string);
        let checked = access::check(wanted, given.as_deref());
        self.post.out.admin_secret(checked.is_ok());
        checked.map_err(|_| {
            refuse!(core_error::UNAUTHORIZED, "admin_secret", "Unauthorized request (wrong or missing secret/token)")
        })
    }

    fn administer_server(&mut self, envelope: &Envelope<'_>) -> Done {
        if envelope.request.is("list_sessions") {
            let sessions = self.state.sessions.iter().map(|(_, session)| session.number);
            let list = SessionList { janus: "success", transaction: &envelope.transaction, sessions: Each(sessions) };
            self.post.send(envelope.origin.connection, &list);
            return Ok(());
        }
        if self.change_option(envelope)?
            || self.change_tokens(envelope)?
            || self.query(envelope)?
            || self.tell_status(envelope)?
        {
            return Ok(());
        }
        Err(envelope.misplaced())
    }

    fn administer_session(&mut self, envelope: &Envelope<'_>, session: SessionId) -> Done {
        let request = envelope.request;
        if request.is("list_handles") {
            let handles = self.state.handles.iter().filter(|(_, handle)| handle.session == session);
            let list = HandleList {
                janus: "success",
                session_id: envelope.session_number,
                transaction: &envelope.transaction,
                handles: Each(handles.map(|(_, handle)| handle.number)),
            };
            self.post.send(envelope.origin.connection, &list);
        } else if request.is("set_session_timeout") {
            let timeout_s = options::session_timeout(envelope.body)?;
            if let Some(entry) = self.state.sessions.get_mut(session) {
                entry.timeout_s = Some(timeout_s);
            }
            self.tell_timeout(envelope, timeout_s);
        } else if request.is("destroy_session") {
            self.destroy_session(session);
            self.succeed(envelope);
        } else {
            return Err(envelope.misplaced());
        }
        Ok(())
    }

    fn administer_handle(&mut self, envelope: &Envelope<'_>, handle: HandleId) -> Done {
        let request = envelope.request;
        if request.is("handle_info") {
            check(envelope.body, &[optional("plugin_only", Wanted::Bool)], CORE)?;
            self.tell_handle(envelope, handle);
        } else if request.is("handle_statistics") {
            self.tell_statistics(envelope, handle);
        } else if request.is("hangup_webrtc") {
            self.hang_up(handle, "Admin API");
            self.succeed(envelope);
        } else if request.is("detach_handle") {
            self.post.notify(self.state, handle, "detached", None);
            self.detach(handle);
            self.succeed(envelope);
        } else if !self.change_capture(envelope, handle)? {
            return Err(envelope.misplaced());
        }
        Ok(())
    }

    /// "success", with the session if there is one.
    fn succeed(&mut self, envelope: &Envelope<'_>) {
        let (session_id, transaction) = (envelope.session_number, Some(envelope.transaction.as_str()));
        self.post.send(envelope.origin.connection, &Message { session_id, transaction, ..Message::new("success") });
    }
}

/// What names a plugin, a transport or such must hold.
const fn named(name: &'static str) -> [Parameter; 2] {
    [required(name, Wanted::Text), optional("request", Wanted::Object)]
}

#[derive(Serialize)]
struct SessionList<'a, L: Serialize> {
    janus: &'static str,
    transaction: &'a str,
    sessions: L,
}

#[derive(Serialize)]
struct HandleList<'a, L: Serialize> {
    janus: &'static str,
    session_id: Option<i64>,
    transaction: &'a str,
    handles: L,
}
