//! The house rules that a compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

const LINES: usize = 500;
const COLUMNS: usize = 120;

/// The core's floors from the top. A file imports only from its own floor and those below.
const FLOORS: [&str; 9] = ["control", "room", "sdp", "media", "forward", "stream", "link", "wire", "store"];

/// What stands under all of them, side by side.
const GROUND: [&str; 5] = ["limits", "id", "time", "random", "rate"];

/// The places that may hold `unsafe`: batches of packets on sockets, the logger that `defmt` calls, and the allocators
/// that only count, one for the media half in memory and one for the running server.
const UNSAFE: [&str; 5] = [
    "platform-arm/log/src/logger.rs",
    "platform-linux/src/udp/system.rs",
    "tests/load/receive.rs",
    "tests/media/allocations.rs",
    "platform-linux/src/allocations.rs",
];

#[test]
fn files_are_short_enough_to_be_read() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES, "{path} has {lines} lines: at most {LINES}");
    }
}

#[test]
fn lines_fit_a_screen() {
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            // A text in quotes is not broken for the sake of a margin.
            let columns = if line.contains(['"', '\\']) { 0 } else { line.chars().count() };
            assert!(columns <= COLUMNS, "{path}:{} has {columns} columns: at most {COLUMNS}", number + 1);
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_place() {
    for (path, text) in sources() {
        let allowed = UNSAFE.iter().any(|place| path.starts_with(place)) || path == "tests/tidy.rs";
        let found = text.lines().position(|line| words(code(line)).any(|word| word == "unsafe"));
        if let Some(number) = found.filter(|_| !allowed) {
            panic!("{path}:{} has unsafe code", number + 1);
        }
    }
}

#[test]
fn the_core_imports_downwards() {
    for (path, text) in sources() {
        let Some(inside) = path.strip_prefix("core/src/") else { continue };
        let floor = inside.split(['/', '.']).next().unwrap_or_default();
        // The front page names all floors.
        let Some(height) = height(floor).filter(|_| floor != "lib") else { continue };
        for (number, line) in text.lines().enumerate() {
            for import in code(line).split("crate::").skip(1) {
                for name in imported(import) {
                    let above = self::height(name).is_some_and(|other| other < height);
                    assert!(!above, "{path}:{} imports {name}, a floor above {floor}", number + 1);
                }
            }
        }
    }
}

#[test]
fn documents_name_files_that_exist() {
    let root = root();
    for (document, text) in documents() {
        for name in quoted(&text) {
            let is_path =
                name.contains('/') && !name.contains([' ', ':']) && (name.ends_with(".rs") || name.ends_with('/'));
            let exists = ["", "core/src", "platform-linux/src", "tests"]
                .iter()
                .any(|folder| root.join(folder).join(name).exists());
            assert!(!is_path || exists, "{document} names {name}, which does not exist");
        }
        let folder = root.join(&document).parent().expect("a folder").to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_file = !link.is_empty() && !link.contains("://");
            assert!(!is_file || folder.join(link).exists(), "{document} links to {link}, which does not exist");
        }
    }
}

#[test]
fn each_attack_has_the_tests_that_it_names() {
    let (_, text) = documents().into_iter().find(|(name, _)| name == "docs/security.md").expect("a document");
    let sources = sources();
    let rows = text.split("## Attacks").nth(1).expect("a table").lines().filter(|line| line.starts_with("| "));
    for row in rows.skip(2) {
        let tests = row.split('|').nth(3).expect("three columns");
        for name in quoted(tests).filter(|name| !name.contains('/')) {
            let test = format!("fn {name}()");
            assert!(sources.iter().any(|(_, text)| text.contains(&test)), "docs/security.md names no test: {name}");
        }
        assert!(quoted(tests).next().is_some(), "docs/security.md names no test in {row}");
    }
}

#[test]
fn nothing_names_a_machine() {
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let found = ["/home/", "\"/root/", "/work/", "/tmp/"].iter().find(|place| line.contains(*place));
            let allowed = path == "tests/tidy.rs";
            assert!(allowed || found.is_none(), "{path}:{} names a place of one machine", number + 1);
        }
    }
}

/// How far from the top a floor is; none for what is no floor.
fn height(name: &str) -> Option<usize> {
    let ground = GROUND.contains(&name).then_some(FLOORS.len());
    FLOORS.iter().position(|floor| *floor == name).or(ground)
}

/// The first names in what follows `crate::`, one or a braced list.
fn imported(import: &str) -> Vec<&str> {
    match import.strip_prefix('{') {
        Some(list) => list.split(',').map(|entry| word(entry.trim())).collect(),
        None => vec![word(import)],
    }
}

/// The documents and their paths.
fn documents() -> Vec<(String, String)> {
    let root = root();
    let docs = fs::read_dir(root.join("docs"))
        .expect("documents")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let docs = docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let read = |name: String| (name.clone(), fs::read_to_string(root.join(&name)).expect("a document"));
    docs.chain(["ARCHITECTURE.md".into(), "README.md".into()]).map(read).collect()
}

/// Quoted words of code: every second piece.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn word(text: &str) -> &str {
    words(text).next().unwrap_or_default()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

/// Every Rust file of the workspace with its path from the root.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["core", "platform-linux", "platform-arm", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 20, "the sources were not found");
    let named = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file that can be read");
        (path.strip_prefix(&root).expect("a path in the workspace").display().to_string(), text)
    };
    files.into_iter().map(named).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
