//! One turn of the control half: everything that one input may touch.

use core::fmt::Write;

use super::Outlet;
use super::error::Refusal;
use super::parameter::{Codes, plugin_codes};
use super::post::Post;
use super::settings::Settings;
use super::state::State;
use crate::id::{ConnectionId, HandleId, SessionId};
use crate::random::Random;
use crate::room::Name;
use crate::time::Instant;

/// What one input may touch.
pub(crate) struct Turn<'t, 'm, R, O> {
    pub(crate) now: Instant,
    pub(crate) settings: &'t Settings,
    pub(crate) state: &'t mut State<'m>,
    pub(crate) random: &'t mut R,
    pub(crate) post: Post<'t, O>,
    /// Our description, before it is escaped.
    pub(crate) local: &'t mut [u8],
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) connection: ConnectionId,
    pub(crate) session: SessionId,
    pub(crate) handle: HandleId,
    pub(crate) transaction: &'a str,
    /// Whether an administrator asks, who has neither session nor handle.
    pub(crate) is_administrator: bool,
}

impl<'a> Caller<'a> {
    /// An administrator.
    pub(crate) fn administrator(connection: ConnectionId, transaction: &'a str) -> Self {
        // Names that find nothing.
        let (session, handle) = (SessionId::new(u16::MAX, u16::MAX), HandleId::new(u16::MAX, u16::MAX));
        Self { connection, session, handle, transaction, is_administrator: true }
    }
}

/// What comes of a request.
pub(crate) type Done = Result<(), Refusal>;

/// Numbers that clients see are below 2^53: every JSON reader holds them exactly.
const NUMBER_BITS: u32 = 53;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// How refusals of the VideoRoom are numbered, and what names are.
    pub(crate) fn codes(&self) -> Codes {
        plugin_codes(self.settings.string_ids)
    }

    /// A random name that is not `taken`: a number, or a UUID (RFC 9562 section 5.4) where names are texts.
    pub(crate) fn new_name(&mut self, mut is_taken: impl FnMut(&Self, Name) -> bool) -> Name {
        if !self.settings.string_ids {
            return Name::Number(self.number(|turn, number| is_taken(turn, Name::Number(number))));
        }
        loop {
            let name = uuid(self.random);
            if !is_taken(self, name) {
                return name;
            }
        }
    }

    /// A random number, not 0, that is not `taken`.
    pub(crate) fn number(&mut self, mut is_taken: impl FnMut(&Self, u64) -> bool) -> u64 {
        loop {
            let number = self.random.u64() >> (64 - NUMBER_BITS);
            if number != 0 && !is_taken(self, number) {
                return number;
            }
        }
    }
}

fn uuid(random: &mut impl Random) -> Name {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = heapless::String::<36>::new();
    for (index, byte) in bytes.iter().enumerate() {
        let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        // 32 digits and 4 dashes.
        let _ = write!(text, "{dash}{byte:02x}");
    }
    Name::text(&text).unwrap_or_default()
}
