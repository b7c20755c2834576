//! The plugin's front: which request it is, whether it is answered at once, and whether the handle plays the part.

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::handle::Role;
use super::jsep::{self, RemoteJsep};
use super::json::{Text, Value};
use super::parameter::{CORE, PLUGIN, Wanted, check, required};
use super::post::{Jsep, Message};
use super::reply::ErrorData;
use super::turn::{Caller, Done, Turn};
use crate::random::Random;
use crate::sdp::Side;

/// Requests that are answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Immediate {
    Create,
    Edit,
    Destroy,
    List,
    Exists,
    ListParticipants,
    ListForwarders,
    Allowed,
    Kick,
    Moderate,
    EnableRecording,
    RtpForward,
    StopRtpForward,
    AddRemotePublisher,
    UpdateRemotePublisher,
    RemoveRemotePublisher,
    PublishRemotely,
    UnpublishRemotely,
    ListRemotes,
}

/// Requests that are acknowledged at once and answered by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deferred {
    Join,
    JoinAndConfigure,
    Configure,
    Publish,
    Unpublish,
    Start,
    Pause,
    Switch,
    Leave,
    Subscribe,
    Unsubscribe,
    Update,
}

const IMMEDIATE: [(&str, Immediate); 19] = [
    ("create", Immediate::Create),
    ("edit", Immediate::Edit),
    ("destroy", Immediate::Destroy),
    ("list", Immediate::List),
    ("exists", Immediate::Exists),
    ("listparticipants", Immediate::ListParticipants),
    ("listforwarders", Immediate::ListForwarders),
    ("allowed", Immediate::Allowed),
    ("kick", Immediate::Kick),
    ("moderate", Immediate::Moderate),
    ("enable_recording", Immediate::EnableRecording),
    ("rtp_forward", Immediate::RtpForward),
    ("stop_rtp_forward", Immediate::StopRtpForward),
    ("add_remote_publisher", Immediate::AddRemotePublisher),
    ("update_remote_publisher", Immediate::UpdateRemotePublisher),
    ("remove_remote_publisher", Immediate::RemoveRemotePublisher),
    ("publish_remotely", Immediate::PublishRemotely),
    ("unpublish_remotely", Immediate::UnpublishRemotely),
    ("list_remotes", Immediate::ListRemotes),
];

const DEFERRED: [(&str, Deferred); 12] = [
    ("join", Deferred::Join),
    ("joinandconfigure", Deferred::JoinAndConfigure),
    ("configure", Deferred::Configure),
    ("publish", Deferred::Publish),
    ("unpublish", Deferred::Unpublish),
    ("start", Deferred::Start),
    ("pause", Deferred::Pause),
    ("switch", Deferred::Switch),
    ("leave", Deferred::Leave),
    ("subscribe", Deferred::Subscribe),
    ("unsubscribe", Deferred::Unsubscribe),
    ("update", Deferred::Update),
];

