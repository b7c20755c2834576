//! Janus' API for programs of this machine: a Unix socket that keeps the bounds of messages (SOCK_SEQPACKET, unix(7)),
//! one JSON message each. Who may open the socket's file may speak: only its owner, unless the folder says more.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use async_io::Async;
use parlor_core::control::Transport;
use rustix::fs::{Mode, fchmod};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    recv, send, socket_with,
};
use smol::future::or;
use smol::{LocalExecutor, Timer};

use crate::control::{Api, Client, ControlTask};
use crate::deadline::within;
use crate::log;

/// How long a message may take to leave.
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// How long nothing is accepted after that failed, which happens when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Programs that wait to be accepted.
const BACKLOG: i32 = 16;

/// A socket with a name in the file system.
pub struct Listener(Async<OwnedFd>);

/// What happens next.
enum Step {
    Received(io::Result<Received>),
    Say(Option<Box<str>>),
}

/// What was received.
enum Received {
    Message(Vec<u8>),
    TooLong(usize),
    End,
}

impl Listener {
    /// Listens at `path`. A socket there that nobody listens to any more is replaced.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let socket = bind_socket(path, SocketType::SEQPACKET)?;
        listen(&socket, BACKLOG)?;
        Ok(Self(Async::new(socket)?))
    }

    /// Accepts programs, for ever.
    pub async fn serve(
        self,
        api: Api,
        control: Rc<ControlTask>,
        executor: Rc<LocalExecutor<'static>>,
        request_bytes: usize,
    ) {
        loop {
            let accepted = self.0.read_with(|socket| Ok(accept_with(socket, SocketFlags::CLOEXEC)?)).await;
            match accepted.and_then(Async::new) {
                Ok(stream) => match control.connect(api, Transport::Unix, None) {
                    Some(client) => executor.spawn(speak(stream, client, request_bytes)).detach(),
                    None => log::warn("client", "limits.connections clients are connected: one more was refused"),
                },
                Err(error) => {
                    log::warn("unix", format_args!("no program could be accepted: {error}"));
                    Timer::after(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn speak(stream: Async<OwnedFd>, client: Client, request_bytes: usize) {
    loop {
        let say = async { Step::Say(client.outgoing().next().await) };
        let receive = async { Step::Received(stream.read_with(|stream| receive(stream, request_bytes)).await) };
        match or(say, receive).await {
            Step::Say(Some(text)) => {
                if !say_to(&stream, &client, &text).await {
                    return;
                }
            }
            Step::Received(Ok(Received::Message(text))) => client.request(&text).await,
            Step::Received(Ok(Received::TooLong(bytes))) => {
                log::warn("unix", format_args!("a message of {bytes} bytes is longer than limits.request_bytes"));
                return;
            }
            // Too many messages waited, which is logged where it is found out; or the program ended.
            Step::Say(None) | Step::Received(Ok(Received::End)) => return,
            Step::Received(Err(error)) => {
                log::debug("unix", format_args!("a connection ended: {error}"));
                return;
            }
        }
    }
}

/// Whether `text` left.
async fn say_to(stream: &Async<OwnedFd>, client: &Client, text: &str) -> bool {
    let overflow = async {
        client.outgoing().overflow().await;
        false
    };
    let write = async {
        let sent = stream.write_with(|stream| Ok(send(stream, text.as_bytes(), SendFlags::NOSIGNAL)?)).await;
        sent.is_ok()
    };
    match within(SEND_WITHIN, or(write, overflow)).await {
        Some(is_sent) => is_sent,
        None => {
            log::warn("client", "a program does not read what it is told and is given up");
            false
        }
    }
}

/// Takes one message of at most `most` bytes. Its length is asked first, so that an idle connection holds no buffer.
fn receive(stream: &OwnedFd, most: usize) -> io::Result<Received> {
    let (_, bytes) = recv(stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::TRUNC)?;
    if bytes == 0 {
        return Ok(Received::End);
    }
    if bytes > most {
        return Ok(Received::TooLong(bytes));
    }
    let mut message = vec![0; bytes];
    let (read, _) = recv(stream, message.as_mut_slice(), RecvFlags::empty())?;
    message.truncate(read);
    Ok(Received::Message(message))
}

/// A socket at `path` that only its owner may open. One there that nobody has open any more is replaced.
pub(crate) fn bind_socket(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    let new_socket = || socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None);
    let address = SocketAddrUnix::new(path)?;
    match connect(new_socket()?, &address) {
        Ok(()) => return Err(io::ErrorKind::AddrInUse.into()),
        // What is no socket is refused as well, but must not be removed.
        Err(rustix::io::Errno::CONNREFUSED) if is_socket(path) => std::fs::remove_file(path)?,
        Err(_) => {}
    }
    let socket = new_socket()?;
    // Before it has a name: nobody else can open it even for a moment.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    bind(&socket, &address)?;
    Ok(socket)
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
}
