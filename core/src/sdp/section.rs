//! One m-line and what follows it.

/// A view of one m-line with its attributes. Nothing is copied: what is asked for is looked up in the text.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The text from the line after `m=` to the next `m=`.
    #[expect(dead_code)]
    pub(super) body: &'a str,
    /// What it carries.
    pub kind: MediaKind,
    /// The port; 0 if it is rejected or unused.
    pub port: u16,
    /// The protocol, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: &'a str,
    /// The formats, separated by spaces.
    #[expect(dead_code)]
    pub(super) formats: &'a str,
}

/// What an m-line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels (RFC 8841).
    Application,
    /// What Parlor does not know: rejected.
    Other,
}

/// Who sends (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both; also where nothing is said.
    #[default]
    SendRecv,
    /// The writer of the description.
    SendOnly,
    /// Its reader.
    RecvOnly,
    /// Nobody.
    Inactive,
}
