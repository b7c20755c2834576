//! What an administrator does to stored tokens: `add_token`, `allow_token`, `disallow_token`, `remove_token`,
//! `list_tokens`.

use serde::Serialize;

use super::super::Outlet;
use super::super::access::{STORED_BYTES, StoredToken};
use super::super::envelope::Envelope;
use super::super::error::{Refusal, core_error, refuse};
use super::super::json::{Kind, Value};
use super::super::parameter::{CORE, Wanted, check, optional, required};
use super::super::post::PLUGIN_NAME;
use super::super::reply::Each;
use super::super::turn::{Done, Turn};
use crate::random::Random;

const REQUESTS: [&str; 5] = ["add_token", "allow_token", "disallow_token", "remove_token", "list_tokens"];

/// A token on its way into the table.
type TokenText = heapless::String<STORED_BYTES>;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Does what a request asks about tokens, if that is what it asks.
    pub(super) fn change_tokens(&mut self, envelope: &Envelope<'_>) -> Result<bool, Refusal> {
        let request = envelope.request;
        if !REQUESTS.iter().any(|name| request.is(name)) {
            return Ok(false);
        }
        if !self.stores_tokens() {
            return Err(refuse!(core_error::UNKNOWN, "janus", "Stored-Token based authentication disabled"));
        }
        if request.is("list_tokens") {
            self.list_tokens(envelope);
        } else if request.is("add_token") {
            self.add_token(envelope)?;
        } else if request.is("remove_token") {
            self.remove_token(envelope)?;
        } else {
            self.change_token(envelope, request.is("allow_token"))?;
        }
        Ok(true)
    }

    /// Those that open something, as Janus lists them.
    fn list_tokens(&mut self, envelope: &Envelope<'_>) {
        let opening = self.state.tokens.iter().filter(|(_, stored)| stored.opens_plugin);
        let tokens = opening.map(|(_, stored)| ListedToken { token: &stored.text, allowed_plugins: plugins(true) });
        let data = TokenList { tokens: Each(tokens) };
        let answer = Answer { janus: "success", transaction: &envelope.transaction, data };
        self.post.send(envelope.origin.connection, &answer);
    }

    fn add_token(&mut self, envelope: &Envelope<'_>) -> Done {
        let body = envelope.body;
        check(body, &[required("token", Wanted::Text), optional("plugins", Wanted::Array)], CORE)?;
        let text = token_of(body)?;
        // A token that names no plugin opens all.
        let opens = body.get("plugins").is_none_or(|list| list.elements().next().is_none()) || names_plugin(body);
        let known = self.stored(&text).map(|(id, stored)| (id, stored.opens_plugin));
        let opens_plugin = opens || known.is_some_and(|(_, opened)| opened);
        match known.and_then(|(id, _)| self.state.tokens.get_mut(id)) {
            Some(stored) => stored.opens_plugin = opens_plugin,
            None => {
                let size = self.state.tokens.capacity();
                let full = |_| refuse!(core_error::FULL, "tokens", "No place left: tokens ({size})");
                self.state.tokens.insert(StoredToken { text, opens_plugin }).map_err(full)?;
            }
        }
        self.tell_plugins(envelope, opens_plugin);
        Ok(())
    }

    /// `allow_token` and `disallow_token`.
    fn change_token(&mut self, envelope: &Envelope<'_>, allow: bool) -> Done {
        let body = envelope.body;
        check(body, &[required("token", Wanted::Text), optional("plugins", Wanted::Array)], CORE)?;
        let text = token_of(body)?;
        if body.get("plugins").is_none_or(|list| list.elements().next().is_none()) {
            let why = "Invalid element type (plugins should be a non-empty array)";
            return Err(refuse!(core_error::INVALID_TYPE, "plugins", "{why}"));
        }
        let unknown = || refuse!(core_error::TOKEN_NOT_FOUND, "token", "Token {text} not found");
        let (id, stored) = self.stored(&text).ok_or_else(unknown)?;
        let opened = stored.opens_plugin;
        if !names_only_plugin(body) {
            let why = "Invalid element type (some of the provided plugins are invalid)";
            return Err(refuse!(core_error::INVALID_TYPE, "plugins", "{why}"));
        }
        let opens = if names_plugin(body) { allow } else { opened };
        if let Some(stored) = self.state.tokens.get_mut(id) {
            stored.opens_plugin = opens;
        }
        self.tell_plugins(envelope, opens);
        Ok(())
    }

    fn remove_token(&mut self, envelope: &Envelope<'_>) -> Done {
        check(envelope.body, &[required("token", Wanted::Text)], CORE)?;
        let unknown = || refuse!(core_error::UNKNOWN, "token", "Error removing token");
        let id = self.stored(&token_of(envelope.body)?).map(|(id, _)| id).ok_or_else(unknown)?;
        self.state.tokens.remove(id);
        self.succeed(envelope);
        Ok(())
    }

    fn tell_plugins(&mut self, envelope: &Envelope<'_>, opens: bool) {
        let data = TokenPlugins { plugins: plugins(opens) };
        let answer = Answer { janus: "success", transaction: &envelope.transaction, data };
        self.post.send(envelope.origin.connection, &answer);
    }
}

fn token_of(body: Value<'_>) -> Result<TokenText, Refusal> {
    let too_long = || {
        refuse!(core_error::INVALID_TYPE, "token", "Invalid element (token should have at most {STORED_BYTES} bytes)")
    };
    body.get("token").and_then(Value::text).and_then(|text| text.string()).ok_or_else(too_long)
}

/// Whether the plugins of `body` have ours among them.
fn names_plugin(body: Value<'_>) -> bool {
    let mut list = body.get("plugins").filter(|list| list.kind() == Kind::Array).into_iter().flat_map(Value::elements);
    list.any(|plugin| plugin.text().is_some_and(|name| name.is(PLUGIN_NAME)))
}

/// Whether there is no other among them.
fn names_only_plugin(body: Value<'_>) -> bool {
    let mut list = body.get("plugins").into_iter().flat_map(Value::elements);
    list.all(|plugin| plugin.text().is_some_and(|name| name.is(PLUGIN_NAME)))
}

/// The plugins that a token opens: all that there are, or none.
fn plugins(opens: bool) -> &'static [&'static str] {
    if opens { &[PLUGIN_NAME] } else { &[] }
}

#[derive(Serialize)]
struct Answer<'a, D: Serialize> {
    janus: &'static str,
    transaction: &'a str,
    data: D,
}

#[derive(Serialize)]
struct TokenPlugins {
    plugins: &'static [&'static str],
}

#[derive(Serialize)]
struct TokenList<L: Serialize> {
    tokens: L,
}

#[derive(Serialize)]
struct ListedToken<'a> {
    token: &'a str,
    allowed_plugins: &'static [&'static str],
}
