//! Janus' API for programs of this machine without connections (SOCK_DGRAM, unix(7)): one JSON message a datagram, and
//! answers to the path that it came from. Nobody says goodbye here, so a path that nobody has open any more is noticed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use async_io::Async;
use parlor_core::control::Transport;
use rustix::net::SocketType;
use smol::future::or;
use smol::{LocalExecutor, Timer};

use crate::control::{Api, Client, ControlTask};
use crate::deadline::within;
use crate::{log, unix};

/// How long a message may take to leave.
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// The pause before a full socket is tried again: nothing tells when it is not.
const RETRY: Duration = Duration::from_millis(10);

/// How often programs that are gone are looked for.
const LOOK: Duration = Duration::from_secs(10);

/// A socket with a name in the file system.
pub struct Listener(Rc<Async<UnixDatagram>>);

/// Programs that spoke, by the paths of their sockets.
type Programs = RefCell<HashMap<PathBuf, Rc<Client>>>;

impl Listener {
    /// Receives at `path`. A socket there that nobody has open any more is replaced.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::from(unix::bind_socket(path, SocketType::DGRAM)?);
        Ok(Self(Rc::new(Async::new(socket)?)))
    }

    /// Hears programs, for ever.
    pub async fn serve(
        self,
        api: Api,
        control: Rc<ControlTask>,
        executor: Rc<LocalExecutor<'static>>,
        request_bytes: usize,
    ) {
        let programs = Rc::new(Programs::default());
        executor.spawn(forget_the_gone(Rc::clone(&programs))).detach();
        // One byte more shows what is too long.
        let mut message = vec![0; request_bytes + 1];
        loop {
            let (bytes, path) = match self.0.recv_from(&mut message).await {
                Ok((bytes, address)) => (bytes, address.as_pathname().map(Path::to_owned)),
                Err(error) => {
                    log::warn("unix", format_args!("no datagram could be received: {error}"));
                    Timer::after(RETRY).await;
                    continue;
                }
            };
            let Some(path) = path else {
                log::warn("unix", "a datagram of a program without a path cannot be answered");
                continue;
            };
            if bytes > request_bytes {
                log::warn("unix", "a datagram is longer than limits.request_bytes");
                continue;
            }
            let known = programs.borrow().get(&path).cloned();
            let client = match known {
                Some(client) => client,
                None => {
                    let Some(client) = control.connect(api, Transport::Unix, None).map(Rc::new) else {
                        log::warn("client", "limits.connections clients are connected: one more was refused");
                        continue;
                    };
                    programs.borrow_mut().insert(path.clone(), Rc::clone(&client));
                    let answer = answer(Rc::clone(&self.0), Rc::downgrade(&client), path, Rc::clone(&programs));
                    executor.spawn(answer).detach();
                    client
                }
            };
            client.request(&message[..bytes]).await;
        }
    }
}

/// Tells a program what is to be told, until it is gone or does not read. Whoever forgets the program ends this too.
async fn answer(socket: Rc<Async<UnixDatagram>>, client: Weak<Client>, path: PathBuf, programs: Rc<Programs>) {
    let Some(outgoing) = client.upgrade().map(|client| Rc::clone(client.outgoing())) else { return };
    while client.strong_count() > 0 {
        let next = async { Some(outgoing.next().await) };
        let look = async {
            Timer::after(LOOK).await;
            None
        };
        let text = match or(next, look).await {
            Some(Some(text)) => text,
            None => continue,
            // Too many messages waited, which is logged where it is found out.
            Some(None) => break,
        };
        let overflow = async {
            outgoing.overflow().await;
            Err(ErrorKind::TimedOut.into())
        };
        match within(SEND_WITHIN, or(send(&socket, &path, text.as_bytes()), overflow)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                log::debug("unix", format_args!("a program is gone: {error}"));
                break;
            }
            None => {
                log::warn("client", "a program does not read what it is told and is given up");
                break;
            }
        }
    }
    // It may have come again meanwhile.
    let mut programs = programs.borrow_mut();
    if programs.get(&path).is_some_and(|known| std::ptr::eq(Rc::as_ptr(known), client.as_ptr())) {
        programs.remove(&path);
    }
}

async fn send(socket: &Async<UnixDatagram>, path: &Path, message: &[u8]) -> io::Result<()> {
    loop {
        match socket.get_ref().send_to(message, path) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Timer::after(RETRY).await,
            sent => return sent.map(|_| ()),
        };
    }
}

/// Lets go of programs whose sockets nobody has open, for ever.
async fn forget_the_gone(programs: Rc<Programs>) {
    loop {
        Timer::after(LOOK).await;
        programs.borrow_mut().retain(|path, _| is_open(path));
    }
}

fn is_open(path: &Path) -> bool {
    let connected = UnixDatagram::unbound().and_then(|probe| probe.connect(path));
    // A socket that is connected to ours lets nobody else connect, and is open for all that.
    !connected.is_err_and(|error| matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound))
}
