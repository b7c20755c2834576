//! Refusals and their numbers.

use core::fmt::{self, Write};

use heapless::String;

/// Longer reasons are cut. A refusal stays below the 128 bytes from which errors are thought too large to return.
const REASON_BYTES: usize = 94;

/// What was wrong, as a sentence.
pub type Reason = String<REASON_BYTES, u8>;

/// A request that was not done: Janus' number, the offending field, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Janus' number: 403 to 490 of the core, 421 to 499 of the VideoRoom.
    pub code: u16,
    /// The offending field, or the table that is full.
    pub field: &'static str,
    /// What was wrong.
    pub reason: Reason,
}

impl Refusal {
    /// A refusal with a reason made for it.
    pub(crate) fn new(code: u16, field: &'static str, reason: fmt::Arguments<'_>) -> Self {
        let mut text = Cut(String::new());
        let _ = text.write_fmt(reason);
        say!(debug, "a request was refused: {} because of {}", code, field);
        Self { code, field, reason: text.0 }
    }

    /// A table of `size` places has none left.
    pub(crate) fn full(table: &'static str, size: usize) -> Self {
        say!(warn, "the table of {} is full: {}", table, size);
        Self::new(plugin::FULL, table, format_args!("No place left: {table} ({size})"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.code, self.reason, self.field)
    }
}

/// Takes what fits and drops the rest.
struct Cut(Reason);

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            self.0.push(letter).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}

/// Shorthand for [`Refusal::new`].
macro_rules! refuse {
    ($code:expr, $field:expr, $($reason:tt)+) => {
        $crate::control::error::Refusal::new($code, $field, format_args!($($reason)+))
    };
}
pub(crate) use refuse;

/// Numbers of the Janus core.
pub(crate) mod core_error {
    pub(crate) const UNAUTHORIZED: u16 = 403;
    pub(crate) const UNAUTHORIZED_PLUGIN: u16 = 405;
    pub(crate) const UNKNOWN_REQUEST: u16 = 453;
    pub(crate) const INVALID_JSON: u16 = 454;
    pub(crate) const INVALID_JSON_OBJECT: u16 = 455;
    pub(crate) const MISSING: u16 = 456;
    pub(crate) const INVALID_PATH: u16 = 457;
    pub(crate) const NO_SESSION: u16 = 458;
    pub(crate) const NO_HANDLE: u16 = 459;
    pub(crate) const NO_PLUGIN: u16 = 460;
    pub(crate) const UNKNOWN_JSEP: u16 = 464;
    pub(crate) const INVALID_SDP: u16 = 465;
    pub(crate) const INVALID_TYPE: u16 = 467;
    pub(crate) const SESSION_EXISTS: u16 = 468;
    pub(crate) const TOKEN_NOT_FOUND: u16 = 470;
    pub(crate) const NOT_ACCEPTING: u16 = 472;
    /// `JANUS_ERROR_UNKNOWN`: what has no number of its own.
    pub(crate) const UNKNOWN: u16 = 490;
    /// The same: a table that is full.
    pub(crate) const FULL: u16 = 490;
}

/// Numbers of the VideoRoom.
pub(crate) mod plugin {
    pub(crate) const UNKNOWN_REQUEST: u16 = 423;
    pub(crate) const NOT_JOINED: u16 = 424;
    pub(crate) const ALREADY_JOINED: u16 = 425;
    pub(crate) const NO_ROOM: u16 = 426;
    pub(crate) const ROOM_EXISTS: u16 = 427;
    pub(crate) const NO_FEED: u16 = 428;
    pub(crate) const MISSING: u16 = 429;
    pub(crate) const INVALID: u16 = 430;
    pub(crate) const INVALID_SDP_TYPE: u16 = 431;
    pub(crate) const PUBLISHERS_FULL: u16 = 432;
    pub(crate) const UNAUTHORIZED: u16 = 433;
    pub(crate) const ALREADY_PUBLISHED: u16 = 434;
    pub(crate) const NOT_PUBLISHED: u16 = 435;
    pub(crate) const ID_EXISTS: u16 = 436;
    pub(crate) const INVALID_SDP: u16 = 437;
    /// Janus' "unknown error": here a table that is full.
    pub(crate) const FULL: u16 = 499;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_at_a_letter() {
        let refusal = refuse!(423, "request", "Unknown request '{}'", "é".repeat(100));
        assert!(refusal.reason.len() <= REASON_BYTES);
        assert!(refusal.reason.starts_with("Unknown request 'éé"));
    }

    #[test]
    fn a_full_table_names_itself_and_its_size() {
        let refusal = Refusal::full("rooms", 64);
        assert_eq!((refusal.code, refusal.field), (499, "rooms"));
        assert!(refusal.reason.contains("rooms (64)"));
    }
}
