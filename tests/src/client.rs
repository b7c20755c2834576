//! What a participant asks a server by, whatever carries it.

use crate::rest::Rest;
use crate::{Result, Signalling};
use serde_json::Value;
use std::time::Duration;

/// A session of the Janus API.
pub trait Client {
    /// Attaches to the VideoRoom.
    fn attach(&mut self) -> Result<u64>;

    /// Sends a VideoRoom request; gives the data and the session description of what answers it.
    fn message(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<(Value, Option<String>)>;

    /// Waits for an event that `wanted` accepts; says whether it came.
    fn hears(&mut self, patience: Duration, wanted: impl FnMut(&Value) -> bool) -> Result<bool>;
}

impl Client for Signalling {
    fn attach(&mut self) -> Result<u64> {
        self.attach()
    }

    fn message(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<(Value, Option<String>)> {
        self.message(handle, body, jsep)
    }

    fn hears(&mut self, patience: Duration, wanted: impl FnMut(&Value) -> bool) -> Result<bool> {
        Ok(self.wait(patience, wanted)?.is_some())
    }
}

impl Client for Rest {
    fn attach(&mut self) -> Result<u64> {
        self.attach()
    }

    fn message(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<(Value, Option<String>)> {
        self.message(handle, body, jsep)
    }

    fn hears(&mut self, _patience: Duration, wanted: impl FnMut(&Value) -> bool) -> Result<bool> {
        // It has a patience of its own, past which it is an error.
        self.wait(wanted).map(|_| true)
    }
}
