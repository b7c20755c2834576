//! Events by HTTP: each a POST, or all that wait in one (Janus' `sampleevh`).

use std::rc::Rc;

use base64ct::{Base64, Encoding};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use smol::Timer;
use smol::future::or;
use smol_hyper::rt::FuturesIo;

use super::queue::Queue;
use super::{ATTEMPTS, PAUSE, WITHIN, body, lost, most};
use crate::answer::Content;
use crate::config::EventBackend;
use crate::url::Url;

/// Sends what is queued, for ever.
pub(super) async fn serve(url: Url, queue: Rc<Queue>, backend: EventBackend) {
    loop {
        let events = queue.next(most(&backend)).await;
        let text = Bytes::from(body(&events, backend.grouping));
        let mut pause = PAUSE;
        for attempt in 1.. {
            let late = async {
                Timer::after(WITHIN).await;
                Err("it takes too long".to_string())
            };
            match or(post(&url, &backend, text.clone()), late).await {
                Ok(()) => break,
                Err(why) if attempt == ATTEMPTS => {
                    queue.count_lost(events.len() as u64);
                    lost(&backend, events.len() + queue.take_dropped() as usize, &why);
                    break;
                }
                Err(_) => Timer::after(pause).await,
            };
            pause *= 2;
        }
    }
}

/// One POST on a connection of its own.
async fn post(url: &Url, backend: &EventBackend, text: Bytes) -> Result<(), String> {
    let sentence = |error: hyper::Error| error.to_string();
    let stream = url.connect().await?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await.map_err(sentence)?;
    let mut request = Request::post(&url.path)
        .header(header::HOST, url.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    if !backend.username.is_empty() {
        let login = format!("{}:{}", backend.username, backend.password);
        request = request.header(header::AUTHORIZATION, format!("Basic {}", Base64::encode_string(login.as_bytes())));
    }
    let request = request.body(Content(Some(text))).map_err(|error| error.to_string())?;
    let drive = async {
        // Whatever ends it, the answer tells: it was read, or there is none.
        let _ = connection.await;
        std::future::pending().await
    };
    let answered = async { sender.send_request(request).await.map_err(sentence) };
    let response = or(answered, drive).await?;
    match response.status().is_success() {
        true => Ok(()),
        false => Err(format!("it answers {}", response.status())),
    }
}
