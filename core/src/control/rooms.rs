//! Requests about rooms: create, edit, destroy, exists, list.

use core::fmt::Write;

use super::Outlet;
use super::dummy::{DummyFormats, formats_of};
use super::error::{Refusal, plugin, refuse};
use super::json::Value;
use super::notify::{RoomNotice, Subject};
use super::parameter::{
    PLUGIN, Parameter, Wanted, check, flag, name_at, natural, natural_u32, optional, required, string,
};
use super::reply::{Each, RoomChanged, RoomDestroyed, RoomExists, RoomInfo, RoomList};
use super::turn::{Caller, Done, Turn};
use crate::id::{ConversationId, HandleId, Id, RoomId};
use crate::media::Command;
use crate::random::Random;
use crate::room::access::{self, TOKENS, Token};
use crate::room::settings::useful_bitrate;
use crate::room::{CodecList, Denied, Name, RecordFormat, Room, RoomSettings};
use crate::stream::LOUDEST;
use crate::wire::Kind;

/// More publishers than that are the default.
const MOST_PUBLISHERS: u32 = i32::MAX as u32;

/// What `create` may hold.
pub(crate) const CREATE: &[Parameter] = &[
    optional("room", Wanted::Name),
    optional("description", Wanted::Text),
    optional("is_private", Wanted::Bool),
    optional("allowed", Wanted::Array),
    optional("secret", Wanted::Text),
    optional("pin", Wanted::Text),
    optional("require_pvtid", Wanted::Bool),
    optional("signed_tokens", Wanted::Bool),
    optional("require_e2ee", Wanted::Bool),
    optional("bitrate", Wanted::Natural),
    optional("bitrate_cap", Wanted::Bool),
    optional("fir_freq", Wanted::Natural),
    optional("publishers", Wanted::Natural),
    optional("audiocodec", Wanted::Text),
    optional("videocodec", Wanted::Text),
    optional("vp9_profile", Wanted::Text),
    optional("h264_profile", Wanted::Text),
    optional("opus_fec", Wanted::Bool),
    optional("opus_dtx", Wanted::Bool),
    optional("video_svc", Wanted::Bool),
    optional("audiolevel_ext", Wanted::Bool),
    optional("audiolevel_event", Wanted::Bool),
    optional("audio_active_packets", Wanted::Natural),
    optional("audio_level_average", Wanted::Natural),
    optional("dominant_speaker_event", Wanted::Bool),
    optional("audio_spectrum_event", Wanted::Bool),
    optional("audio_loudest", Wanted::Natural),
    optional("audio_red", Wanted::Bool),
    optional("audio_nack", Wanted::Bool),
    optional("videoorient_ext", Wanted::Bool),
    optional("playoutdelay_ext", Wanted::Bool),
    optional("transport_wide_cc_ext", Wanted::Bool),
    optional("follow_need", Wanted::Bool),
    optional("record", Wanted::Bool),
    optional("record_format", Wanted::Text),
    optional("rec_dir", Wanted::Text),
    optional("lock_record", Wanted::Bool),
    optional("permanent", Wanted::Bool),
    optional("notify_joining", Wanted::Bool),
    optional("dummy_publisher", Wanted::Bool),
    optional("dummy_streams", Wanted::Array),
    optional("threads", Wanted::Natural),
];

/// What `edit` may hold.
pub(crate) const EDIT: &[Parameter] = &[
    required("room", Wanted::Name),
    optional("secret", Wanted::Text),
    optional("new_description", Wanted::Text),
    optional("new_is_private", Wanted::Bool),
    optional("new_secret", Wanted::Text),
    optional("new_pin", Wanted::Text),
    optional("new_require_pvtid", Wanted::Bool),
    optional("new_bitrate", Wanted::Natural),
    optional("new_fir_freq", Wanted::Natural),
    optional("new_publishers", Wanted::Natural),
    optional("new_lock_record", Wanted::Bool),
    optional("new_rec_dir", Wanted::Text),
    optional("new_record_format", Wanted::Text),
    optional("new_dominant_speaker_event", Wanted::Bool),
    optional("new_audio_spectrum_event", Wanted::Bool),
    optional("new_audio_loudest", Wanted::Natural),
    optional("new_audio_red", Wanted::Bool),
    optional("new_audio_nack", Wanted::Bool),
    optional("permanent", Wanted::Bool),
];

