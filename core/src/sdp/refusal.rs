//! Why a description is not accepted.

use core::fmt;

/// What is wrong with a description, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line, counted from 1; 0 if it is about the whole.
    pub line: u16,
    /// What is wrong.
    pub cause: Cause,
}

/// What is wrong with a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It does not begin with `v=0`.
    NotSdp,
    /// `o=`, `s=` or every `m=` is missing.
    MissingLines,
    /// More than [`super::description::BYTES`].
    TooLong,
    /// A line of more than [`super::description::LINE_BYTES`].
    LineTooLong,
    /// More lines than [`super::description::LINES`].
    TooManyLines,
    /// More m-lines than [`super::SECTIONS`].
    TooManySections,
    /// A line that is not `x=value`.
    MalformedLine,
    /// An m-line without kind, port, protocol and formats.
    MalformedSection,
    /// No `a=ice-ufrag`, or one that is too long.
    NoIce,
    /// No `a=fingerprint:sha-256`.
    NoFingerprint,
    /// An `a=mid` that is too long, or two that are equal.
    BadMid,
    /// An answer whose m-lines are not those of the offer.
    NotAnAnswer,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.cause {
            Cause::NotSdp => "doesn't start with v=",
            Cause::MissingLines => "missing mandatory lines (o=, s= or m=)",
            Cause::TooLong => "too long",
            Cause::LineTooLong => "line too long",
            Cause::TooManyLines => "too many lines",
            Cause::TooManySections => "too many m-lines",
            Cause::MalformedLine => "not a line of the form x=value",
            Cause::MalformedSection => "not an m-line",
            Cause::NoIce => "no usable ice-ufrag",
            Cause::NoFingerprint => "no sha-256 fingerprint",
            Cause::BadMid => "mid too long or used twice",
            Cause::NotAnAnswer => "the m-lines are not those of the offer",
        };
        match self.line {
            0 => formatter.write_str(text),
            line => write!(formatter, "line {line}: {text}"),
        }
    }
}
