//! SIGINT and SIGTERM.

use std::{fmt, io};

use async_signal::{Signal, Signals};
use smol::stream::StreamExt;

/// What the process was asked to end by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGINT
    Interrupted,
    /// SIGTERM
    Terminated,
    /// Signals cannot be heard any more.
    Unheard,
}

impl End {
    /// The signal's number.
    pub fn signal(self) -> i32 {
        match self {
            Self::Interrupted => 2,
            Self::Terminated | Self::Unheard => 15,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Interrupted => "SIGINT",
            Self::Terminated => "SIGTERM",
            Self::Unheard => "a broken signal pipe",
        })
    }
}

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
    pub async fn asked(&mut self) -> End {
        match self.signals.next().await {
            Some(Ok(Signal::Int)) => End::Interrupted,
            Some(Ok(_)) => End::Terminated,
            Some(Err(_)) | None => End::Unheard,
        }
    }
}
