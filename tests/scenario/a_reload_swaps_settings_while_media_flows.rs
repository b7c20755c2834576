//! The configuration is read again while media flows: by an administrator and by a signal. What counts at once does,
//! what needs a restart is named, a wrong file changes nothing, and no packet is lost.

use crate::common::{PATIENCE, meet};
use parlor_tests::{Result, Server, Signalling, http};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(20);

const BEFORE: &str = "[control]\nadmin_secret = \"overlord\"\n[[room]]\nroom = 1\n[[room]]\nroom = 2\n";
const WRONG: &str = "[control]\nadmin_secret = \"overlord\"\nsession_timeout = \"long\"\n[[room]]\nroom = 4\n";
const AFTER: &str = "[control]\nadmin_secret = \"overlord\"\nsession_timeout = 77\n[limits]\nhandles = 9\n\
                     [[room]]\nroom = 2\ndescription = \"Changed\"\n[[room]]\nroom = 3\n";

#[test]
fn a_reload_swaps_settings_while_media_flows() -> Result<()> {
    let file = std::env::temp_dir().join(format!("parlor-reload-{}.toml", std::process::id()));
    fs::write(&file, BEFORE)?;
    let server = Server::start_with(&file, &[])?;
    let mut meeting = meet(&server, 2)?;
    meeting.talk(50, INTERVAL)?;
    let ask = |request: Value| -> Result<Value> { http::post(&server.admin, "/admin", &request) };
    let reload = || ask(json!({ "janus": "reload", "transaction": "r", "admin_secret": "overlord" }));

    fs::write(&file, WRONG)?;
    let refused = reload()?;
    let why = refused["error"]["reason"].as_str().ok_or_else(|| format!("not refused: {refused}"))?;
    assert!(why.contains(":3") && why.contains("control.session_timeout"), "the place is not named: {why}");
    assert_eq!(rooms(&server)?, [1, 2, meeting.room].into(), "a part of a wrong file counts");

    fs::write(&file, AFTER)?;
    let told = reload()?;
    assert_eq!(told["changed"], json!(["control.session_timeout", "room.1", "room.2", "room.3"]), "{told}");
    assert_eq!(told["restart"], json!(["limits.handles"]), "{told}");
    assert_eq!(rooms(&server)?, [2, 3, meeting.room].into());
    let status = ask(json!({ "janus": "get_status", "transaction": "s", "admin_secret": "overlord" }))?;
    assert_eq!(status["status"]["session_timeout"], 77, "{status}");

    fs::write(&file, AFTER.replace("room = 3", "room = 5"))?;
    server.signal("HUP")?;
    let start = Instant::now();
    while rooms(&server)? != [2, 5, meeting.room].into() {
        assert!(start.elapsed() < PATIENCE, "the signal changed nothing");
    }
    meeting.talk(50, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "not everything arrived");
    fs::remove_file(&file)?;
    Ok(())
}

fn rooms(server: &Server) -> Result<std::collections::BTreeSet<u64>> {
    let mut signalling = Signalling::connect(&server.websocket)?;
    let handle = signalling.attach()?;
    let (list, _) = signalling.message(handle, json!({ "request": "list" }), None)?;
    signalling.leave()?;
    let list = list["list"].as_array().ok_or("a list")?;
    Ok(list.iter().filter_map(|room| room["room"].as_u64()).collect())
}
