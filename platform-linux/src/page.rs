//! The conference page and that of administrators, held in the binary as `build.rs` packed them.

use std::io::Read;

use flate2::read::GzDecoder;
use ring::digest;

/// A file of the page.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the URL.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its content as gzip (RFC 1952).
    pub packed: &'static [u8],
    /// A name of this very content, quoted (RFC 9110 section 8.8.3).
    pub tag: String,
}

impl File {
    /// Its content, unpacked for who does not take gzip.
    pub fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        // What we packed ourselves can be read, and is as long as it was.
        let _ = GzDecoder::new(self.packed).read_to_end(&mut plain);
        plain
    }
}

/// What the page may do: nothing but its own scripts and styles, and WebSockets to the server that it is told to join.
const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    media-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// What the administrators' page may do: less still.
const ADMIN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($folder:literal: $($name:literal $kind:ident),* $(,)?) => {
        &[$((concat!("/", $name), $kind, include_bytes!(concat!(env!("OUT_DIR"), "/", $folder, "/", $name, ".gz")).as_slice())),*]
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const FILES: &[(&str, &str, &[u8])] = files!["page":
    "index.html" HTML,
    "style.css" CSS,
    "icon.svg" SVG,
    "address.js" SCRIPT,
    "banner.js" SCRIPT,
    "chat.js" SCRIPT,
    "chinese.js" SCRIPT,
    "details.js" SCRIPT,
    "device_lists.js" SCRIPT,
    "devices.js" SCRIPT,
    "encodings.js" SCRIPT,
    "floor.js" SCRIPT,
    "invitation.js" SCRIPT,
    "janus.js" SCRIPT,
    "layout.js" SCRIPT,
    "main.js" SCRIPT,
    "memory.js" SCRIPT,
    "people.js" SCRIPT,
    "publication.js" SCRIPT,
    "quality.js" SCRIPT,
    "refusals.js" SCRIPT,
    "room.js" SCRIPT,
    "silence.js" SCRIPT,
    "speaker.js" SCRIPT,
    "subscription.js" SCRIPT,
    "tile.js" SCRIPT,
    "tiles.js" SCRIPT,
    "words.js" SCRIPT,
];

const ADMIN_FILES: &[(&str, &str, &[u8])] = files!["admin":
    "index.html" HTML,
    "admin.css" CSS,
    "admin.js" SCRIPT,
    "api.js" SCRIPT,
    "capture.js" SCRIPT,
    "dialog.js" SCRIPT,
    "forwarding.js" SCRIPT,
    "plots.js" SCRIPT,
    "redraw.js" SCRIPT,
];

/// A page.
pub struct Page {
    files: Vec<File>,
    /// What it may do (Content Security Policy Level 3).
    pub policy: &'static str,
    /// Whether it is shown to this machine alone where nothing hides what is said.
    pub is_private: bool,
}

impl Page {
    /// The conference page.
    pub fn new() -> Self {
        Self::of(FILES, SECURITY_POLICY, false)
    }

    /// That of administrators.
    pub fn of_administrators() -> Self {
        Self::of(ADMIN_FILES, ADMIN_POLICY, true)
    }

    /// All these files with their tags.
    fn of(files: &[(&'static str, &'static str, &'static [u8])], policy: &'static str, is_private: bool) -> Self {
        let file = |(path, kind, packed): &(&'static str, &'static str, &'static [u8])| {
            let digest = digest::digest(&digest::SHA256, packed);
            let hexadecimal: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            File { path, kind, packed, tag: format!("\"{hexadecimal}\"") }
        };
        Self { files: files.iter().map(file).collect(), policy, is_private }
    }

    /// The file at `path`; `/` is the page itself.
    pub fn file(&self, path: &str) -> Option<&File> {
        let path = if path == "/" { "/index.html" } else { path };
        self.files.iter().find(|file| file.path == path)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_conference_page_is_small_enough_for_flash() {
        let files = Page::new().files;
        let packed: usize = files.iter().map(|file| file.packed.len()).sum();
        let plain: usize = files.iter().map(|file| file.plain().len()).sum();
        assert!(packed <= 64_000 && plain <= 170_000, "{packed} bytes packed, {plain} plain");
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        for (page, folder) in [(Page::new(), "page"), (Page::of_administrators(), "admin")] {
            for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
                let file = file.unwrap();
                let path = format!("/{}", file.file_name().to_str().unwrap());
                if file.file_type().unwrap().is_file() && !path.ends_with(".md") {
                    let served = page.file(&path).unwrap_or_else(|| panic!("{path} is missing in the list above"));
                    assert_eq!(served.plain(), std::fs::read(file.path()).unwrap(), "{path}");
                }
            }
            assert_eq!(page.file("/").unwrap().path, "/index.html");
            assert!(page.file("/../Cargo.toml").is_none());
        }
    }
}
