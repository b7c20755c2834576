//! One client on a WebSocket (RFC 6455): its requests in, one after the other; answers and events out.

use std::time::{Duration, Instant};

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use async_tungstenite::tungstenite::{Error, Message};
use smol::Timer;
use smol::future::or;
use smol::io::{AsyncRead, AsyncWrite};
use smol::stream::StreamExt;

use crate::control::{Api, Client};
use crate::deadline::within;
use crate::log;

/// Janus' subprotocol of an API.
pub const fn protocol(api: Api) -> &'static str {
    match api {
        Api::Clients => "janus-protocol",
        Api::Administrators => "janus-admin-protocol",
    }
}

/// Silence after which a client is asked whether it is there.
const PING_AFTER: Duration = Duration::from_secs(30);

/// Silence after which it is not.
const GONE_AFTER: Duration = Duration::from_secs(90);

/// How long a message may take to leave.
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// How long a closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Bytes that are read at once. A connection keeps a buffer of this size, so it is small.
const READ_BYTES: usize = 2048;

/// Memory of a connection, estimated: buffers, task, socket.
pub const MEMORY_BYTES: usize = 12 * 1024;

/// What happens next.
enum Step {
    Received(Option<Result<Message, Error>>),
    Say(Option<Box<str>>),
    Silence,
}

/// Serves `client` on `stream`, of which `read` was read already, until either side ends it.
pub async fn serve<S>(stream: S, read: Vec<u8>, client: Client, request_bytes: usize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(request_bytes))
        .max_frame_size(Some(request_bytes));
    let mut socket = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
    let mut heard = Instant::now();
    let ending = loop {
        let say = async { Step::Say(client.outgoing().next().await) };
        let receive = async { Step::Received(socket.next().await) };
        let silence = async {
            Timer::after(PING_AFTER).await;
            Step::Silence
        };
        let sent = match or(say, or(receive, silence)).await {
            Step::Say(Some(text)) => send(&mut socket, &client, Message::text(String::from(text))).await,
            Step::Say(None) => break Some((CloseCode::Policy, "too many messages wait to be read")),
            Step::Silence if heard.elapsed() >= GONE_AFTER => break None,
            Step::Silence => send(&mut socket, &client, Message::Ping(Default::default())).await,
            Step::Received(Some(Ok(message))) => {
                heard = Instant::now();
                match message {
                    Message::Text(text) => client.request(text.as_bytes()).await,
                    Message::Binary(bytes) => client.request(&bytes).await,
                    _ => {}
                }
                true
            }
            Step::Received(Some(Err(Error::Capacity(_)))) => {
                break Some((CloseCode::Size, "the message is longer than limits.request_bytes"));
            }
            Step::Received(Some(Err(error))) => {
                log::debug("websocket", format_args!("a connection ended: {error}"));
                break None;
            }
            Step::Received(None) => break None,
        };
        if !sent {
            break None;
        }
    };
    // The room learns at once that the client is gone, however slowly it takes its leave.
    drop(client);
    if let Some((code, reason)) = ending {
        let frame = CloseFrame { code, reason: reason.into() };
        let _ = within(CLOSE_WITHIN, async {
            socket.close(Some(frame)).await.ok();
            while let Some(Ok(_)) = socket.next().await {}
        })
        .await;
    }
}

/// Whether `message` left.
async fn send<S>(socket: &mut WebSocketStream<S>, client: &Client, message: Message) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let overflow = async {
        client.outgoing().overflow().await;
        Some(false)
    };
    let send = async { Some(socket.send(message).await.is_ok()) };
    within(SEND_WITHIN, or(send, overflow)).await.flatten().unwrap_or(false)
}