/// What `destroy` may hold.
pub(crate) const DESTROY: &[Parameter] = &[required("room", Wanted::Name), optional("permanent", Wanted::Bool)];

/// What `exists` and `listparticipants` must hold.
pub(crate) const NAMED: &[Parameter] = &[required("room", Wanted::Name)];

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn create_room(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, CREATE, self.codes())?;
        self.check_admin_key(body)?;
        if !self.settings.create_rooms {
            return Err(refuse!(plugin::UNAUTHORIZED, "request", "Unauthorized (rooms are made by the configuration)"));
        }
        let settings = settings_of(body)?;
        let tokens = tokens_of(body)?;
        let formats = formats_of(body)?;
        let name = self.add_room_with(settings, &formats)?;
        if let Some(tokens) = tokens.filter(|tokens| !tokens.is_empty())
            && let Some(room) = self.state.room(name).and_then(|id| self.state.rooms.get_mut(id))
        {
            room.allowed = access::AllowedTokens { is_checked: true, tokens };
        }
        let permanent = flag(body, "permanent").unwrap_or(false) && self.keep_room(name);
        self.notify_room(caller.handle, "created", name);
        self.say(caller, &RoomChanged { videoroom: "created", room: name, permanent });
        Ok(())
    }

    /// Whether the room is there after a restart as it is now.
    fn keep_room(&mut self, name: Name) -> bool {
        let room = self.state.room(name).and_then(|id| self.state.rooms.get(id));
        room.is_some_and(|room| self.post.out.keep_room(&room.settings))
    }

    /// Makes a room and says its name.
    pub(crate) fn add_room(&mut self, settings: RoomSettings) -> Result<Name, Refusal> {
        self.add_room_with(settings, &DummyFormats::new())
    }

    /// The same with `formats` for its dummy publisher, if it has one.
    fn add_room_with(&mut self, mut settings: RoomSettings, formats: &DummyFormats) -> Result<Name, Refusal> {
        if self.settings.string_ids && settings.room != Name::default() {
            settings.room = settings.room.to_text();
        }
        if settings.room == Name::default() {
            settings.room = self.new_name(|turn, name| turn.state.room(name).is_some());
        } else if self.state.room(settings.room).is_some() {
            return Err(refuse!(plugin::ROOM_EXISTS, "room", "Room {} already exists", settings.room));
        }
        let name = settings.room;
        settings.bitrate = useful_bitrate(settings.bitrate);
        if settings.description.as_ref().is_none_or(|description| description.is_empty()) {
            let mut description = heapless::String::new();
            // A name is shorter than a description.
            let _ = write!(description, "Room {name}");
            settings.description = Some(description);
        }
        let shard = self.state.idlest_shard();
        let size = self.state.rooms.capacity();
        let has_dummy = settings.dummy_publisher;
        let room = Room::new(settings, shard);
        let room: RoomId = self.state.rooms.insert(room).map_err(|_| Refusal::full("rooms", size))?.into();
        if has_dummy && let Err(why) = self.add_dummy(room, formats) {
            self.state.rooms.remove(room);
            return Err(why);
        }
        say!(info, "room {} was made", name);
        Ok(name)
    }

    pub(crate) fn edit_room(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, EDIT, self.codes())?;
        let id = self.room_with_secret(body)?;
        let Some(room) = self.state.rooms.get_mut(id) else { return Ok(()) };
        let mut settings = room.settings.clone();
        edit_settings(&mut settings, body)?;
        room.settings = settings;
        let name = room.settings.room;
        let permanent = flag(body, "permanent").unwrap_or(false) && self.keep_room(name);
        if permanent && let Some(room) = self.state.rooms.get_mut(id) {
            room.is_dynamic = false;
        }
        self.room_changed(id);
        self.notify_room(caller.handle, "edited", name);
        self.say(caller, &RoomChanged { videoroom: "edited", room: name, permanent });
        Ok(())
    }

    pub(crate) fn destroy_room(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, DESTROY, self.codes())?;
        let id = self.room_with_secret(body)?;
        let Some(room) = self.state.rooms.get(id) else { return Ok(()) };
        let name = room.settings.room;
        let permanent = flag(body, "permanent").unwrap_or(false) && self.post.out.forget_room(name);
        say!(info, "room {} was destroyed", name);
        self.notify_room(caller.handle, "destroyed", name);
        self.say(caller, &RoomChanged { videoroom: "destroyed", room: name, permanent });
        self.post.tell_room(self.state, id, None, &RoomDestroyed { videoroom: "destroyed", room: name });
        self.empty_room(id);
        self.remove_room(id);
        Ok(())
    }

    pub(crate) fn list_rooms(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        // Private rooms are for those who show the key.
        let shows_key = body.get("admin_key").and_then(Value::text).is_some_and(|key| !key.is(""));
        if shows_key {
            self.check_admin_key(body)?;
        }
        let sees_all = shows_key && !self.settings.admin_key.is_empty();
        let state = &*self.state;
        let rooms = (0..state.rooms.capacity() as u16).filter_map(|index| {
            let room = state.rooms.at(index).filter(|room| sees_all || !room.settings.is_private)?;
            Some(RoomInfo::of(state, state.rooms.id_at(index)?.into(), room))
        });
        let list = RoomList { videoroom: "success", list: Each(rooms) };
        self.post.reply(state, caller, &list);
        Ok(())
    }

    pub(crate) fn room_exists(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, NAMED, self.codes())?;
        let room = name_at(body, "room").unwrap_or_default();
        let exists = self.state.room(room).is_some();
        self.say(caller, &RoomExists { videoroom: "success", room, exists });
        Ok(())
    }

    /// Tells the room's own shard what is heard in it.
    pub(crate) fn tell_conversation(&mut self, id: RoomId) {
        let Some(room) = self.state.rooms.get(id) else { return };
        let (conversation, settings) = (conversation_of(id), Some(room.conversation()));
        self.post.out.command(room.shard, Command::Converse { conversation, settings });
    }

    /// Takes a room away that nobody is in.
    pub(crate) fn remove_room(&mut self, id: RoomId) {
        if self.state.rooms.remove(id).is_some() {
            let conversation = conversation_of(id);
            for shard in 0..self.state.shards.len() as u8 {
                self.post.out.command(shard, Command::Converse { conversation, settings: None });
            }
        }
    }

    /// Tells management systems what `handle` did to a room.
    fn notify_room(&mut self, handle: HandleId, event: &'static str, room: Name) {
        let notice = RoomNotice { event, room, ..RoomNotice::default() };
        self.post.notify_plugin(self.state, Subject::Handle(handle), &notice);
    }

    /// Answers at once.
    pub(crate) fn say(&mut self, caller: Caller<'_>, data: &impl serde::Serialize) {
        self.post.reply(self.state, caller, data);
    }

    /// The room that `body` names, 0 if it names none.
    pub(crate) fn room_of(&self, body: Value<'_>) -> Result<RoomId, Refusal> {
        let name = name_at(body, "room").unwrap_or_default();
        self.state.room(name).ok_or_else(|| refuse!(plugin::NO_ROOM, "room", "No such room ({name})"))
    }

    /// What clients call a room.
    pub(crate) fn room_name(&self, room: RoomId) -> Name {
        self.state.rooms.get(room).map_or(Name::default(), |room| room.settings.room)
    }

    /// The room that `body` names and whose secret it shows.
    pub(crate) fn room_with_secret(&self, body: Value<'_>) -> Result<RoomId, Refusal> {
        let id = self.room_of(body)?;
        if let Some(room) = self.state.rooms.get(id) {
            check_lock(room.settings.secret.as_deref(), body, "secret")?;
        }
        Ok(id)
    }
}

