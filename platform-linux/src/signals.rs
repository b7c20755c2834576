//! What the process is asked by signals: SIGINT and SIGTERM to end, SIGHUP to read its configuration again, SIGQUIT to
//! end when nobody is left.

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
    /// A drain is over.
    Drained,
}

impl End {
    /// The signal's number.
    pub fn signal(self) -> i32 {
        match self {
            Self::Interrupted => 2,
            Self::Drained => 3,
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
            Self::Drained => "a drain that is over",
        })
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To end at once.
    End(End),
    /// To read the configuration again (SIGHUP).
    Reload,
    /// To end when nobody is left (SIGQUIT).
    Drain,
}

/// Listens from now on, so that no signal is missed during the start.
pub struct Asking {
    signals: Signals,
}

impl Asking {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        Ok(Self { signals: Signals::new([Signal::Int, Signal::Term, Signal::Hup, Signal::Quit])? })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Asked {
        match self.signals.next().await {
            Some(Ok(Signal::Hup)) => Asked::Reload,
            Some(Ok(Signal::Quit)) => Asked::Drain,
            Some(Ok(Signal::Int)) => Asked::End(End::Interrupted),
            Some(Ok(_)) => Asked::End(End::Terminated),
            Some(Err(_)) | None => Asked::End(End::Unheard),
        }
    }
}
