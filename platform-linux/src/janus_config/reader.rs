//! A reader of libconfig's syntax, in which Janus' `.jcfg` files are written (libconfig manual, section 2).
//!
//! ```text
//! room-1234: {                 # a group: settings
//!     description = "Demo"     # text, number, truth, array [..], list (..) or group
//! }
//! @include "more.jcfg"
//! ```

use std::collections::HashSet;
use std::rc::Rc;

use crate::config::{Place, Refusal};

/// How deep values may lie in one another, and files include one another.
const DEPTH: usize = 16;

/// The most characters of a file and of all that it includes.
pub const FILE_BYTES: usize = 1 << 20;

/// A name, its value, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The name.
    pub name: String,
    /// Where.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// What can be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`, whatever the case.
    Boolean(bool),
    /// A whole number: decimal, `0x`, `0o` or `0b`, with or without `L`.
    Integer(i64),
    /// Text; a number with a fraction is kept as it was written.
    Text(String),
    /// An array or a list.
    List(Vec<Value>),
    /// A group.
    Group(Vec<Setting>),
}

/// Reads the file `name` with the content `text`; `include` finds the text of files that it includes.
pub fn read(
    name: &str,
    text: &str,
    include: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Vec<Setting>, Refusal> {
    let mut names = HashSet::new();
    let mut settings = Vec::new();
    let mut left = FILE_BYTES;
    let mut reader = Reader { name: name.into(), text, at: 0, depth: 0, left: &mut left, include };
    reader.take_in()?;
    reader.settings(None, &mut names, &mut settings)?;
    Ok(settings)
}

struct Reader<'a> {
    name: Rc<str>,
    text: &'a str,
    /// Where the next character is, in bytes.
    at: usize,
    depth: usize,
    /// How many bytes may still be read.
    left: &'a mut usize,
    include: &'a mut dyn FnMut(&str) -> Result<String, String>,
}

impl<'a> Reader<'a> {
    /// Counts the text towards what may be read.
    fn take_in(&mut self) -> Result<(), Refusal> {
        match self.left.checked_sub(self.text.len()) {
            Some(left) => *self.left = left,
            None => return Err(self.refusal(format!("is too long: at most {FILE_BYTES} bytes are read"))),
        }
        Ok(())
    }

    /// Settings up to `end`, or up to the end of the file.
    fn settings(
        &mut self,
        end: Option<char>,
        names: &mut HashSet<String>,
        settings: &mut Vec<Setting>,
    ) -> Result<(), Refusal> {
        loop {
            self.skip_blank()?;
            match self.peek() {
                None if end.is_none() => return Ok(()),
                Some(letter) if Some(letter) == end => {
                    self.at += 1;
                    return Ok(());
                }
                Some('@') => self.included(names, settings)?,
                _ => {
                    let setting = self.setting()?;
                    if !names.insert(setting.name.clone()) {
                        let problem = "is there twice".into();
                        return Err(Refusal { place: setting.place, key: setting.name, problem });
                    }
                    settings.push(setting);
                }
            }
        }
    }

    /// `@include "file"`: its settings as if they stood here.
    fn included(&mut self, names: &mut HashSet<String>, settings: &mut Vec<Setting>) -> Result<(), Refusal> {
        let Some(rest) = self.text[self.at..].strip_prefix("@include") else {
            return Err(self.refusal("only @include may follow the sign @".into()));
        };
        self.at = self.text.len() - rest.len();
        self.skip_blank()?;
        let name = self.text_value()?;
        self.deeper()?;
        let text = (self.include)(&name).map_err(|why| self.refusal(format!("@include \"{name}\": {why}")))?;
        let (depth, left) = (self.depth, &mut *self.left);
        let mut reader =
            Reader { name: name.as_str().into(), text: &text, at: 0, depth, left, include: &mut *self.include };
        reader.take_in()?;
        reader.settings(None, names, settings)?;
        self.depth -= 1;
        Ok(())
    }

