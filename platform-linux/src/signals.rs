//! SIGINT and SIGTERM.

use std::io;

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;

/// Listens from now on, so that no signal is missed during the start.
pub struct Ending {
    signals: Signals,
}

impl Ending {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        Ok(Self { signals: Signals::new([Signal::Int, Signal::Term])? })
    }

    /// Waits until the process is asked to end; says by what.
    pub async fn asked(&mut self) -> &'static str {
        match self.signals.next().await {
            Some(Ok(Signal::Int)) => "SIGINT",
            Some(Ok(_)) => "SIGTERM",
            Some(Err(_)) | None => "a broken signal pipe",
        }
    }
}
