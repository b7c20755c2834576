//! A peer's description as it comes with a request.

use super::error::{Refusal, core_error, refuse};
use super::json::{Kind, Text, Value};
use super::parameter::{CORE, Wanted, check, flag, required};
use crate::sdp::{Cause, Description, RemoteTransport, RidOrder, Side};

/// A description that was read and found usable.
pub(crate) struct RemoteJsep<'a> {
    /// An offer or an answer.
    pub(crate) side: Side,
    /// Its m-lines.
    pub(crate) description: Description<'a>,
    /// What it says about ICE and DTLS.
    pub(crate) transport: RemoteTransport,
    /// Its text.
    pub(crate) text: &'a str,
    /// Whether its media is encrypted end to end.
    pub(crate) is_end_to_end: bool,
    /// In which order it lists simulcast layers.
    pub(crate) rid_order: RidOrder,
}

/// Reads the `jsep` of a request, if it has one, unescaped into `room`.
pub(crate) fn read<'a>(body: Value<'_>, room: &'a mut [u8]) -> Result<Option<RemoteJsep<'a>>, Refusal> {
    let Some(jsep) = body.get("jsep") else { return Ok(None) };
    if jsep.kind() != Kind::Object {
        return Err(refuse!(core_error::INVALID_JSON_OBJECT, "jsep", "Invalid jsep object"));
    }
    check(jsep, &[required("type", Wanted::Text), required("sdp", Wanted::Text)], CORE)?;
    let kind = jsep.get("type").and_then(Value::text);
    let side = match kind {
        Some(kind) if kind.is_any_case("offer") => Side::Offer,
        Some(kind) if kind.is_any_case("answer") => Side::Answer,
        other => {
            let name = other.map_or("", Text::raw);
            return Err(refuse!(core_error::UNKNOWN_JSEP, "type", "JSEP error: unknown message type '{name}'"));
        }
    };
    let size = room.len();
    let too_long = || refuse!(core_error::INVALID_SDP, "sdp", "Invalid SDP (more than {size} bytes, or badly escaped)");
    let text = jsep.get("sdp").and_then(Value::text).and_then(|text| text.copy(room)).ok_or_else(too_long)?;
    let invalid = |why| refuse!(core_error::INVALID_SDP, "sdp", "Invalid SDP ({why})");
    let description = Description::parse(text).map_err(invalid)?;
    let transport = description.transport(side).map_err(|why| match why.cause {
        Cause::NoIce | Cause::NoFingerprint => refuse!(core_error::INVALID_SDP, "sdp", "Error processing SDP ({why})"),
        _ => invalid(why),
    })?;
    let is_end_to_end = flag(jsep, "e2ee").unwrap_or(false);
    let rid_order = match jsep.get("rid_order").and_then(Value::text) {
        Some(order) if order.is_any_case("lmh") => RidOrder::LowestFirst,
        Some(order) if order.is_any_case("hml") => RidOrder::HighestFirst,
        _ => RidOrder::ByName,
    };
    Ok(Some(RemoteJsep { text, side, description, transport, is_end_to_end, rid_order }))
}
