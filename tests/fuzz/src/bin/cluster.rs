//! What other boxes say of their publishers: whatever it is, it is shown or refused, and when it is over nothing of it
//! is left. Parts are divided by a zero: the first is shown, the others change that.
#![no_main]

#[path = "../lent.rs"]
mod lent;

use std::cell::RefCell;

use lent::{Counter, Leak};
use libfuzzer_sys::fuzz_target;
use parlor_core::control::{Control, IngressPort, Memory, Outlet, Settings};
use parlor_core::id::{ConnectionId, LinkId};
use parlor_core::limits::Limits;
use parlor_core::link::{Fingerprint, HandshakeCommand, MasterKey};
use parlor_core::media::{CloseReason, Command, Notice, RelayKeys};
use parlor_core::room::RoomSettings;
use parlor_core::time::Instant;

const LIMITS: Limits = Limits { sessions: 4, handles: 4, rooms: 4, publishers: 2, ..Limits::DEFAULT };
const KEYS: RelayKeys = RelayKeys { master: MasterKey { key: [1; 16], salt: [2; 14] }, has_short_tags: false };

/// The links that are to be closed, and those that have a socket.
#[derive(Default)]
struct Shard {
    closing: Vec<LinkId>,
    sockets: Vec<LinkId>,
}

impl Outlet for Shard {
    fn text(&mut self, _: ConnectionId, _: &[u8]) {}

    fn command(&mut self, _: u8, command: Command) {
        if let Command::CloseLink { link } = command {
            self.closing.push(link);
        }
    }

    fn handshake(&mut self, _: HandshakeCommand) {}

    fn open_ingress(&mut self, _: u8, link: LinkId, _: IngressPort) -> Option<u16> {
        self.sockets.push(link);
        Some(4000)
    }

    fn close_ingress(&mut self, _: u8, link: LinkId) {
        self.sockets.retain(|open| *open != link);
    }
}

fn new_control() -> Control<'static, Counter> {
    let settings = Settings::new(LIMITS, Fingerprint { sha256: [1; 32] });
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
        let mut shard = Shard::default();
        let mut parts = bytes.split(|byte| *byte == 0);
        let shown = parts.next().unwrap_or_default();
        let Ok((handle, _)) = control.add_publisher_of_box(now, (1.into(), shown), KEYS, &mut shard) else {
            assert!(shard.sockets.is_empty(), "a socket is left of who was refused");
            return;
        };
        for part in parts {
            let _ = control.update_publisher_of_box(now, handle, part, &mut shard);
        }
        control.remove_publisher_of_box(now, handle, &mut shard);
        assert!(!control.has_publisher_of_box(handle) && shard.sockets.is_empty(), "somebody is left");
        for link in std::mem::take(&mut shard.closing) {
            control.notice(now, 0, Notice::Closed { link, reason: CloseReason::Asked }, &mut shard);
        }
    });
});