/// What the shard of a room calls those who hear each other in it.
pub(crate) fn conversation_of(room: RoomId) -> ConversationId {
    Id::from(room).into()
}

/// Whether `body` holds, as `name`, what opens the lock `wanted`.
pub(crate) fn check_lock(wanted: Option<&str>, body: Value<'_>, name: &'static str) -> Done {
    if wanted.is_none() {
        return Ok(());
    }
    check(body, &[required(name, Wanted::Text)], PLUGIN)?;
    let given: Option<heapless::String<{ crate::room::settings::SECRET_BYTES }>> =
        string(body, name).unwrap_or_default();
    // One that is too long is as wrong as any other.
    match access::check(wanted, Some(given.as_deref().unwrap_or_default())) {
        Ok(()) => Ok(()),
        Err(Denied::Missing) => Err(refuse!(plugin::MISSING, name, "Missing mandatory element ({name})")),
        Err(Denied::Wrong) => Err(refuse!(plugin::UNAUTHORIZED, name, "Unauthorized (wrong {name})")),
    }
}

/// The tokens in `allowed`, if it is there.
pub(crate) fn tokens_of(body: Value<'_>) -> Result<Option<heapless::Vec<Token, TOKENS>>, Refusal> {
    let Some(list) = body.get("allowed") else { return Ok(None) };
    let mut tokens = heapless::Vec::new();
    for element in list.elements() {
        let not_text = || refuse!(plugin::INVALID, "allowed", "Invalid element in the allowed array (not a string)");
        let text = element.text().ok_or_else(not_text)?;
        let too_long = || refuse!(plugin::INVALID, "allowed", "Invalid element in the allowed array (too long)");
        let token = text.string().ok_or_else(too_long)?;
        tokens.push(token).map_err(|_| Refusal::full("allowed", TOKENS))?;
    }
    Ok(Some(tokens))
}

