//! Requests of the control channel: whatever a client sends, as a whole message and as the body of one, is answered,
//! and when the client is gone nothing of it is left to time out.
#![no_main]

#[path = "../lent.rs"]
mod lent;

use std::cell::RefCell;

use lent::{Counter, Leak};
use libfuzzer_sys::fuzz_target;
use parlor_core::control::{Contact, Control, Memory, Outlet, Settings, Transport};
use parlor_core::id::ConnectionId;
use parlor_core::limits::Limits;
use parlor_core::link::{Fingerprint, HandshakeCommand};
use parlor_core::media::{CloseReason, Command, Notice};
use parlor_core::room::{RecordFormat, RoomSettings};
use parlor_core::time::Instant;

const LIMITS: Limits =
    Limits { sessions: 4, handles: 4, rooms: 4, publishers: 2, subscribers: 2, subscriptions: 16, ..Limits::DEFAULT };

const CLIENT: ConnectionId = ConnectionId::new(0, 0);
const ADMINISTRATOR: ConnectionId = ConnectionId::new(1, 0);

#[derive(Default)]
struct Heard {
    texts: Vec<String>,
    commands: Vec<Command>,
}

impl Outlet for Heard {
    fn text(&mut self, _: ConnectionId, message: &[u8]) {
        self.texts.push(String::from_utf8(message.to_vec()).expect("a message is UTF-8"));
    }

    fn command(&mut self, _: u8, command: Command) {
        self.commands.push(command);
    }

    fn handshake(&mut self, _: HandshakeCommand) {}
}

fn new_control() -> Control<'static, Counter> {
    let settings = Settings {
        limits: LIMITS,
        server_name: Default::default(),
        fingerprint: Fingerprint { sha256: [1; 32] },
        addresses: Default::default(),
        port: 7000,
        shards: 1,
        audience: 0,
        session_timeout_s: 60,
        reclaim_session_timeout_s: 0,
        api_secret: Default::default(),
        token_auth: false,
        token_secret: Default::default(),
        admin_key: Default::default(),
        lock_rtp_forward: false,
        forward_networks: Default::default(),
        opaque_ids_in_api: false,
        hide_dependencies: false,
        full_trickle: false,
        string_ids: false,
        events: u16::MAX,
        statistics_period_s: 1,
        unix_time_at_start_us: 0,
        create_rooms: false,
        remote_silence_s: 10,
        record_format: RecordFormat::Mjr,
        dynamic_room: Some(RoomSettings::default()),
        admin_secret: Default::default(),
        log_level: 4,
        media: Default::default(),
        shedding: Default::default(),
        drain_s: 0,
    };
    let mut control = Control::new(Memory::new(&LIMITS, 1, &mut Leak), settings, Counter(1));
    control.add_room(RoomSettings { room: 1.into(), ..RoomSettings::default() }).expect("a place for a room");
    control
}

thread_local! {
    static CONTROL: RefCell<Control<'static, Counter>> = RefCell::new(new_control());
}

fuzz_target!(|bytes: &[u8]| {
    CONTROL.with_borrow_mut(|control| {
        let now = Instant::from_ms(1);
        let mut heard = Heard::default();
        control.request(now, CLIENT, br#"{"janus":"create","id":1,"transaction":"t"}"#, &mut heard);
        let attach = br#"{"janus":"attach","session_id":1,"plugin":"janus.plugin.videoroom","transaction":"t"}"#;
        control.request(now, CLIENT, attach, &mut heard);
        let attached = heard.texts.last().expect("an answer");
        let digits = attached.split("\"id\":").nth(1).expect("an id").trim_end_matches('}').to_owned();
        for part in bytes.split(|byte| *byte == 0) {
            heard.texts.clear();
            control.request(now, CLIENT, part, &mut heard);
            assert!(!heard.texts.is_empty(), "no answer");
            heard.texts.clear();
            control.administer(now, ADMINISTRATOR, part, &mut heard);
            assert!(!heard.texts.is_empty(), "no answer to an administrator");
            let Ok(text) = std::str::from_utf8(part) else { continue };
            for rest in [format!("\"body\":{text}"), format!("\"body\":{{\"request\":{text}}}")] {
                let message = format!(
                    "{{\"janus\":\"message\",\"session_id\":1,\"handle_id\":{digits},\"transaction\":\"t\",{rest}}}"
                );
                control.request(now, CLIENT, message.as_bytes(), &mut heard);
            }
        }
        let accept = br#"{"janus":"accept_new_sessions","accept":true,"transaction":"t"}"#;
        control.administer(now, ADMINISTRATOR, accept, &mut heard);
        let contact = Contact { connection: CLIENT, transport: Transport::WebSocket, is_administrator: false };
        control.closed(now, contact, &mut heard);
        for command in std::mem::take(&mut heard.commands) {
            if let Command::CloseLink { link } = command {
                control.notice(now, 0, Notice::Closed { link, reason: CloseReason::Asked }, &mut heard);
            }
        }
        heard.texts.clear();
        control.tick(now.after_ms(3_600_000), &mut heard);
        assert!(heard.texts.is_empty() && heard.commands.is_empty(), "something was left");
    });
});
