//! Stored tokens: those that an administrator named, and what they open.

use heapless::String;

use super::super::Outlet;
use super::super::turn::Turn;
use crate::id::Id;
use crate::random::Random;
use crate::room::access;

/// The longest token that is stored, in bytes.
pub(crate) const STORED_BYTES: usize = 128;

/// A token that may ask.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    /// The token.
    pub(crate) text: String<STORED_BYTES>,
    /// Whether it opens the VideoRoom.
    pub(crate) opens_plugin: bool,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// The entry of `token`. Takes the same time wherever it differs from those that are known.
    pub(crate) fn stored(&self, token: &str) -> Option<(Id, &StoredToken)> {
        self.state.tokens.iter().filter(|(_, stored)| access::check(Some(&stored.text), Some(token)).is_ok()).last()
    }
}
