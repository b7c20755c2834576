//! Addresses as pictures that a phone's camera reads (ISO/IEC 18004).

/// `text` as a picture of characters for a terminal, with the quiet zone that readers want. Nothing in a build without
/// the feature `tls`, whose machines have no terminal, or if it is too long.
#[cfg(feature = "tls")]
pub fn picture(text: &str) -> Option<String> {
    use qrcodegen::{QrCode, QrCodeEcc};

    const QUIET: i32 = 2;
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let (from, to) = (-QUIET, code.size() + QUIET);
    let mut picture = String::new();
    // Two rows a line. Colours are named: terminals are dark as often as light.
    for y in (from..to).step_by(2) {
        picture.push_str("  \x1b[30;107m");
        for x in from..to {
            picture.push(match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (false, false) => ' ',
                (true, false) => '▀',
                (false, true) => '▄',
                (true, true) => '█',
            });
        }
        picture.push_str("\x1b[0m\n");
    }
    Some(picture)
}

/// Nothing.
#[cfg(not(feature = "tls"))]
pub fn picture(_text: &str) -> Option<String> {
    None
}

/// `text` as an SVG picture, black on white with the quiet zone of the standard; nothing where [`picture`] is nothing.
#[cfg(feature = "tls")]
pub fn svg(text: &str) -> Option<String> {
    use qrcodegen::{QrCode, QrCodeEcc};
    use std::fmt::Write;

    const QUIET: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let length = (x..side).take_while(|x| code.get_module(*x, y)).count() as i32;
            if length > 0 {
                // A run of dark modules in one row.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length + 1;
        }
    }
    let (from, all) = (-QUIET, side + 2 * QUIET);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{from} {from} {all} {all}\" shape-rendering=\"crispEdges\">\
         <rect x=\"{from}\" y=\"{from}\" width=\"{all}\" height=\"{all}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>\n"
    ))
}

/// Nothing.
#[cfg(not(feature = "tls"))]
pub fn svg(_text: &str) -> Option<String> {
    None
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_has_its_finders() {
        let picture = picture("http://192.168.1.5:8088/").unwrap();
        let rows: Vec<&str> = picture.lines().map(|line| line.split(['m']).nth(1).unwrap()).collect();
        let width = rows[0].chars().count() - "\x1b[0".len();
        // Version 2 has 25 modules a side, and two more all around.
        assert_eq!((width, rows.len()), (29, 15));
        assert!(rows[1].starts_with("  █▀▀▀▀▀█ "), "{}", rows[1]);
    }

    #[test]
    fn a_drawn_code_has_its_finders_and_its_quiet_zone() {
        let picture = svg("http://192.168.1.5:8088/?room=1234").unwrap();
        // Version 3 has 29 modules a side, and four more all around.
        assert!(picture.contains("viewBox=\"-4 -4 37 37\""), "{picture}");
        for finder in ["M0 0h7v1h-7z", "M22 0h7v1h-7z", "M0 28h7v1h-7z", "M2 2h3v1h-3z"] {
            assert!(picture.contains(finder), "{finder}: {picture}");
        }
    }
}