    fn setting(&mut self) -> Result<Setting, Refusal> {
        let place = self.place();
        let name = self.word(|letter| letter.is_ascii_alphanumeric() || "-_*.".contains(letter));
        if !name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '*') {
            return Err(self.refusal("here the name of a setting is expected".into()));
        }
        let name = name.to_owned();
        self.skip_blank()?;
        match self.peek() {
            Some(':' | '=') => self.at += 1,
            _ => return Err(self.refusal(format!("after {name} a = or : is expected"))),
        }
        let value = self.value()?;
        self.skip_blank()?;
        if let Some(';' | ',') = self.peek() {
            self.at += 1;
        }
        Ok(Setting { name, place, value })
    }

    fn value(&mut self) -> Result<Value, Refusal> {
        self.skip_blank()?;
        match self.peek() {
            Some('"') => self.text_value().map(Value::Text),
            Some('[') => self.list(']'),
            Some('(') => self.list(')'),
            Some('{') => {
                self.at += 1;
                self.deeper()?;
                let mut settings = Vec::new();
                self.settings(Some('}'), &mut HashSet::new(), &mut settings)?;
                self.depth -= 1;
                Ok(Value::Group(settings))
            }
            _ => self.scalar(),
        }
    }

    fn list(&mut self, end: char) -> Result<Value, Refusal> {
        self.at += 1;
        self.deeper()?;
        let mut list = Vec::new();
        loop {
            self.skip_blank()?;
            match self.peek() {
                Some(letter) if letter == end => break,
                Some(',') if !list.is_empty() => self.at += 1,
                _ => list.push(self.value()?),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(Value::List(list))
    }

    /// A number or a truth.
    fn scalar(&mut self) -> Result<Value, Refusal> {
        let place = self.at;
        let word = self.word(|letter| letter.is_ascii_alphanumeric() || "+-._".contains(letter));
        if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
            return Ok(Value::Boolean(word.eq_ignore_ascii_case("true")));
        }
        match integer(word) {
            Some(number) => Ok(Value::Integer(number)),
            None if word.contains(['.', 'e', 'E']) && word.parse::<f64>().is_ok_and(f64::is_finite) => {
                Ok(Value::Text(word.into()))
            }
            None => {
                self.at = place;
                Err(self.refusal("here a value is expected: text in quotes, a number, true, false, [, ( or {".into()))
            }
        }
    }

    /// Text in quotes; what follows it in quotes belongs to it.
    fn text_value(&mut self) -> Result<String, Refusal> {
        let mut bytes = Vec::new();
        if self.peek() != Some('"') {
            return Err(self.refusal("here text in quotes is expected".into()));
        }
        while self.peek() == Some('"') {
            self.at += 1;
            self.quoted(&mut bytes)?;
            self.skip_blank()?;
        }
        String::from_utf8(bytes).map_err(|_| self.refusal("this text is not UTF-8".into()))
    }

    fn quoted(&mut self, bytes: &mut Vec<u8>) -> Result<(), Refusal> {
        loop {
            let Some(byte) = self.next_byte() else { return Err(self.refusal("a text has no end".into())) };
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let escape = self.next_byte().and_then(|letter| self.escaped(letter));
                    bytes.push(escape.ok_or_else(|| self.refusal("there is no such escape in a text".into()))?);
                }
                byte => bytes.push(byte),
            }
        }
    }

    fn escaped(&mut self, letter: u8) -> Option<u8> {
        match letter {
            b'"' | b'\\' => Some(letter),
            b'a' => Some(7),
            b'b' => Some(8),
            b'f' => Some(12),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'v' => Some(11),
            b'x' => {
                let digits = self.text.get(self.at..self.at + 2)?;
                self.at += 2;
                u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
            }
            _ => None,
        }
    }

    /// Passes over blanks and comments: `#`, `//`, `/* */`.
    fn skip_blank(&mut self) -> Result<(), Refusal> {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{b}', '\u{c}']).len();
            self.at += blank;
            let rest = &rest[blank..];
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/");
                self.at += end.ok_or_else(|| self.refusal("a comment has no end".into()))? + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let len = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn deeper(&mut self) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEPTH { Err(self.refusal(format!("lies deeper than {DEPTH}"))) } else { Ok(()) }
    }

    fn place(&self) -> Place {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        Place::Line(self.name.clone(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
    }

    fn refusal(&self, problem: String) -> Refusal {
        Refusal { place: self.place(), key: String::new(), problem }
    }
}

/// A whole number as libconfig writes it.
fn integer(word: &str) -> Option<i64> {
    let digits = word.trim_end_matches('L');
    if word.len() - digits.len() > 2 {
        return None;
    }
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let prefixed = |prefix: &str| digits.strip_prefix(prefix).or(digits.strip_prefix(&prefix.to_ascii_uppercase()));
    let radix =
        [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find_map(|(prefix, radix)| Some((prefixed(prefix)?, radix)));
    let (digits, radix) = radix.unwrap_or((digits, 10));
    match digits.starts_with(['+', '-']) {
        true => None,
        false => i64::from_str_radix(&format!("{sign}{digits}"), radix).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, Value)>, String> {
        let mut include = |name: &str| match name {
            "two" => Ok("two = 2".to_owned()),
            "me" => Ok("@include \"me\"".to_owned()),
            _ => Err("is not there".to_owned()),
        };
        let settings = read("a.jcfg", text, &mut include).map_err(|refusal| refusal.to_string())?;
        Ok(settings.into_iter().map(|setting| (setting.name, setting.value)).collect())
    }

    fn value(text: &str) -> Result<Value, String> {
        parsed(&format!("a = {text}")).map(|settings| settings[0].1.clone())
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = |text: &str| Value::Text(text.into());
        let table = [
            ("12", Value::Integer(12)),
            ("-0x1F", Value::Integer(-31)),
            ("0b101", Value::Integer(5)),
            ("9000000000L", Value::Integer(9_000_000_000)),
            ("TRUE;", Value::Boolean(true)),
            ("false,", Value::Boolean(false)),
            ("1.5e3", text("1.5e3")),
            (r#""a\"b\\\n\x41" "c" /* and */ "d" // end"#, text("a\"b\\\nAcd")),
            ("[1, 2]", Value::List(vec![Value::Integer(1), Value::Integer(2)])),
            ("( \"x\", [ ] )", Value::List(vec![text("x"), Value::List(Vec::new())])),
            ("{}", Value::Group(Vec::new())),
        ];
        for (written, meant) in table {
            assert_eq!(value(written), Ok(meant), "for {written}");
        }
    }

    #[test]
    fn settings_stand_in_groups_and_in_files_that_are_included() {
        let settings = parsed("# one\none: { a = 1; b : 2 }\n@include \"two\"\n").unwrap();
        let names: Vec<&str> = settings.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert!(matches!(&settings[0].1, Value::Group(inner) if inner[1].name == "b"));
    }

    #[test]
    fn what_is_no_libconfig_is_refused_with_its_line() {
        let table = [
            ("\na = ", "a.jcfg:2: here a value is expected"),
            ("\na = \"b", "a.jcfg:2: a text has no end"),
            ("a", "a.jcfg:1: after a a = or : is expected"),
            ("a = 1\na = 2", "a.jcfg:2: a: is there twice"),
            ("a = { b = 1", "a.jcfg:1: here the name of a setting is expected"),
            ("/* never", "a.jcfg:1: a comment has no end"),
            ("a = \"\\q\"", "a.jcfg:1: there is no such escape"),
            ("a = 99999999999999999999", "a.jcfg:1: here a value is expected"),
            ("@include \"three\"", "a.jcfg:1: @include \"three\": is not there"),
            ("@include \"me\"", "me:1: lies deeper than 16"),
        ];
        for (text, words) in table {
            let said = parsed(text).unwrap_err();
            assert!(said.starts_with(words), "for {text:?}: {said}");
        }
        let deep = format!("a = {}", "(".repeat(1000));
        assert!(parsed(&deep).unwrap_err().contains("lies deeper than 16"));
        assert!(parsed(&" ".repeat(FILE_BYTES + 1)).unwrap_err().contains("is too long"));
    }

    #[test]
    fn whatever_is_written_is_read_or_refused() {
        let text =
            "# c\na: { b = \"x\\n\\x41\"; c = [1, -0x2L], /* d */ e : (true, { f = 1.5; }); };\n@include \"two\"";
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let mut letters: Vec<char> = text.chars().collect();
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (at, from) = ((seed >> 33) as usize % letters.len(), (seed >> 13) as usize % letters.len());
                match seed >> 61 {
                    0..3 => letters[at] = letters[from],
                    3..6 => letters.truncate(at.max(1)),
                    6 => letters.insert(at, 'é'),
                    _ => letters.insert(at, letters[from]),
                }
            }
            let _ = parsed(&letters.into_iter().collect::<String>());
        }
    }
}
