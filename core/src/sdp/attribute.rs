//! Attribute lines (RFC 8866 section 5.13).

/// An `a=` line: `name` or `name:value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// What stands before the colon.
    pub name: &'a str,
    /// What stands after it; empty if there is no colon.
    pub value: &'a str,
}

impl<'a> Attribute<'a> {
    /// For `111 rest`: the number and the rest. For `rtcp-fb` the number may be `*`, read as `None`.
    pub(super) fn payload(&self) -> Option<(Option<u8>, &'a str)> {
        let (number, rest) = self.value.split_once(' ').unwrap_or((self.value, ""));
        let payload_type = if number == "*" { None } else { Some(number.parse().ok().filter(|number| *number < 128)?) };
        Some((payload_type, rest.trim()))
    }
}

/// The attributes in a run of lines.
pub(super) struct Attributes<'a> {
    lines: core::str::Lines<'a>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { lines: text.lines() }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let text = self.lines.find_map(|line| line.strip_prefix("a="))?;
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        Some(Attribute { name, value: value.trim() })
    }
}
