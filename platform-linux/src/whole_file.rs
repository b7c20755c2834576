//! A file that is there whole or not at all, whenever the power goes, and that knows when it was damaged.
//!
//! Its first line is a checksum of the rest. A change is written beside it (`NAME.new`) and takes its name when the
//! disk has all of it; the state before stays as `NAME.old`. What is damaged is set aside as `NAME.broken`.

use std::fmt::Write;
use std::io::{self, ErrorKind};

use ring::digest;

use crate::disk::Disk;

/// What a file says, and what is worth a line in the log.
pub(crate) type Read<T> = (Option<T>, Option<String>);

/// What the first line begins with; 64 hexadecimal digits of SHA-256 follow.
const MARK: &str = "# parlor sha256 ";

/// Bytes of the first line.
const LINE_BYTES: usize = MARK.len() + 64 + 1;

/// Makes `text` the content of the file `name`. When this returns, the disk has it; when the power goes before, it
/// has either this or what was there.
pub(crate) fn write(disk: &mut impl Disk, name: &str, text: &str) -> io::Result<()> {
    let (new, old) = (format!("{name}.new"), format!("{name}.old"));
    disk.remove(&new)?;
    disk.create(&new, (first_line(text) + text).as_bytes())?;
    disk.synchronise_file(&new)?;
    disk.remove(&old)?;
    // There may be nothing before, and FAT has no second names: then there is no state before to go back to.
    let _ = disk.link(name, &old);
    disk.rename(&new, name)?;
    disk.synchronise_names()
}

/// What the file `name` says, of at most `bytes_max` bytes, as `understand` reads it; nothing if there is none. One
/// that is damaged is set aside, and the state before its last change counts. The error of `understand` is a sentence.
pub(crate) fn read<T>(
    disk: &mut impl Disk,
    name: &str,
    bytes_max: usize,
    understand: impl Fn(&str) -> Result<T, String>,
) -> io::Result<Read<T>> {
    let Some(whole) = look(disk, name, bytes_max, &understand)? else { return Ok((None, None)) };
    let why = match whole {
        Ok(value) => return Ok((Some(value), None)),
        Err(why) => why,
    };
    let mut remark = format!("{name} is damaged ({why}): ");
    // On a disk that takes no change it stays where it is.
    match disk.rename(name, &format!("{name}.broken")) {
        Ok(()) => remark.push_str(&format!("it is set aside as {name}.broken, ")),
        Err(error) => remark.push_str(&format!("it cannot be set aside: {error}, ")),
    }
    match look(disk, &format!("{name}.old"), bytes_max, &understand) {
        Ok(Some(Ok(value))) => {
            remark.push_str("and the state before its last change counts");
            Ok((Some(value), Some(remark)))
        }
        _ => {
            remark.push_str("and nothing was found before it");
            Ok((None, Some(remark)))
        }
    }
}

/// What a file says, or why it is damaged; nothing if there is none.
fn look<T>(
    disk: &impl Disk,
    name: &str,
    bytes_max: usize,
    understand: impl Fn(&str) -> Result<T, String>,
) -> io::Result<Option<Result<T, String>>> {
    let bytes = match disk.read(name, (LINE_BYTES + bytes_max + 1) as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // Flash that wore out.
        Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(Some(Err(error.to_string()))),
        Err(error) => return Err(error),
    };
    if bytes.len() > LINE_BYTES + bytes_max {
        return Ok(Some(Err("it is too long".into())));
    }
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Some(Err("it is no text".into()))) };
    Ok(Some(content(&text).and_then(understand)))
}

/// What follows the first line, if that is right. A file without a checksum was written by hand.
fn content(text: &str) -> Result<&str, String> {
    let Some(end) = text.find('\n') else { return Err("it ends in its first line".into()) };
    if !text.starts_with(MARK) {
        return Ok(text);
    }
    let (line, content) = text.split_at(end + 1);
    if line != first_line(content) {
        return Err("its checksum is wrong; delete its first line if it was changed by hand".into());
    }
    Ok(content)
}

fn first_line(content: &str) -> String {
    let mut line = MARK.to_string();
    for byte in digest::digest(&digest::SHA256, content.as_bytes()).as_ref() {
        // A String takes all.
        let _ = write!(line, "{byte:02x}");
    }
    line + "\n"
}

#[cfg(test)]
mod tests;
