//! The one pass that proves a text.

use super::DEPTH;

/// Walks over a text; every step ends after at most the text's length.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Scanner<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes one value without recursion: open arrays and objects are bits of a stack.
    pub(super) fn value(&mut self) -> Option<()> {
        let mut objects = 0_u32;
        let mut depth = 0;
        loop {
            self.spaces();
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    if depth == DEPTH {
                        return None;
                    }
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u32::from(open == b'{');
                    self.spaces();
                    if matches!(self.peek()?, b'}' | b']') {
                        self.close(&mut objects, &mut depth)?;
                    } else {
                        self.key(objects)?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.spaces();
                if self.peek()? == b',' {
                    self.at += 1;
                    self.spaces();
                    self.key(objects)?;
                    break;
                }
                self.close(&mut objects, &mut depth)?;
            }
        }
    }

    /// In an object, passes a key and its colon.
    fn key(&mut self, objects: u32) -> Option<()> {
        if objects & 1 == 1 {
            self.string()?;
            self.spaces();
            self.take(b':')?;
        }
        Some(())
    }

    fn close(&mut self, objects: &mut u32, depth: &mut usize) -> Option<()> {
        self.take(if *objects & 1 == 1 { b'}' } else { b']' })?;
        *objects >>= 1;
        *depth -= 1;
        Some(())
    }

    fn scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.as_bytes().get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'u' => {
                            // Neither NUL nor half a surrogate pair stands for a letter.
                            let rest = self.text.get(self.at - 1..)?;
                            let (_, len) = unicode_escape(rest).filter(|(letter, _)| *letter != '\0')?;
                            self.at += len - 1;
                        }
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        _ => return None,
                    }
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Passes a number. An integer must fit 64 bits with a sign, as in Janus, and nothing is infinite.
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let _ = self.take(b'-');
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.take(b'.').is_some() {
            is_integer = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            is_integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        match is_integer {
            true => number.parse::<i64>().is_ok().then_some(()),
            false => number.parse::<f64>().is_ok_and(f64::is_finite).then_some(()),
        }
    }
}

/// The letter that the escape at the start of `text` stands for, and the escape's length. (`serde-json-core` does not
/// know the surrogate pairs of RFC 8259 section 7.)
pub(super) fn escape(text: &str) -> Option<(char, usize)> {
    let letter = match text.as_bytes().get(1)? {
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        other => char::from(*other),
    };
    Some((letter, 2))
}

fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(2)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = unit(8).filter(|second| text.get(6..8) == Some("\\u") && (0xdc00..0xe000).contains(second))?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 12))
}
