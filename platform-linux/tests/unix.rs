//! Janus' API on a Unix socket, as a program of the same machine uses it.

mod common;

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use common::{PATIENCE, Server, number, parlor};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send, socket_with,
};

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("parlor-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn server(&self, options: &[&str]) -> Server {
        let (unix, admin) = (self.option("control.unix", "api"), self.option("control.admin_unix", "admin"));
        Server::start(&[options, &[&unix, &admin]].concat())
    }

    fn option(&self, key: &str, name: &str) -> String {
        format!("{key}={}", self.0.join(name).display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(path: &Path) -> OwnedFd {
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

fn say(socket: &OwnedFd, text: &str) -> Result<(), Errno> {
    send(socket, text.as_bytes(), SendFlags::NOSIGNAL).map(|_| ())
}

/// The next message; an empty one at the end.
fn heard(socket: &OwnedFd) -> String {
    let mut message = vec![0; 65_536];
    let len = recv(socket, message.as_mut_slice(), RecvFlags::empty()).map_or(0, |(len, _)| len);
    String::from_utf8(message[..len].to_vec()).unwrap()
}

#[test]
fn a_program_gets_its_answers_and_events_and_an_administrator_sees_it() {
    let folder = Folder::new("speaks");
    let _server = folder.server(&[]);
    let socket = program(&folder.0.join("api"));
    say(&socket, r#"{"janus":"create","transaction":"c"}"#).unwrap();
    let session = number(&heard(&socket), "id");
    let attach = r#""janus":"attach","plugin":"janus.plugin.videoroom","transaction":"a""#;
    say(&socket, &format!(r#"{{{attach},"session_id":{session}}}"#)).unwrap();
    let handle = number(&heard(&socket), "id");
    let join = r#""janus":"message","transaction":"j","body":{"request":"join","ptype":"publisher","room":5}"#;
    say(&socket, &format!(r#"{{{join},"session_id":{session},"handle_id":{handle}}}"#)).unwrap();
    assert!(heard(&socket).contains("ack"));
    assert!(heard(&socket).contains("No such room (5)"));

    let admin = program(&folder.0.join("admin"));
    let info = r#""janus":"handle_info","transaction":"h""#;
    say(&admin, &format!(r#"{{{info},"session_id":{session},"handle_id":{handle}}}"#)).unwrap();
    assert!(heard(&admin).contains("janus.transport.pfunix"));
}

#[test]
fn only_the_owner_may_open_it_and_it_goes_with_the_server() {
    let folder = Folder::new("owner");
    let mut server = folder.server(&[]);
    for name in ["api", "admin"] {
        let mode = std::fs::metadata(folder.0.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A second server must not take it away.
    let unix = folder.option("control.unix", "api");
    let state = folder.0.join("state");
    let second = parlor(server.media + 1, &state, &[&unix]).output().unwrap();
    let words = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && words.contains("control.unix: cannot listen at"), "{words}");
    assert!(Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap().success());
    assert!(server.child.wait().unwrap().success());
    assert!(!folder.0.join("api").exists());
}

#[test]
fn a_socket_that_a_crash_left_is_replaced_and_another_file_is_not() {
    let folder = Folder::new("crash");
    let mut server = folder.server(&[]);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert!(folder.0.join("api").exists());
    let _server = folder.server(&[]);
    say(&program(&folder.0.join("api")), r#"{"janus":"ping","transaction":"p"}"#).unwrap();
    let file = folder.0.join("letter");
    std::fs::write(&file, "dear").unwrap();
    let unix = folder.option("control.unix", "letter");
    assert!(!parlor(7, &folder.0, &[&unix]).output().unwrap().status.success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "dear");
}

#[test]
fn a_program_that_says_too_much_or_reads_nothing_is_given_up_and_no_other() {
    let folder = Folder::new("bounds");
    let _server = folder.server(&["limits.request_bytes=4096"]);
    let path = folder.0.join("api");
    let long = program(&path);
    say(&long, &"x".repeat(5000)).unwrap();
    assert_eq!(heard(&long), "");

    let deaf = program(&path);
    rustix::net::sockopt::set_socket_timeout(
        &deaf,
        rustix::net::sockopt::Timeout::Send,
        Some(std::time::Duration::from_millis(200)),
    )
    .unwrap();
    let start = Instant::now();
    // Until what the kernel keeps for it is full both ways.
    while say(&deaf, r#"{"janus":"info","transaction":"never-read"}"#).is_ok() {
        assert!(start.elapsed() < PATIENCE, "the server must stop reading");
    }
    let other = program(&path);
    say(&other, r#"{"janus":"ping","transaction":"p"}"#).unwrap();
    assert!(heard(&other).contains("pong"));
}
