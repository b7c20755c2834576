//! Packets of a handle in a file: `start_pcap`, `stop_pcap`, `start_text2pcap`, `stop_text2pcap`.

use super::super::Outlet;
use super::super::capture::{CaptureFormat, CaptureRequest, RunningCapture};
use super::super::envelope::Envelope;
use super::super::error::{Refusal, core_error, refuse};
use super::super::json::Value;
use super::super::parameter::{CORE, Parameter, Wanted, check, flag, natural, optional, string};
use super::super::post::Message;
use super::super::turn::{Done, Turn};
use crate::id::{CaptureId, HandleId};
use crate::link::{Tap, TapExtent, TapReader};
use crate::random::Random;

/// What starts a capture may hold.
const START: &[Parameter] = &[
    optional("folder", Wanted::Text),
    optional("filename", Wanted::Text),
    optional("truncate", Wanted::Natural),
    optional("headers", Wanted::Bool),
];

/// The longest folder, and the longest name of a file, in bytes.
const PATH_BYTES: usize = 256;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Starts or ends a capture, if that is what an administrator asks.
    pub(super) fn change_capture(&mut self, envelope: &Envelope<'_>, handle: HandleId) -> Result<bool, Refusal> {
        let request = envelope.request;
        if request.is("start_pcap") {
            self.start_capture(envelope, handle, CaptureFormat::Pcap)?;
        } else if request.is("start_text2pcap") {
            self.start_capture(envelope, handle, CaptureFormat::Text)?;
        } else if request.is("stop_pcap") || request.is("stop_text2pcap") {
            // As in Janus, either ends what the other began.
            if !self.stop_capture(handle) {
                return Err(refuse!(core_error::UNKNOWN, "janus", "Capture not started"));
            }
        } else {
            return Ok(false);
        }
        // As Janus answers, without the session.
        let transaction = Some(envelope.transaction.as_str());
        self.post.send(envelope.origin.connection, &Message { transaction, ..Message::new("success") });
        Ok(true)
    }

    fn start_capture(&mut self, envelope: &Envelope<'_>, handle: HandleId, format: CaptureFormat) -> Done {
        let (body, name) = (envelope.body, format.name());
        check(body, START, CORE)?;
        if self.state.capture(handle).is_some() {
            return Err(refuse!(core_error::UNKNOWN, "janus", "{name} already started"));
        }
        let size = self.state.captures.capacity();
        if self.state.captures.is_full() {
            return Err(refuse!(core_error::FULL, "captures", "No place left: captures ({size})"));
        }
        let too_long = |why: Refusal| Refusal { code: core_error::INVALID_TYPE, ..why };
        let folder = string::<PATH_BYTES>(body, "folder").map_err(too_long)?;
        let file = string::<PATH_BYTES>(body, "filename").map_err(too_long)?;
        let capture = CaptureId::new(handle.index, handle.generation);
        let tap = Tap { reader: TapReader::Capture(capture), extent: extent(body) };
        let (folder, file) = (folder.as_deref(), file.as_deref());
        let request = CaptureRequest { capture, format, folder, file };
        let failed = |why| refuse!(core_error::UNKNOWN, "folder", "Error starting {name} dump: {why}");
        let path = self.post.out.start_capture(&request).map_err(failed)?;
        // There is a place.
        let _ = self.state.captures.push(RunningCapture { handle, capture, format, tap, path });
        self.tell_tap(handle, Some(tap));
        Ok(())
    }
}

/// How much of each packet is wanted. `headers` is ours; `truncate` is Janus', where 0 is no bound.
fn extent(body: Value<'_>) -> TapExtent {
    match natural(body, "truncate") {
        _ if flag(body, "headers") == Some(true) => TapExtent::Headers,
        None | Some(0) => TapExtent::Whole,
        Some(bytes) => TapExtent::Bytes(u16::try_from(bytes).unwrap_or(u16::MAX)),
    }
}