fn find<T: Copy>(table: &[(&'static str, T)], name: Text<'_>) -> Option<T> {
    table.iter().find(|(known, _)| name.is_any_case(known)).map(|(_, request)| *request)
}

/// "Unknown request".
pub(crate) fn unknown(name: &str) -> Refusal {
    refuse!(plugin::UNKNOWN_REQUEST, "request", "Unknown request '{name}'")
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// A message for the plugin. What is refused here is refused by the core.
    pub(crate) fn message(&mut self, caller: Caller<'_>, envelope: Value<'_>, remote: &mut [u8]) -> Done {
        check(envelope, &[required("body", Wanted::Object)], CORE)?;
        let Some(body) = envelope.get("body") else { return Ok(()) };
        let jsep = jsep::read(envelope, remote)?;
        if let Some(jsep) = &jsep {
            let kind = if jsep.side == Side::Offer { "offer" } else { "answer" };
            let event = Jsep { kind, sdp: jsep.text, e2ee: None };
            self.post.notify_jsep(self.state, caller.handle, "remote", event);
        }
        let name = body.get("request").and_then(Value::text);
        if let Some(request) = name.and_then(|name| find(&DEFERRED, name)) {
            let session = self.state.sessions.get(caller.session).map(|session| session.number as i64);
            let transaction = Some(caller.transaction);
            self.post.send(caller.connection, &Message { session_id: session, transaction, ..Message::new("ack") });
            if let Err(why) = self.deferred(caller, request, body, jsep) {
                let data = ErrorData::of(&why);
                self.post.event(self.state, caller.handle, Some(caller.transaction), &data, None);
            }
            self.trickle_candidates(caller.handle);
        } else if let Err(why) = self.immediate(caller, body) {
            let data = ErrorData::of(&why);
            self.post.reply(self.state, caller, &data);
        }
        Ok(())
    }

    /// Does what is answered at once.
    pub(crate) fn immediate(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, &[required("request", Wanted::Text)], PLUGIN)?;
        let Some(name) = body.get("request").and_then(Value::text) else { return Ok(()) };
        let Some(request) = find(&IMMEDIATE, name) else { return Err(unknown(name.raw())) };
        match request {
            Immediate::Create => self.create_room(caller, body),
            Immediate::Edit => self.edit_room(caller, body),
            Immediate::Destroy => self.destroy_room(caller, body),
            Immediate::List => self.list_rooms(caller, body),
            Immediate::Exists => self.room_exists(caller, body),
            Immediate::ListParticipants => self.list_participants(caller, body),
            Immediate::ListForwarders => self.list_forwarders(caller, body),
            Immediate::Allowed => self.change_allowed(caller, body),
            Immediate::Kick => self.kick(caller, body),
            Immediate::Moderate => self.moderate(caller, body),
            Immediate::EnableRecording => self.enable_recording(caller, body),
            Immediate::RtpForward => self.rtp_forward(caller, body),
            Immediate::StopRtpForward => self.stop_rtp_forward(caller, body),
            Immediate::AddRemotePublisher => self.add_remote_publisher(caller, body),
            Immediate::UpdateRemotePublisher => self.update_remote_publisher(caller, body),
            Immediate::RemoveRemotePublisher => self.remove_remote_publisher(caller, body),
            Immediate::PublishRemotely => self.publish_remotely(caller, body),
            Immediate::UnpublishRemotely => self.unpublish_remotely(caller, body),
            Immediate::ListRemotes => self.list_remotes(caller, body),
        }
    }

    fn deferred(
        &mut self,
        caller: Caller<'_>,
        request: Deferred,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        let name = DEFERRED.iter().find(|(_, known)| *known == request).map_or("", |(name, _)| name);
        let Some(handle) = self.state.handles.get(caller.handle) else { return Ok(()) };
        match &handle.role {
            Role::Idle => match request {
                Deferred::Join => self.join(caller, body, None),
                Deferred::JoinAndConfigure => self.join(caller, body, jsep),
                _ => Err(refuse!(plugin::NOT_JOINED, "request", "Invalid request on unconfigured participant")),
            },
            Role::Publisher(publisher) => {
                let is_join = matches!(request, Deferred::Join | Deferred::JoinAndConfigure);
                match publisher.room {
                    None if is_join => {
                        Err(refuse!(plugin::ALREADY_JOINED, "request", "Not in a room (create a new handle)"))
                    }
                    None => Err(refuse!(plugin::NO_ROOM, "room", "No such room")),
                    Some(_) => self.of_publisher(caller, request, name, body, jsep),
                }
            }
            Role::Subscriber(_) => {
                if jsep.as_ref().is_some_and(|jsep| jsep.side == Side::Offer) {
                    return Err(refuse!(plugin::INVALID_SDP_TYPE, "jsep", "Only publishers send offers"));
                }
                self.of_subscriber(caller, request, name, body, jsep)
            }
        }
    }

    fn of_publisher(
        &mut self,
        caller: Caller<'_>,
        request: Deferred,
        name: &str,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        match request {
            Deferred::Join | Deferred::JoinAndConfigure => {
                Err(refuse!(plugin::ALREADY_JOINED, "request", "Already in as a publisher on this handle"))
            }
            Deferred::Publish if self.state.handles.get(caller.handle).is_some_and(|handle| handle.is_up()) => {
                Err(refuse!(plugin::ALREADY_PUBLISHED, "request", "Can't publish, already published"))
            }
            Deferred::Publish | Deferred::Configure => self.configure_publisher(caller, body, jsep),
            Deferred::Unpublish => self.unpublish(caller),
            Deferred::Leave => self.leave_room(caller),
            _ => Err(unknown(name)),
        }
    }

    fn of_subscriber(
        &mut self,
        caller: Caller<'_>,
        request: Deferred,
        name: &str,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        match request {
            Deferred::Join => {
                Err(refuse!(plugin::ALREADY_JOINED, "request", "Already in as a subscriber on this handle"))
            }
            Deferred::Start => self.start(caller, jsep),
            Deferred::Pause => self.pause(caller),
            Deferred::Configure => self.configure_subscriber(caller, body, jsep),
            Deferred::Subscribe | Deferred::Unsubscribe | Deferred::Update => self.update(caller, request, body),
            Deferred::Switch => self.switch(caller, body),
            Deferred::Leave => self.leave_as_subscriber(caller),
            _ => Err(unknown(name)),
        }
    }
}
