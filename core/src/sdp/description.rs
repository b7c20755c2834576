//! A whole session description.

use super::{Refusal, RemoteTransport, Section, Side};

/// The longest description that is read, in bytes.
pub const BYTES: usize = 128 * 1024;

/// The longest line that is read, in bytes.
pub const LINE_BYTES: usize = 2048;

/// The most lines that are read.
pub const LINES: usize = 8192;

/// The most m-lines of a description.
pub const SECTIONS: usize = 64;

/// A description that was proved to be within bounds and well-formed line by line. It borrows the text.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    /// The lines before the first `m=`.
    pub(super) session: &'a str,
    /// The lines from the first `m=`.
    pub(super) media: &'a str,
}

impl<'a> Description<'a> {
    /// Reads `text`, whose lines end with `\r\n` or `\n`.
    pub fn parse(_text: &'a str) -> Result<Self, Refusal> {
        Err(Refusal { line: 0, cause: super::Cause::NotSdp })
    }

    /// Its m-lines, at most [`SECTIONS`].
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let _ = (self.session, self.media);
        core::iter::empty()
    }

    /// What it says about ICE and DTLS, taken from the first m-line that is not rejected.
    pub fn transport(&self, _written_by: Side) -> Result<RemoteTransport, Refusal> {
        Err(Refusal { line: 0, cause: super::Cause::NoIce })
    }
}
