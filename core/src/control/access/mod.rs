//! Who may ask: the secret of the API, stored tokens, signed tokens, the key of the VideoRoom's administrators.

mod signed;
mod stored;

pub(crate) use stored::{STORED_BYTES, StoredToken};

use super::Outlet;
use super::error::{core_error, plugin, refuse};
use super::json::{Text, Value};
use super::parameter::{PLUGIN, Wanted, check, required};
use super::post::PLUGIN_NAME;
use super::turn::{Done, Turn};
use crate::random::Random;
use crate::room::{Name, access};

/// The longest secret of the API, in bytes.
pub const API_SECRET_BYTES: usize = 128;

/// The longest token that is looked at, in bytes: a signed one names what it opens.
const TOKEN_BYTES: usize = 512;

/// The realm of tokens for the API.
const API_REALM: &str = "janus";

/// What a client shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// Janus' `apisecret`.
    pub api_secret: Option<&'a str>,
    /// Janus' `token`.
    pub token: Option<&'a str>,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Whether a request shows the secret or a token, where one is wanted.
    pub(super) fn authorize(&self, body: Value<'_>) -> Done {
        let (mut api_secret, mut token) = ([0; API_SECRET_BYTES], [0; TOKEN_BYTES]);
        let credentials = Credentials {
            api_secret: shown(body, "apisecret", &mut api_secret),
            token: shown(body, "token", &mut token),
        };
        self.admit(credentials)
    }

    /// The same for credentials that came otherwise.
    pub(super) fn admit(&self, credentials: Credentials<'_>) -> Done {
        let secret = lock(&self.settings.api_secret);
        if secret.is_none() && !self.settings.token_auth {
            return Ok(());
        }
        // Either opens the door.
        let has_secret = secret.is_some() && access::check(secret, credentials.api_secret).is_ok();
        let has_token = credentials.token.is_some_and(|token| self.is_known(token));
        match has_secret || (self.settings.token_auth && has_token) {
            true => Ok(()),
            false => Err(refuse!(
                core_error::UNAUTHORIZED,
                "apisecret",
                "Unauthorized request (wrong or missing secret/token)"
            )),
        }
    }

    /// Whether the token of `body` opens the VideoRoom, where tokens are wanted.
    pub(super) fn authorize_plugin(&self, body: Value<'_>) -> Done {
        if !self.settings.token_auth {
            return Ok(());
        }
        let mut token = [0; TOKEN_BYTES];
        let opens = |token: &str| match lock(&self.settings.token_secret) {
            Some(secret) => signed::opens(token, secret, API_REALM, Some(PLUGIN_NAME), self.unix_time_s()),
            None => self.stored(token).is_some_and(|(_, stored)| stored.opens_plugin),
        };
        // Who shows no token showed the secret.
        match shown(body, "token", &mut token).is_none_or(opens) {
            true => Ok(()),
            false => {
                let why = "Provided token can't access plugin";
                Err(refuse!(core_error::UNAUTHORIZED_PLUGIN, "token", "{why} '{PLUGIN_NAME}'"))
            }
        }
    }

    /// Whether the token of `body` was signed for the room `room`, where tokens are signed.
    pub(super) fn authorize_room(&self, body: Value<'_>, room: Name) -> Done {
        let Some(secret) = lock(&self.settings.token_secret).filter(|_| self.settings.token_auth) else {
            return Ok(());
        };
        let mut token = [0; TOKEN_BYTES];
        let descriptor = signed::of_room(room);
        let opens = |token| signed::opens(token, secret, PLUGIN_NAME, Some(&descriptor), self.unix_time_s());
        match shown(body, "token", &mut token).is_some_and(opens) {
            true => Ok(()),
            false => Err(refuse!(plugin::UNAUTHORIZED, "token", "Unauthorized (wrong token)")),
        }
    }

    /// Whether `body` shows the key of the VideoRoom's administrators, where there is one.
    pub(super) fn check_admin_key(&self, body: Value<'_>) -> Done {
        let key = lock(&self.settings.admin_key);
        if key.is_none() {
            return Ok(());
        }
        check(body, &[required("admin_key", Wanted::Text)], PLUGIN)?;
        let mut given = [0; API_SECRET_BYTES];
        match access::check(key, Some(shown(body, "admin_key", &mut given).unwrap_or_default())) {
            Ok(()) => Ok(()),
            Err(_) => Err(refuse!(plugin::UNAUTHORIZED, "admin_key", "Unauthorized (wrong admin_key)")),
        }
    }

    /// Whether administrators store tokens.
    pub(super) fn stores_tokens(&self) -> bool {
        self.settings.token_auth && self.settings.token_secret.is_empty()
    }

    /// Whether a token is signed or stored.
    fn is_known(&self, token: &str) -> bool {
        match lock(&self.settings.token_secret) {
            Some(secret) => signed::opens(token, secret, API_REALM, None, self.unix_time_s()),
            None => self.stored(token).is_some(),
        }
    }

    /// Seconds of Unix time.
    fn unix_time_s(&self) -> u64 {
        (self.settings.unix_time_at_start_us + self.now.us) / 1_000_000
    }
}

/// A secret as a lock; an empty one locks nothing.
fn lock(secret: &str) -> Option<&str> {
    (!secret.is_empty()).then_some(secret)
}

/// The text `name` of `body`; too long a one opens nothing.
fn shown<'b>(body: Value<'_>, name: &str, room: &'b mut [u8]) -> Option<&'b str> {
    body.get(name).and_then(Value::text).and_then(|text: Text<'_>| text.copy(room))
}
