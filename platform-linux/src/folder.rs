//! Files that clients and administrators name: always inside one configured folder, never over what is there.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The longest name of a file, in bytes.
pub(crate) const NAME_BYTES: usize = 128;

/// The folder `wanted`, which is `directory` or below it, and is made if it is not there. A refusal is a sentence.
pub(crate) fn inside(directory: &Path, wanted: Option<&str>) -> Result<PathBuf, String> {
    let cannot = |error: io::Error| format!("the folder cannot be used: {error}");
    fs::create_dir_all(directory).map_err(cannot)?;
    let directory = directory.canonicalize().map_err(cannot)?;
    let wanted = directory.join(wanted.unwrap_or_default());
    let outside = || format!("only folders of {} are written to", directory.display());
    if wanted.components().any(|part| part == Component::ParentDir) || !wanted.starts_with(&directory) {
        return Err(outside());
    }
    // A link that leads away is refused before anything is made behind it.
    let there = wanted.ancestors().find_map(|folder| folder.canonicalize().ok());
    if !there.is_some_and(|folder| folder.starts_with(&directory)) {
        return Err(outside());
    }
    fs::create_dir_all(&wanted).map_err(cannot)?;
    Ok(wanted)
}

/// `name`, if it says no folder and has at most `most_bytes`.
pub(crate) fn checked_name(name: &str, most_bytes: usize) -> Result<&str, String> {
    let is_name = !name.is_empty() && name.len() <= most_bytes && !name.starts_with('.');
    match is_name && !name.contains(['/', '\0']) {
        true => Ok(name),
        false => Err(format!("a file's name has no folder, does not begin with a dot and has 1 to {most_bytes} bytes")),
    }
}
