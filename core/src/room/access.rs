//! Who may do what: secrets, PINs, tokens.

use heapless::{String, Vec};

use super::settings::SECRET_BYTES;

/// The most tokens that a room allows.
pub const TOKENS: usize = 16;

/// A token of a room's list.
pub type Token = String<SECRET_BYTES>;

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A secret or PIN is needed and was not given.
    Missing,
    /// It is the wrong one.
    Wrong,
}

/// Whether `given` opens what `wanted` locks. Takes the same time wherever the two differ.
pub fn check(wanted: Option<&str>, given: Option<&str>) -> Result<(), Denied> {
    let Some(wanted) = wanted else { return Ok(()) };
    let given = given.ok_or(Denied::Missing)?;
    let difference = wanted.bytes().zip(given.bytes()).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
    if difference == 0 && wanted.len() == given.len() { Ok(()) } else { Err(Denied::Wrong) }
}

/// The tokens that may join.
#[derive(Clone, Debug, Default)]
pub struct AllowedTokens {
    /// Whether the list is looked at.
    pub is_checked: bool,
    /// The list.
    pub tokens: Vec<Token, TOKENS>,
}

impl AllowedTokens {
    /// Whether `token` may join.
    pub fn admits(&self, token: Option<&str>) -> bool {
        let opens = |token| self.tokens.iter().filter(|known| check(Some(known), Some(token)).is_ok()).count() > 0;
        !self.is_checked || token.is_some_and(opens)
    }

    /// Adds `token`; false if the list is full.
    pub fn add(&mut self, token: &Token) -> bool {
        self.tokens.contains(token) || self.tokens.push(token.clone()).is_ok()
    }

    /// Takes `token` away.
    pub fn remove(&mut self, token: &Token) {
        self.tokens.retain(|known| known != token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_its_own_lock() {
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(None, Some("x")), Ok(()));
        assert_eq!(check(Some("abc"), None), Err(Denied::Missing));
        assert_eq!(check(Some("abc"), Some("ab")), Err(Denied::Wrong));
        assert_eq!(check(Some("abc"), Some("abd")), Err(Denied::Wrong));
        assert_eq!(check(Some("abc"), Some("abc")), Ok(()));
    }

    #[test]
    fn tokens_count_only_when_the_list_is_on() {
        let mut allowed = AllowedTokens::default();
        assert!(allowed.admits(None));
        allowed.is_checked = true;
        assert!(!allowed.admits(Some("a")));
        assert!(allowed.add(&Token::try_from("a").unwrap()));
        assert!(allowed.admits(Some("a")));
        allowed.remove(&Token::try_from("a").unwrap());
        assert!(!allowed.admits(Some("a")));
    }
}
