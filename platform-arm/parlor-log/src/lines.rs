//! Frames as lines: the time since the start, the level, the kind, the text.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

use defmt_decoder::{DecodeError, Frame, Locations, StreamDecoder, Table};

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

/// The texts in an ELF; the error is a sentence.
pub(crate) fn table(elf: &[u8]) -> Result<Table, String> {
    let table = Table::parse(elf).map_err(|error| error.to_string())?;
    table.ok_or_else(|| "it holds no texts of frames; the build keeps one that does as parlor.elf".into())
}

/// Makes lines of frames as their bytes come.
pub(crate) struct Reader<'t> {
    decoder: Box<dyn StreamDecoder + Send + Sync + 't>,
    places: Locations,
    form: Form,
}

impl<'t> Reader<'t> {
    /// A reader with the texts of `elf`.
    pub(crate) fn new(table: &'t Table, elf: &[u8], form: Form) -> Self {
        // Without places the lines lack only the kind of the core's.
        let places = table.get_locations(elf).unwrap_or_default();
        Self { decoder: table.new_stream_decoder(), places, form }
    }

    /// The lines that `bytes` complete.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> String {
        self.decoder.received(bytes);
        let mut lines = String::new();
        loop {
            match self.decoder.decode() {
                Ok(frame) => lines += &line(&frame, &self.places, self.form),
                Err(DecodeError::UnexpectedEof) => return lines,
                // The next frame begins after the next zero.
                Err(DecodeError::Malformed) => lines += "(a frame was damaged)\n",
            }
        }
    }
}

fn line(frame: &Frame<'_>, places: &Locations, form: Form) -> String {
    let time = frame.display_timestamp().map_or_else(String::new, |time| time.to_string());
    let level = frame.level().map_or("", |level| level.as_str());
    let message = frame.display_message().to_string();
    // Lines of the platform begin with their kind; those of the core are of the kind of their file.
    let place = places.get(&frame.index());
    let module = place.map_or("", |place| place.module.as_str());
    let (kind, text) = match module.strip_prefix("parlor_defmt") {
        Some(_) => message.split_once(": ").unwrap_or(("", &message)),
        None => (place.map_or("", |place| kind(&place.file)), message.as_str()),
    };
    match form {
        Form::Text => format!("{time} {level:5} {kind}: {}\n", text.replace(['\n', '\r'], " ")),
        Form::Json => {
            let text = escaped(text);
            format!("{{\"time\":\"{time}\",\"level\":\"{level}\",\"kind\":\"{kind}\",\"message\":\"{text}\"}}\n")
        }
    }
}

/// The name of a file, or of its folder where it is the folder's own.
fn kind(file: &Path) -> &str {
    let named = if file.ends_with("mod.rs") { file.parent() } else { Some(file) };
    named.and_then(Path::file_stem).and_then(OsStr::to_str).unwrap_or("")
}

/// The inside of a JSON string (RFC 8259 section 7).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // A String takes all.
            letter if letter < ' ' => _ = write!(out, "\\u{:04x}", letter as u32),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_inside_its_string() {
        assert_eq!(escaped("a\n\"b\\"), "a\\u000a\\\"b\\\\");
    }

    #[test]
    fn the_kind_of_a_line_of_the_core_is_its_file() {
        let kinds = ["core/src/control/rooms.rs", "core/src/control/mod.rs", ""].map(|file| kind(Path::new(file)));
        assert_eq!(kinds, ["rooms", "control", ""]);
    }

    #[test]
    fn an_elf_without_texts_is_refused_with_a_hint() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(table(&own).err().unwrap().contains("parlor.elf"));
        assert!(table(b"no ELF").is_err());
    }
}
