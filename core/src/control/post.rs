//! The way out: messages are written into one buffer and handed to the platform at once.

use serde::Serialize;

use super::Outlet;
use super::error::{Refusal, core_error, refuse};
use super::handle::Handle;
use super::notify::Emitter;
use super::session::Session;
use super::state::State;
use super::turn::Caller;
use crate::id::{ConnectionId, HandleId, RoomId, SessionId};

/// The plugin's name.
pub(crate) const PLUGIN_NAME: &str = "janus.plugin.videoroom";

/// Writes messages.
pub(crate) struct Post<'t, O> {
    pub(crate) buffer: &'t mut [u8],
    pub(crate) out: &'t mut O,
    /// What events for management systems have in common.
    pub(crate) emitter: Emitter<'t>,
}

/// A description on its way out.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Jsep<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) sdp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) e2ee: Option<bool>,
}

/// What every message of the core has.
#[derive(Serialize)]
pub(crate) struct Message<'a, D: Serialize> {
    pub(crate) janus: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transaction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opaque_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Created>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugindata: Option<PluginData<D>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jsep: Option<Jsep<'a>>,
}

/// The number of a new session or handle.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Created {
    pub(crate) id: u64,
}

/// A refusal of the core.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    code: u16,
    reason: &'a str,
}

/// What the plugin says.
#[derive(Serialize)]
pub(crate) struct PluginData<D: Serialize> {
    plugin: &'static str,
    data: D,
}

/// What a plugin or a transport answers an administrator.
#[derive(Serialize)]
pub(crate) struct Response<'a, D: Serialize> {
    pub(crate) janus: &'static str,
    pub(crate) transaction: &'a str,
    pub(crate) response: D,
}

impl<'a> Message<'a, ()> {
    /// A message without anything yet.
    pub(crate) const fn new(janus: &'static str) -> Self {
        Self {
            janus,
            session_id: None,
            transaction: None,
            sender: None,
            opaque_id: None,
            reason: None,
            data: None,
            error: None,
            plugindata: None,
            jsep: None,
        }
    }
}

impl<O: Outlet> Post<'_, O> {
    /// Sends `message` to `connection`.
    pub(crate) fn send(&mut self, connection: ConnectionId, message: &impl Serialize) {
        if self.try_send(connection, message).is_err() {
            let refusal = refuse!(core_error::FULL, "message buffer", "No place left: message ({})", self.buffer.len());
            let _ = self.try_send(connection, &error_message(&refusal, None, None));
        }
    }

    /// Sends a refusal of the core.
    pub(crate) fn refuse(
        &mut self,
        connection: ConnectionId,
        session: Option<i64>,
        transaction: Option<&str>,
        refusal: &Refusal,
    ) {
        self.send(connection, &error_message(refusal, session, transaction));
    }

    /// Sends what the plugin says about `handle`, as an event, to whom its session belongs.
    pub(crate) fn event(
        &mut self,
        state: &State<'_>,
        handle: HandleId,
        transaction: Option<&str>,
        data: &impl Serialize,
        jsep: Option<Jsep<'_>>,
    ) {
        if let Some(jsep) = jsep {
            self.notify_jsep(state, handle, "local", jsep);
        }
        let Some(address) = Address::of(state, handle) else { return };
        self.send(address.connection, &plugin_message("event", address, transaction, data, jsep));
    }

    /// Sends what the plugin answers at once.
    pub(crate) fn reply(&mut self, state: &State<'_>, caller: Caller<'_>, data: &impl Serialize) {
        let transaction = caller.transaction;
        if caller.is_administrator {
            let response = Response { janus: "success", transaction, response: data };
            return self.send(caller.connection, &response);
        }
        let Some(entry) = state.handles.get(caller.handle) else { return };
        let Some(session) = state.sessions.get(entry.session) else { return };
        let address = Address::new(state, caller.connection, session, entry);
        self.send(caller.connection, &plugin_message("success", address, Some(transaction), data, None));
    }

    /// Sends an event of the core about `handle`: `webrtcup`, `hangup`, `detached` and such.
    pub(crate) fn notify(
        &mut self,
        state: &State<'_>,
        handle: HandleId,
        janus: &'static str,
        reason: Option<&'static str>,
    ) {
        let Some(Address { connection, session, handle, opaque_id }) = Address::of(state, handle) else { return };
        let (session_id, sender) = (Some(session as i64), Some(handle));
        self.send(connection, &Message { session_id, sender, opaque_id, reason, ..Message::new(janus) });
    }

    /// Sends an event to everybody who joined `room` to publish, but for `except`.
    pub(crate) fn tell_room(
        &mut self,
        state: &State<'_>,
        room: RoomId,
        except: Option<HandleId>,
        data: &impl Serialize,
    ) {
        for (handle, _, _) in state.publishers(room).filter(|(handle, _, _)| Some(*handle) != except) {
            self.event(state, handle, None, data, None);
        }
    }

    /// Sends an event of the core about a session.
    pub(crate) fn notify_session(&mut self, state: &State<'_>, session: SessionId, janus: &'static str) {
        let Some(session) = state.sessions.get(session) else { return };
        let Some(connection) = session.connection else { return };
        self.send(connection, &Message { session_id: Some(session.number as i64), ..Message::new(janus) });
    }

    /// Sends `message`, if the buffer holds it.
    pub(crate) fn try_send(
        &mut self,
        connection: ConnectionId,
        message: &impl Serialize,
    ) -> Result<(), serde_json_core::ser::Error> {
        let len = serde_json_core::to_slice(message, self.buffer)?;
        self.out.text(connection, &self.buffer[..len]);
        Ok(())
    }
}

fn error_message<'a>(refusal: &'a Refusal, session_id: Option<i64>, transaction: Option<&'a str>) -> Message<'a, ()> {
    let error = Some(ErrorBody { code: refusal.code, reason: &refusal.reason });
    Message { session_id, transaction, error, ..Message::new("error") }
}

fn plugin_message<'a, D: Serialize>(
    janus: &'static str,
    address: Address<'a>,
    transaction: Option<&'a str>,
    data: D,
    jsep: Option<Jsep<'a>>,
) -> Message<'a, D> {
    Message {
        janus,
        session_id: Some(address.session as i64),
        transaction,
        sender: Some(address.handle),
        opaque_id: address.opaque_id,
        reason: None,
        data: None,
        error: None,
        plugindata: Some(PluginData { plugin: PLUGIN_NAME, data }),
        jsep,
    }
}

/// Where events about a handle go.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) connection: ConnectionId,
    /// The session's number.
    pub(crate) session: u64,
    /// The handle's number.
    pub(crate) handle: u64,
    /// What the client calls the handle, where it is to be told.
    pub(crate) opaque_id: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// That of `handle`; nothing if nobody listens.
    pub(crate) fn of(state: &'a State<'_>, handle: HandleId) -> Option<Self> {
        let entry = state.handles.get(handle)?;
        let session = state.sessions.get(entry.session)?;
        Some(Self::new(state, session.connection?, session, entry))
    }

    fn new(state: &State<'_>, connection: ConnectionId, session: &Session, handle: &'a Handle) -> Self {
        let opaque_id = handle.opaque_id.as_deref().filter(|_| state.options.tells_opaque_ids);
        Self { connection, session: session.number, handle: handle.number, opaque_id }
    }
}
