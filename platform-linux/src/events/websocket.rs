//! Events by WebSocket: each a message, or all that wait in one (Janus' `wsevh`). A connection that ends is made anew.

use std::rc::Rc;

use async_tungstenite::client_async;
use async_tungstenite::tungstenite::Message;
use smol::Timer;
use smol::future::or;
use smol::stream::StreamExt;

use super::queue::{Batch, Queue};
use super::{ATTEMPTS, PAUSE, WITHIN, body, lost, most};
use crate::config::EventBackend;
use crate::url::Url;

/// What happens next.
enum Step {
    Send(Batch),
    Ended,
}

/// Sends what is queued, for ever.
pub(super) async fn serve(url: Url, queue: Rc<Queue>, backend: EventBackend) {
    let mut unsent: Option<(Batch, u32)> = None;
    loop {
        let connected = async {
            let stream = url.connect().await?;
            let request = format!("ws://{}{}", url.authority(), url.path);
            client_async(request, stream).await.map(|(socket, _)| socket).map_err(|error| error.to_string())
        };
        let late = async {
            Timer::after(WITHIN).await;
            Err("it takes too long".to_string())
        };
        let mut socket = match or(connected, late).await {
            Ok(socket) => socket,
            Err(why) => {
                let (events, attempt) = match unsent.take() {
                    Some(unsent) => unsent,
                    None => (queue.next(most(&backend)).await, 0),
                };
                if attempt + 1 >= ATTEMPTS {
                    queue.count_lost(events.len() as u64);
                    lost(&backend, events.len() + queue.take_dropped() as usize, &why);
                } else {
                    unsent = Some((events, attempt + 1));
                }
                Timer::after(PAUSE * (1 << attempt)).await;
                continue;
            }
        };
        loop {
            let next = async {
                match unsent.take() {
                    Some((events, _)) => Step::Send(events),
                    None => Step::Send(queue.next(most(&backend)).await),
                }
            };
            // Reading answers pings, and sees the end.
            let read = async {
                while let Some(Ok(_)) = socket.next().await {}
                Step::Ended
            };
            let Step::Send(events) = or(read, next).await else { break };
            let message = Message::text(body(&events, backend.grouping));
            let sent = async { socket.send(message).await.is_ok() };
            let late = async {
                Timer::after(WITHIN).await;
                false
            };
            if !or(sent, late).await {
                unsent = Some((events, 1));
                break;
            }
        }
        Timer::after(PAUSE).await;
    }
}
