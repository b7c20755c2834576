//! Why a configuration was refused: where, which key, what is wrong, and what is allowed.

use std::fmt;
use std::rc::Rc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, counted from 1.
    Line(Rc<str>, usize),
    /// A whole file.
    File(Rc<str>),
    /// A `--set` option, as it was given.
    Option(Rc<str>),
    /// Nowhere: what follows from several values together.
    Everywhere,
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// The key, with its section; empty if no single key is to blame.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(out, "{file}:{line}: "),
            Self::File(file) => write!(out, "{file}: "),
            Self::Option(text) => write!(out, "--set {text}: "),
            Self::Everywhere => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.place)?;
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.problem)
    }
}

/// What is allowed instead of `given`, and which of it was probably meant, as words to end a sentence with.
pub(super) fn suggestion(given: &str, allowed: &[&str]) -> String {
    let nearest = allowed.iter().map(|name| (distance(given, name), name)).min();
    let meant = match nearest {
        Some((distance, name)) if distance <= 1 + given.len() / 4 => format!("; did you mean \"{name}\"?"),
        _ => ";".into(),
    };
    format!("{meant} allowed are {}", allowed.join(", "))
}

/// How many letters must be added, left out or changed to make `left` from `right`.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_nonsense_is_not() {
        assert_eq!(distance("port", "prot"), 2);
        assert_eq!(distance("", "abc"), 3);
        let meant = suggestion("publishrs", &["port", "publishers"]);
        assert_eq!(meant, "; did you mean \"publishers\"? allowed are port, publishers");
        assert_eq!(suggestion("zebra", &["port", "shards"]), "; allowed are port, shards");
    }
}
