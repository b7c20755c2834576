//! What a box wants of another: the publishers whose media it wants, where to, and under which keys.

use std::net::SocketAddr;

use base64ct::{Base64, Encoding};
use parlor_core::link::MasterKey;
use parlor_core::media::RelayKeys;
use parlor_core::random::Random;
use serde::{Deserialize, Serialize};

/// The bytes of a key and its salt (RFC 4568 section 6.1).
const KEY_BYTES: usize = 30;

/// All that a box wants of another now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Wants {
    /// Which life of the owner's it is about.
    pub(super) instance: String,
    /// What is wanted.
    pub(super) feeds: Vec<Want>,
}

/// One publisher whose media is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Want {
    /// Their number at their box.
    pub(super) publisher: u64,
    /// Where their packets shall go.
    pub(super) address: SocketAddr,
    /// What these are sealed with.
    pub(super) key: Key,
}

/// A key of AES-CM with its salt, in base64.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Key(String);

impl Wants {
    /// What `text` says.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let wants: Self = serde_json::from_slice(text).ok()?;
        wants.feeds.iter().all(|want| want.key.keys().is_some()).then_some(wants)
    }

    /// As it is said.
    pub(super) fn written(&self) -> String {
        // Nothing of it can fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Key {
    /// A key that nobody had before.
    pub(super) fn new(random: &mut impl Random) -> Self {
        let mut bytes = [0; KEY_BYTES];
        random.fill(&mut bytes);
        Self(Base64::encode_string(&bytes))
    }

    /// What packets are sealed with; nothing if it is no key.
    pub(super) fn keys(&self) -> Option<RelayKeys> {
        let mut bytes = [0; KEY_BYTES];
        Base64::decode(&self.0, &mut bytes).ok().filter(|bytes| bytes.len() == KEY_BYTES)?;
        let (mut key, mut salt) = ([0; 16], [0; 14]);
        key.copy_from_slice(&bytes[..16]);
        salt.copy_from_slice(&bytes[16..]);
        Some(RelayKeys { master: MasterKey { key, salt }, has_short_tags: false })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemSource;

    #[test]
    fn what_is_wanted_is_understood_as_it_was_said() {
        let key = Key::new(&mut SystemSource::new());
        let want = Want { publisher: 7, address: ([10, 0, 0, 2], 4000).into(), key: key.clone() };
        let wants = Wants { instance: "x".into(), feeds: vec![want] };
        assert_eq!(Wants::read(wants.written().as_bytes()), Some(wants));
        assert_ne!(Key::new(&mut SystemSource::new()), key);
        assert_eq!(format!("{key:?}"), "Key", "no log shows it");
    }

    #[test]
    fn what_is_no_list_of_wants_is_nothing() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"instance":"x","feeds":[{}]}"#,
            r#"{"instance":"x","feeds":[{"publisher":7,"address":"host:1","key":""}]}"#,
            r#"{"instance":"x","feeds":[{"publisher":7,"address":"10.0.0.2:1","key":"AAEC"}]}"#,
            r#"{"instance":"x","feeds":[{"publisher":-7,"address":"10.0.0.2:1",
                "key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"}]}"#,
        ] {
            assert_eq!(Wants::read(text.as_bytes()), None, "{text}");
        }
    }
}
