//! A whole session description.

use super::attribute::{Attribute, Attributes};
use super::{Cause, Refusal, Section};

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
    session: &'a str,
    /// The lines from the first `m=` on.
    media: &'a str,
}

impl<'a> Description<'a> {
    /// Reads `text`, whose lines end with `\r\n` or `\n`.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let whole = |cause| Refusal { line: 0, cause };
        if text.len() > BYTES {
            return Err(whole(Cause::TooLong));
        }
        let mut outline = Outline::default();
        let mut offset = 0;
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            if index == LINES {
                return Err(whole(Cause::TooManyLines));
            }
            // There are at most LINES lines, so the number fits.
            outline
                .line(index, offset, raw.trim_end_matches(['\r', '\n']))
                .map_err(|cause| Refusal { line: index as u16 + 1, cause })?;
            offset += raw.len();
        }
        let media_start = outline.media_start.filter(|_| outline.origin && outline.name);
        let (session, media) = text.split_at(media_start.ok_or(whole(Cause::MissingLines))?);
        let description = Self { session, media };
        description.check_mids()?;
        Ok(description)
    }

    /// Its m-lines, at most [`SECTIONS`].
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let mut rest = self.media;
        core::iter::from_fn(move || {
            let length = rest.find("\nm=").map_or(rest.len(), |end| end + 1);
            let (section, after) = rest.split_at(length);
            rest = after;
            Section::new(section)
        })
    }

    /// Attributes of the whole, before the first m-line.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        Attributes::new(self.session)
    }

    /// The value of the first attribute `name` of the whole.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|attribute| attribute.name == name).map(|attribute| attribute.value)
    }

    /// Whether the m-line `mid` is in a BUNDLE group (RFC 9143 section 7.1).
    pub fn is_bundled(&self, mid: &str) -> bool {
        self.attributes().filter(|attribute| attribute.name == "group").any(|group| {
            let mut words = group.value.split_ascii_whitespace();
            words.next() == Some("BUNDLE") && words.any(|word| word == mid)
        })
    }

    /// Every mid must be a token that fits its place, and be used once.
    fn check_mids(&self) -> Result<(), Refusal> {
        for (index, section) in self.sections().enumerate() {
            let Some(mid) = section.mid() else { continue };
            let usable = crate::stream::Mid::try_from(mid).is_ok()
                && !mid.is_empty()
                && mid.bytes().all(|byte| byte.is_ascii_graphic());
            let is_first = !self.sections().take(index).any(|earlier| earlier.mid() == Some(mid));
            if !usable || !is_first {
                return Err(Refusal { line: 0, cause: Cause::BadMid });
            }
        }
        Ok(())
    }
}

/// What the first pass over the lines finds.
#[derive(Default)]
struct Outline {
    origin: bool,
    name: bool,
    media_start: Option<usize>,
    sections: usize,
}

impl Outline {
    /// Takes the line number `index`, which begins at byte `offset`.
    fn line(&mut self, index: usize, offset: usize, line: &str) -> Result<(), Cause> {
        if line.len() > LINE_BYTES {
            return Err(Cause::LineTooLong);
        }
        if index == 0 && line != "v=0" {
            return Err(Cause::NotSdp);
        }
        match line.as_bytes() {
            [] => {}
            bytes if bytes.iter().any(|byte| matches!(byte, 0 | b'\r')) => return Err(Cause::MalformedLine),
            [b'm', b'=', ..] => {
                Section::new(line).ok_or(Cause::MalformedSection)?;
                self.sections += 1;
                if self.sections > SECTIONS {
                    return Err(Cause::TooManySections);
                }
                self.media_start.get_or_insert(offset);
            }
            [kind, b'=', ..] if kind.is_ascii_lowercase() => {
                self.origin |= *kind == b'o';
                self.name |= *kind == b's';
            }
            _ => return Err(Cause::MalformedLine),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

    fn cause(text: &str) -> Cause {
        Description::parse(text).unwrap_err().cause
    }

    fn with(rest: &str) -> String {
        [HEAD, rest].concat()
    }

    #[test]
    fn both_line_ends_are_read_alike() {
        let text = with("a=group:BUNDLE x y\r\nm=audio 9 RTP/AVP 0\r\na=mid:x\r\nm=video 0 RTP/AVP 96\r\na=mid:y\r\n");
        for text in [text.clone(), text.replace('\r', "")] {
            let description = Description::parse(&text).unwrap();
            let mids: Vec<_> = description.sections().map(|section| section.mid()).collect();
            assert_eq!(mids, [Some("x"), Some("y")]);
            assert!(description.is_bundled("y") && !description.is_bundled("z"));
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(cause(""), Cause::MissingLines);
        assert_eq!(cause("hello"), Cause::NotSdp);
        assert_eq!(cause(HEAD), Cause::MissingLines);
        assert_eq!(cause("v=0\nm=audio 9 RTP/AVP 0\n"), Cause::MissingLines);
        let refusal = Description::parse(&with("nonsense\n")).unwrap_err();
        assert_eq!(refusal, Refusal { line: 5, cause: Cause::MalformedLine });
        assert_eq!(cause(&with("m=audio\n")), Cause::MalformedSection);
        assert_eq!(cause(&with("m=audio 99999 RTP/AVP 0\n")), Cause::MalformedSection);
    }

    #[test]
    fn what_is_too_much_is_told() {
        let section = "m=audio 9 RTP/AVP 0\n";
        assert!(Description::parse(&with(&section.repeat(SECTIONS))).is_ok());
        assert_eq!(cause(&with(&section.repeat(SECTIONS + 1))), Cause::TooManySections);
        assert_eq!(cause(&with(&"a=x\n".repeat(LINES))), Cause::TooManyLines);
        assert_eq!(cause(&with(&"a".repeat(BYTES))), Cause::TooLong);
        assert_eq!(cause(&with(&["a=", &"x".repeat(LINE_BYTES)].concat())), Cause::LineTooLong);
    }

    #[test]
    fn a_mid_is_short_and_used_once() {
        let long = ["m=audio 9 RTP/AVP 0\na=mid:", &"x".repeat(33), "\n"].concat();
        assert_eq!(cause(&with(&long)), Cause::BadMid);
        assert_eq!(cause(&with(&"m=audio 9 RTP/AVP 0\na=mid:1\n".repeat(2))), Cause::BadMid);
        assert_eq!(cause(&with("m=audio 9 RTP/AVP 0\na=mid:1 2\n")), Cause::BadMid);
    }
}
