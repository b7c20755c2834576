//! A program of the same machine runs a room over a Unix socket without connections, while media flows in it.

use crate::common::meet;
use parlor_tests::{Error, Result, Server};
use serde_json::{Value, json};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process};

const FRAMES: u64 = 30;
const INTERVAL: Duration = Duration::from_millis(33);
const PATIENCE: Duration = Duration::from_secs(10);

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Program(UnixDatagram);

impl Program {
    fn new(folder: &Folder, name: &str) -> Result<Program> {
        let socket = UnixDatagram::bind(folder.0.join(name))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(folder.0.join("api"))?;
        Ok(Program(socket))
    }

    fn say(&self, request: Value) -> Result<()> {
        self.0.send(request.to_string().as_bytes())?;
        Ok(())
    }

    /// What comes next of this kind.
    fn hear(&self, kind: &str) -> Result<Value> {
        let mut message = vec![0; 65_536];
        loop {
            let len = self.0.recv(&mut message).map_err(|error| Error::from(format!("no {kind}: {error}")))?;
            let said: Value = serde_json::from_slice(&message[..len])?;
            if said["janus"] == kind {
                return Ok(said);
            }
        }
    }

    fn attach(&self) -> Result<(Value, Value)> {
        self.say(json!({ "janus": "create", "transaction": "c" }))?;
        let session = self.hear("success")?["data"]["id"].clone();
        let plugin = "janus.plugin.videoroom";
        self.say(json!({ "janus": "attach", "plugin": plugin, "session_id": session, "transaction": "a" }))?;
        Ok((session, self.hear("success")?["data"]["id"].clone()))
    }
}

#[test]
fn a_program_speaks_by_datagrams() -> Result<()> {
    let folder = Folder(env::temp_dir().join(format!("parlor-datagrams-{}", process::id())));
    fs::create_dir_all(&folder.0)?;
    let path = folder.0.join("api");
    let unix = format!("control.unix={}", path.display());
    let server = Server::start(&[&unix, "control.unix_type=SOCK_DGRAM", "limits.connections=4"])?;
    let mut meeting = meet(&server, 1)?;
    let (room, id) = (meeting.room, meeting.publisher.id);
    let program = Program::new(&folder, "program")?;
    let (session, handle) = program.attach()?;
    let message = |body: Value| json!({ "janus": "message", "session_id": session, "handle_id": handle, "transaction": "m", "body": body });
    program.say(message(json!({ "request": "join", "ptype": "publisher", "room": room })))?;
    assert_eq!(program.hear("event")?["plugindata"]["data"]["publishers"][0]["id"], id);
    meeting.talk(FRAMES, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "not everything arrived");

    // Three clients are there: after one more program there is no place until it is gone.
    let second = Program::new(&folder, "second")?;
    second.attach()?;
    let third = Program::new(&folder, "third")?;
    third.0.set_read_timeout(Some(Duration::from_millis(500)))?;
    assert!(third.attach().is_err(), "one more than limits.connections was served");
    drop(second);
    assert!((0..40).any(|_| third.attach().is_ok()), "the place of a program that is gone stays taken");

    program.say(message(json!({ "request": "kick", "room": room, "id": id })))?;
    assert_eq!(program.hear("success")?["plugindata"]["data"]["videoroom"], "success");
    let kicked = meeting.publisher.signalling.wait(PATIENCE, |event| event["janus"] == "hangup")?;
    assert!(kicked.is_some(), "who was kicked hears nothing of it");
    assert!(server.stop()?, "the server did not end well");
    assert!(!path.exists(), "the socket's file stays behind");
    Ok(())
}
