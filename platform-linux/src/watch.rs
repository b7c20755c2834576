//! Whoever looks after the server from outside: is it alive, does it take people, how is it.
//!
//! ```text
//! GET /healthz    200 while all threads go on                 503 and who does not
//! GET /readyz     200 while people may come                   503 and why they may not
//! GET /metrics    OpenMetrics text, for Prometheus and such
//! ```

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use parlor_core::control::ShardLoad;
use smol::Timer;

use crate::answer::{Content, words};
use crate::control::ControlTask;
use crate::gauges::Watched;
use crate::metrics;

/// How often media threads are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// The media threads, as they are seen from the control thread.
pub struct Watch {
    shards: RefCell<Vec<Watched>>,
}

impl Watch {
    /// Over these.
    pub fn new(shards: Vec<Watched>) -> Rc<Self> {
        Rc::new(Self { shards: RefCell::new(shards) })
    }

    /// Looks at them again and again, for ever.
    pub async fn keep(self: Rc<Self>) {
        loop {
            Timer::after(PERIOD).await;
            self.shards.borrow_mut().iter_mut().for_each(Watched::measure);
        }
    }

    /// How shard `index` is.
    pub fn load(&self, index: u8) -> Option<ShardLoad> {
        self.shards.borrow().get(usize::from(index)).map(Watched::load)
    }

    /// The first shard that stood still when it was last looked at.
    fn stopped(&self) -> Option<usize> {
        self.shards.borrow().iter().position(|shard| !shard.went_on())
    }
}

/// The answer to a request of `method` for `path`, if it is one of those above; the last only if `shows_metrics`.
pub(crate) fn answer(
    control: &ControlTask,
    method: &Method,
    path: &str,
    shows_metrics: bool,
) -> Option<Response<Content>> {
    let answer = match path {
        "/healthz" => health(control.watch()),
        "/readyz" => match control.closed_to_new() {
            None => words(StatusCode::OK, "ready\n".into()),
            Some(why) => words(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        },
        "/metrics" if shows_metrics && metrics::ARE_KNOWN => {
            let mut answer = words(StatusCode::OK, metrics::text(control));
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
            answer
        }
        _ => return None,
    };
    Some(match *method {
        Method::GET | Method::HEAD => answer,
        _ => words(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are served here.\n".into()),
    })
}

fn health(watch: &Watch) -> Response<Content> {
    match watch.stopped() {
        None => words(StatusCode::OK, "alive\n".into()),
        Some(shard) => words(StatusCode::SERVICE_UNAVAILABLE, format!("media thread {shard} stands still\n")),
    }
}
