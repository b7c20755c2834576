//! The server under test: the real binary on free ports, ended when the test ends.

use crate::process::Process;
use crate::{Result, Signalling};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

/// How long the binary may take to answer on its port.
const BOOT: Duration = Duration::from_secs(10);
/// How long it may take to end: a second is the promise.
const END: Duration = Duration::from_millis(1000);
/// Where a server that counts writes its log, in its state directory.
const LOG: &str = "log";
/// What stands between a thread's name and the number of its allocations.
const COUNTED: &str = ": allocations while running: ";

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    state: Option<PathBuf>,
    /// Address of the Janus WebSocket.
    pub websocket: String,
    /// Address of the page and of Janus' API over HTTP; empty where a server was running already.
    pub http: String,
    /// Address of the admin API over HTTP; empty where a server was running already.
    pub admin: String,
    /// Process to be measured.
    pub process: Process,
}

impl Server {
    /// Starts `target/release/parlor`, or the binary that `PARLOR` names, with further `KEY=VALUE` settings.
    ///
    /// With `PARLOR_WEBSOCKET` and `PARLOR_PID` set, a server that already runs is tested instead.
    pub fn start(settings: &[&str]) -> Result<Server> {
        if let (Ok(websocket), Ok(pid)) = (env::var("PARLOR_WEBSOCKET"), env::var("PARLOR_PID")) {
            let [http, admin] = [String::new(), String::new()];
            return Ok(Server { child: None, state: None, websocket, http, admin, process: Process(pid.parse()?) });
        }
        Server::launch(&binary("PARLOR", "parlor")?, None, settings, false)
    }

    /// Starts it with a configuration file and further settings, which go before the file's.
    pub fn start_with(file: &Path, settings: &[&str]) -> Result<Server> {
        Server::launch(&binary("PARLOR", "parlor")?, Some(file), settings, false)
    }

    /// Starts the server that counts allocations: `target/release/parlor-counting`, which `tests/run` makes, or what
    /// `PARLOR_COUNTING` names.
    pub fn start_counting(settings: &[&str]) -> Result<Server> {
        Server::launch(&binary("PARLOR_COUNTING", "parlor-counting")?, None, settings, true)
    }

    fn launch(binary: &Path, file: Option<&Path>, settings: &[&str], keeps_log: bool) -> Result<Server> {
        let [websocket, http, admin] = [free_tcp()?, free_tcp()?, free_tcp()?];
        let state = env::temp_dir().join(format!("parlor-test-{}-{websocket}", std::process::id()));
        fs::create_dir_all(&state)?;
        let mut command = Command::new(binary);
        if let Some(file) = file {
            command.arg("--config").arg(file);
        }
        for setting in [
            format!("control.websocket=127.0.0.1:{websocket}"),
            format!("control.http=127.0.0.1:{http}"),
            format!("control.admin=127.0.0.1:{admin}"),
            "control.https=off".into(),
            "control.https_api=off".into(),
            "control.wss=off".into(),
            "mdns.enabled=false".into(),
            "media.address=127.0.0.1".into(),
            "media.shards=1".into(),
            format!("media.port={}", free_udp()?),
            format!("state.directory={}", state.display()),
        ] {
            command.args(["--set", &setting]);
        }
        for setting in settings {
            command.args(["--set", setting]);
        }
        if keeps_log {
            command.stderr(fs::File::create(state.join(LOG))?);
        }
        let child = command.stdout(Stdio::null()).spawn()?;
        let process = Process(child.id());
        let [websocket, http, admin] = [websocket, http, admin].map(|port| format!("127.0.0.1:{port}"));
        let server = Server { child: Some(child), state: Some(state), websocket, http, admin, process };
        let start = Instant::now();
        while TcpStream::connect(&server.websocket).is_err() {
            if start.elapsed() > BOOT {
                return Err("the server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Creates a room with up to `publishers` publishers and no bitrate cap; gives its number.
    pub fn create_room(&self, publishers: u64) -> Result<u64> {
        create_room(&self.websocket, publishers)
    }

    /// Sends the server the signal of this name.
    pub fn signal(&self, name: &str) -> Result<()> {
        let child = self.child.as_ref().ok_or("a server of ours")?;
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status()?;
        Ok(())
    }

    /// Whether the server ended, as it should; an error if it ended otherwise.
    pub fn has_ended(&mut self) -> Result<bool> {
        match self.child.as_mut().ok_or("a server of ours")?.try_wait()? {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(status) => Err(format!("the server ended with {status}").into()),
        }
    }

    /// What the server's binary prints when it is called with `words` and the server's state directory.
    pub fn call(&self, words: &[&str]) -> Result<String> {
        let state = self.state.as_ref().ok_or("a server of ours")?;
        let mut command = Command::new(binary("PARLOR", "parlor")?);
        let output = command.args(words).args(["--set", &format!("state.directory={}", state.display())]).output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    /// The folder of its recordings.
    pub fn recordings(&self) -> Result<PathBuf> {
        Ok(self.state.as_ref().ok_or("a server of ours")?.join("recordings"))
    }

    /// Asks the server to end, as an operator would; gives whether it ended well and in time.
    pub fn stop(mut self) -> Result<bool> {
        self.end()
    }

    /// Ends a server that counts; gives how many allocations each of its media threads made while it ran.
    pub fn stop_and_count(mut self) -> Result<Vec<(String, u64)>> {
        if !self.end()? {
            return Err("the server did not end well within a second".into());
        }
        let log = fs::read_to_string(self.state.as_ref().ok_or("a server of ours")?.join(LOG))?;
        let lines = log.lines().filter_map(|line| line.split_once(COUNTED));
        lines.map(|(thread, count)| Ok((thread.to_owned(), count.parse()?))).collect()
    }

    fn end(&mut self) -> Result<bool> {
        let Some(mut child) = self.child.take() else { return Ok(true) };
        Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        let start = Instant::now();
        while start.elapsed() < END {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill()?;
        child.wait()?;
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Nothing can be done about a failure here, and the next line would show it.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(state) = &self.state {
            let _ = fs::remove_dir_all(state);
        }
    }
}

/// Creates a room with up to `publishers` publishers and no bitrate cap; gives its number.
pub fn create_room(websocket: &str, publishers: u64) -> Result<u64> {
    let mut signalling = Signalling::connect(websocket)?;
    let handle = signalling.attach()?;
    let create = json!({ "request": "create", "publishers": publishers, "bitrate": 0, "videocodec": "vp8" });
    let (created, _): (Value, _) = signalling.message(handle, create, None)?;
    let room = created["room"].as_u64().ok_or("a room without a number")?;
    signalling.leave()?;
    Ok(room)
}

/// What the environment names, or what the release build made.
fn binary(variable: &str, name: &str) -> Result<PathBuf> {
    let path = match env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release").join(name),
    };
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built: see tests/run", path.display()).into()) }
}

fn free_tcp() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn free_udp() -> Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
