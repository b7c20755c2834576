//! One turn of the control half: everything that one input may touch.

use super::Outlet;
use super::error::Refusal;
use super::post::Post;
use super::settings::Settings;
use super::state::State;
use crate::id::{ConnectionId, HandleId, SessionId};
use crate::random::Random;
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
}

/// What comes of a request.
pub(crate) type Done = Result<(), Refusal>;

/// Numbers that clients see are below 2^53: every JSON reader holds them exactly.
const NUMBER_BITS: u32 = 53;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
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
