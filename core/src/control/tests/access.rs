//! Secrets, tokens and keys: what opens and what does not.

use super::client::World;
use crate::control::Credentials;

fn text(text: &str) -> heapless::String<128> {
    text.try_into().unwrap()
}

fn with_secret() -> World {
    World::with(|settings| settings.api_secret = text("sesame"))
}

/// `echo -n DATA | openssl dgst -sha1 -hmac key -binary | base64`, for times up to 1000 s.
const PLUGIN_TOKEN: &str = "1000,janus,janus.plugin.videoroom:u0KjwRV6d20L8T3M4oQaqbJdup4=";
const OTHER_TOKEN: &str = "1000,janus,janus.plugin.other:BmhdxJ0XRQDlkcznT0tVYcWYcIM=";
const ROOM_TOKEN: &str = "1000,janus.plugin.videoroom,room=7:nUy0wTskF3IxYVWMQVbFgJQ70tI=";

#[test]
fn nothing_is_told_without_the_secret_but_that_we_are_here() {
    let mut world = with_secret();
    assert!(world.say(0, r#"{"janus":"ping","transaction":"t"}"#)[0].contains("pong"));
    assert!(world.say(0, r#"{"janus":"info","transaction":"t"}"#)[0].contains("server_info"));
    for secret in
        ["", r#","apisecret":"other""#, r#","apisecret":"sesam""#, r#","apisecret":5"#, r#","token":"sesame""#]
    {
        let said = world.say(0, &std::format!(r#"{{"janus":"create","transaction":"t"{secret}}}"#));
        assert!(said[0].contains("\"code\":403"), "{}", said[0]);
        let said = world.say(0, &std::format!(r#"{{"janus":"keepalive","session_id":9,"transaction":"t"{secret}}}"#));
        assert!(said[0].contains("\"code\":403"), "who may not ask is not told which sessions there are");
    }
    assert!(world.say(0, r#"{"janus":"create","transaction":"t","apisecret":"sesame"}"#)[0].contains("success"));
}

#[test]
fn a_poll_shows_the_secret_too() {
    let mut world = with_secret();
    let poll = |world: &mut World, api_secret| {
        let credentials = Credentials { api_secret, token: None };
        world.control.poll(world.now, "5", credentials).unwrap_err().code
    };
    assert_eq!(poll(&mut world, None), 403);
    assert_eq!(poll(&mut world, Some("other")), 403);
    assert_eq!(poll(&mut world, Some("sesame")), 458);
}

#[test]
fn a_signed_token_opens_what_it_names_until_it_expires() {
    let mut world = World::with(|settings| {
        settings.token_auth = true;
        settings.token_secret = text("key");
        settings.unix_time_at_start_us = 900_000_000;
    });
    let create = |token: &str| std::format!(r#"{{"janus":"create","transaction":"t","id":5,"token":"{token}"}}"#);
    let attach = |token: &str| {
        let plugin = r#""plugin":"janus.plugin.videoroom""#;
        std::format!(r#"{{"janus":"attach","session_id":5,"transaction":"t",{plugin},"token":"{token}"}}"#)
    };
    assert!(world.say(0, &create(ROOM_TOKEN))[0].contains("\"code\":403"), "that is one for a room");
    assert!(world.say(0, &create(PLUGIN_TOKEN))[0].contains("success"));
    assert!(world.say(0, &attach(OTHER_TOKEN))[0].contains("\"code\":405"));
    assert!(world.say(0, &attach(PLUGIN_TOKEN))[0].contains("success"));
    world.now = world.now.after_ms(101_000);
    assert!(world.say(0, &attach(PLUGIN_TOKEN))[0].contains("\"code\":403"));
}

#[test]
fn where_there_is_a_key_only_who_shows_it_makes_rooms_and_sees_private_ones() {
    let mut world = World::with(|settings| settings.admin_key = text("key"));
    let numbers = world.session(0, 1);
    let mut ask = |body: &str| world.ask(0, numbers[0], numbers[1], body);
    assert!(ask(r#"{"request":"create","room":7}"#).contains("\"error_code\":429"));
    assert!(ask(r#"{"request":"create","room":7,"admin_key":"kex"}"#).contains("\"error_code\":433"));
    assert!(ask(r#"{"request":"create","room":7,"admin_key":"key","is_private":true}"#).contains("created"));
    assert!(ask(r#"{"request":"list"}"#).contains("\"list\":[]"));
    assert!(ask(r#"{"request":"list","admin_key":"kex"}"#).contains("\"error_code\":433"));
    assert!(ask(r#"{"request":"list","admin_key":"key"}"#).contains("\"room\":7"));
}

/// What an administrator is told who asks `request` with these members.
fn token(world: &mut World, request: &str, members: &str) -> std::string::String {
    world.administer(&std::format!(r#""janus":"{request}"{members}"#))
}

#[test]
fn a_stored_token_opens_what_an_administrator_says() {
    let mut world = World::with(|settings| settings.token_auth = true);
    let create = r#"{"janus":"create","transaction":"t","id":5,"token":"x"}"#;
    let attach = r#"{"janus":"attach","session_id":5,"transaction":"t","plugin":"janus.plugin.videoroom","token":"x"}"#;
    assert!(world.say(0, create)[0].contains("\"code\":403"));
    assert!(token(&mut world, "list_tokens", "").contains("\"tokens\":[]"));
    assert!(token(&mut world, "add_token", r#","token":"x""#).contains("\"plugins\":[\"janus.plugin.videoroom\"]"));
    assert!(token(&mut world, "list_tokens", "").contains("\"token\":\"x\""));
    assert!(world.say(0, create)[0].contains("success"));
    let plugins = r#","token":"x","plugins":["janus.plugin.videoroom"]"#;
    assert!(token(&mut world, "disallow_token", plugins).contains("\"plugins\":[]"));
    assert!(world.say(0, attach)[0].contains("\"code\":405"));
    assert!(token(&mut world, "allow_token", plugins).contains("success"));
    assert!(world.say(0, attach)[0].contains("success"));
    assert!(token(&mut world, "remove_token", r#","token":"x""#).contains("success"));
    assert!(token(&mut world, "remove_token", r#","token":"x""#).contains("\"code\":490"));
    assert!(world.say(0, attach)[0].contains("\"code\":403"));
}

#[test]
fn the_table_of_tokens_says_when_it_is_full() {
    let mut world = World::with(|settings| settings.token_auth = true);
    let last = (0..=crate::control::tests::client::LIMITS.tokens)
        .map(|number| token(&mut world, "add_token", &std::format!(r#","token":"{number}""#)))
        .last();
    assert!(last.unwrap().contains("No place left: tokens"));
}
