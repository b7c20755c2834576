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
}