fn settings_of(body: Value<'_>) -> Result<RoomSettings, Refusal> {
    let default = RoomSettings::default();
    let set = |name: &str, fallback: bool| flag(body, name).unwrap_or(fallback);
    let above_zero = |name: &str, fallback: u32| natural_u32(body, name).filter(|it| *it > 0).unwrap_or(fallback);
    Ok(RoomSettings {
        room: name_at(body, "room").unwrap_or_default(),
        description: string(body, "description")?,
        secret: string(body, "secret")?,
        pin: string(body, "pin")?,
        is_private: set("is_private", false),
        require_pvtid: set("require_pvtid", false),
        signed_tokens: set("signed_tokens", false),
        require_e2ee: set("require_e2ee", false),
        publishers: natural_u32(body, "publishers").filter(|it| *it <= MOST_PUBLISHERS).unwrap_or(default.publishers),
        bitrate: natural_u32(body, "bitrate").unwrap_or_default(),
        bitrate_cap: set("bitrate_cap", false),
        fir_freq: seconds(body, "fir_freq").unwrap_or_default(),
        audiocodec: codecs(body, "audiocodec", Kind::Audio, default.audiocodec)?,
        videocodec: codecs(body, "videocodec", Kind::Video, default.videocodec)?,
        vp9_profile: string(body, "vp9_profile")?.filter(|text: &heapless::String<16>| !text.is_empty()),
        h264_profile: string(body, "h264_profile")?.filter(|text: &heapless::String<16>| !text.is_empty()),
        opus_fec: set("opus_fec", default.opus_fec),
        opus_dtx: set("opus_dtx", false),
        video_svc: set("video_svc", false),
        audiolevel_ext: set("audiolevel_ext", true),
        audiolevel_event: set("audiolevel_event", false),
        audio_active_packets: above_zero("audio_active_packets", default.audio_active_packets),
        audio_level_average: above_zero("audio_level_average", default.audio_level_average),
        dominant_speaker_event: set("dominant_speaker_event", false),
        audio_spectrum_event: set("audio_spectrum_event", false),
        audio_loudest: loudest(body, "audio_loudest")?.unwrap_or_default(),
        audio_red: set("audio_red", false),
        audio_nack: set("audio_nack", false),
        videoorient_ext: set("videoorient_ext", true),
        playoutdelay_ext: set("playoutdelay_ext", true),
        transport_wide_cc_ext: set("transport_wide_cc_ext", true),
        follow_need: set("follow_need", false),
        record: set("record", false),
        record_format: record_format(body, "record_format")?,
        rec_dir: string(body, "rec_dir")?,
        lock_record: set("lock_record", false),
        notify_joining: set("notify_joining", false),
        dummy_publisher: set("dummy_publisher", false),
    })
}

