//! Settings that a box keeps: a configuration in the state directory, which counts instead of the built-in one.

use std::path::Path;

use crate::config::{Configuration, Refusal};
use crate::disk::Directory;
use crate::whole_file;

/// The file, in the state directory.
const FILE: &str = "settings.toml";

/// Longer is no configuration.
const FILE_BYTES: usize = 1 << 20;

/// What counts where no file is named: what `parlor keep` left in the state directory, or the built-in configuration;
/// with `options` applied. What is worth a line for the operator comes beside it.
pub fn configuration(built_in: (&str, &str), options: &[String]) -> Result<(Configuration, Option<String>), String> {
    let read = |options: &[String]| {
        Configuration::read_text(built_in.0, built_in.1, options).map_err(|refusal| refusal.to_string())
    };
    // Only this tells where to look; the others may be about what is kept there.
    let place: Vec<String> = options.iter().filter(|option| option.starts_with("state.directory=")).cloned().collect();
    let directory = &read(&place)?.state.directory;
    let understand = |text: &str| Configuration::parse(FILE, text).map_err(|refusal| refusal.to_string());
    let shown = directory.join(FILE);
    let (found, remark) = whole_file::read(&mut Directory::new(directory), FILE, FILE_BYTES, understand)
        .map_err(|error| format!("{} cannot be read: {error}", shown.display()))?;
    let Some(mut kept) = found else {
        return Ok((read(options)?, remark.map(|remark| remark + "; the built-in configuration counts")));
    };
    kept.apply_all(options).map_err(|refusal: Refusal| format!("{}: {refusal}", shown.display()))?;
    Ok((kept, Some(remark.unwrap_or_else(|| format!("settings are those of {}", shown.display())))))
}

/// Keeps the configuration `file`, after it was checked, in the state directory that `options` or the built-in
/// configuration name; says where.
pub fn keep(built_in: (&str, &str), file: &Path, options: &[String]) -> Result<String, String> {
    let say = |refusal: Refusal| refusal.to_string();
    Configuration::read(Some(file), &[]).map_err(say)?;
    let directory = Configuration::read_text(built_in.0, built_in.1, options).map_err(say)?.state.directory;
    let shown = directory.join(FILE);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if text.len() > FILE_BYTES {
        return Err(format!("{} is longer than {FILE_BYTES} bytes", file.display()));
    }
    whole_file::write(&mut Directory::new(&directory), FILE, &text)
        .map_err(|error| format!("{} cannot be written: {error}", shown.display()))?;
    Ok(shown.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{DEFAULT, DEFAULT_NAME};

    const BUILT_IN: (&str, &str) = (DEFAULT_NAME, DEFAULT);

    #[test]
    fn kept_settings_count_until_they_are_damaged() {
        let folder = std::env::temp_dir().join(format!("parlor-kept-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let options = [format!("state.directory={}", folder.display())];
        let port =
            |options: &[String]| configuration(BUILT_IN, options).map(|(read, remark)| (read.media.port, remark));
        let built_in = Configuration::read(None, &[]).unwrap().media.port;
        assert_eq!(port(&options), Ok((built_in, None)));

        fs::create_dir(&folder).unwrap();
        let file = folder.join("mine");
        fs::write(&file, "[media]\nport = 70001\n").unwrap();
        assert!(keep(BUILT_IN, &file, &options).unwrap_err().contains("media.port"));
        fs::write(&file, "[media]\nport = 7001\n").unwrap();
        let kept = keep(BUILT_IN, &file, &options).unwrap();
        let (found, remark) = port(&options).unwrap();
        assert!(found == 7001 && remark.unwrap().contains(&kept));
        let other = [options[0].clone(), "media.port=7005".into()];
        assert_eq!(port(&other).unwrap().0, 7005);

        fs::write(&kept, &fs::read(&kept).unwrap()[..90]).unwrap();
        let (found, remark) = port(&options).unwrap();
        assert!(found == built_in && remark.unwrap().contains("built-in configuration counts"));
        let _ = fs::remove_dir_all(&folder);
    }
}
