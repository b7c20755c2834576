//! The conference page, held in the binary.

use ring::digest;

/// A file of the page.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the URL.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its content.
    pub content: &'static [u8],
    /// A name of this very content, quoted (RFC 9110 section 8.8.3).
    pub tag: String,
}

/// What the page may do: nothing but its own scripts and styles, and WebSockets to the server that it is told to join.
pub const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    media-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

macro_rules! files {
    ($($name:literal $kind:ident),* $(,)?) => {
        &[$((concat!("/", $name), $kind, include_bytes!(concat!("../page/", $name)).as_slice())),*]
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const FILES: &[(&str, &str, &[u8])] = files![
    "index.html" HTML,
    "style.css" CSS,
    "icon.svg" SVG,
    "devices.js" SCRIPT,
    "janus.js" SCRIPT,
    "layout.js" SCRIPT,
    "main.js" SCRIPT,
    "publication.js" SCRIPT,
    "room.js" SCRIPT,
    "subscription.js" SCRIPT,
    "tiles.js" SCRIPT,
    "words.js" SCRIPT,
];

/// The page.
pub struct Page {
    files: Vec<File>,
}

impl Page {
    /// All its files with their tags.
    pub fn new() -> Self {
        let file = |(path, kind, content): &(&'static str, &'static str, &'static [u8])| {
            let digest = digest::digest(&digest::SHA256, content);
            let hexadecimal: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            File { path, kind, content, tag: format!("\"{hexadecimal}\"") }
        };
        Self { files: FILES.iter().map(file).collect() }
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
    fn every_file_of_the_folder_is_served() {
        let page = Page::new();
        for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("page")).unwrap() {
            let file = file.unwrap();
            let path = format!("/{}", file.file_name().to_str().unwrap());
            if file.file_type().unwrap().is_file() && !path.ends_with(".md") {
                assert!(page.file(&path).is_some(), "{path} is missing in the list above");
            }
        }
        assert_eq!(page.file("/").unwrap().path, "/index.html");
        assert!(page.file("/../Cargo.toml").is_none());
    }
}