fn edit_settings(settings: &mut RoomSettings, body: Value<'_>) -> Done {
    // An empty text changes nothing.
    if let Some(text) = string(body, "new_description")?.filter(|text: &heapless::String<128>| !text.is_empty()) {
        settings.description = Some(text);
    }
    if let Some(text) = string(body, "new_secret")?.filter(|text: &heapless::String<64>| !text.is_empty()) {
        settings.secret = Some(text);
    }
    if let Some(text) = string(body, "new_pin")?.filter(|text: &heapless::String<64>| !text.is_empty()) {
        settings.pin = Some(text);
    }
    if let Some(text) = string(body, "new_rec_dir")? {
        settings.rec_dir = Some(text);
    }
    settings.record_format = record_format(body, "new_record_format")?.or(settings.record_format);
    settings.is_private = flag(body, "new_is_private").unwrap_or(settings.is_private);
    settings.require_pvtid = flag(body, "new_require_pvtid").unwrap_or(settings.require_pvtid);
    settings.lock_record = flag(body, "new_lock_record").unwrap_or(settings.lock_record);
    settings.bitrate = natural_u32(body, "new_bitrate").map_or(settings.bitrate, useful_bitrate);
    settings.fir_freq = seconds(body, "new_fir_freq").unwrap_or(settings.fir_freq);
    settings.publishers = natural_u32(body, "new_publishers").unwrap_or(settings.publishers);
    settings.dominant_speaker_event =
        flag(body, "new_dominant_speaker_event").unwrap_or(settings.dominant_speaker_event);
    settings.audio_spectrum_event = flag(body, "new_audio_spectrum_event").unwrap_or(settings.audio_spectrum_event);
    settings.audio_loudest = loudest(body, "new_audio_loudest")?.unwrap_or(settings.audio_loudest);
    settings.audio_red = flag(body, "new_audio_red").unwrap_or(settings.audio_red);
    settings.audio_nack = flag(body, "new_audio_nack").unwrap_or(settings.audio_nack);
    Ok(())
}

/// Seconds; a number beyond 16 bits counts by the last of them.
fn seconds(body: Value<'_>, name: &str) -> Option<u16> {
    natural(body, name).map(|number| number as u16)
}

fn loudest(body: Value<'_>, name: &'static str) -> Result<Option<u8>, Refusal> {
    let Some(count) = natural(body, name) else { return Ok(None) };
    let too_many = || refuse!(plugin::INVALID, name, "Invalid element ({name} should be at most {LOUDEST})");
    u8::try_from(count).ok().filter(|count| usize::from(*count) <= LOUDEST).ok_or_else(too_many).map(Some)
}

fn record_format(body: Value<'_>, name: &'static str) -> Result<Option<RecordFormat>, Refusal> {
    const WORD_BYTES: usize = 16;
    let Some(word) = body.get(name).and_then(Value::text) else { return Ok(None) };
    let known = word.string::<WORD_BYTES>().and_then(|word| RecordFormat::ALL.into_iter().find(|it| it.name() == word));
    let unknown = || refuse!(plugin::INVALID, name, "Invalid element ({name} should be mjr or webm)");
    known.ok_or_else(unknown).map(Some)
}

fn codecs(body: Value<'_>, name: &'static str, kind: Kind, fallback: CodecList) -> Result<CodecList, Refusal> {
    const NAMES_BYTES: usize = 128;
    let Some(text) = string::<NAMES_BYTES>(body, name)?.filter(|text| !text.is_empty()) else { return Ok(fallback) };
    let allowed = match kind {
        Kind::Audio => "opus, isac32, isac16, pcmu, pcma or g722",
        Kind::Video => "vp8, vp9, av1, h264 or h265",
    };
    let unknown = || refuse!(plugin::INVALID, name, "Invalid element ({name} can only be or contain {allowed})");
    CodecList::parse(&text).filter(|list| list.is_all(kind)).ok_or_else(unknown)
}
