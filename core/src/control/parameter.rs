//! Tables of what a request may hold, checked in their order before anything is done: what is missing, and what has
//! the wrong type, by name.

use super::error::{Refusal, core_error, plugin, refuse};
use super::json::{Kind, Value};
use crate::room::{NAME_BYTES, Name};
use crate::stream::Mid;

/// The type that a member must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Text,
    Bool,
    /// An integer that is not negative.
    Natural,
    /// The name of a room or of somebody: a text where the settings say so, otherwise as [`Self::Natural`].
    Name,
    Integer,
    Array,
    Object,
}

impl Wanted {
    fn admits(self, value: Value<'_>, codes: Codes) -> bool {
        match self.plain(codes) {
            Self::Text => value.kind() == Kind::Text,
            Self::Bool => value.kind() == Kind::Bool,
            Self::Natural | Self::Name => value.integer().is_some_and(|number| number >= 0),
            Self::Integer => value.kind() == Kind::Integer,
            Self::Array => value.kind() == Kind::Array,
            Self::Object => value.kind() == Kind::Object,
        }
    }

    fn name(self, codes: Codes) -> &'static str {
        match self.plain(codes) {
            Self::Text => "a string",
            Self::Bool => "a boolean",
            Self::Natural | Self::Name => "a positive integer",
            Self::Integer => "an integer",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }

    fn plain(self, codes: Codes) -> Self {
        match self {
            Self::Name if codes.has_text_names => Self::Text,
            Self::Name => Self::Natural,
            other => other,
        }
    }
}

/// A member of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) wanted: Wanted,
    pub(crate) is_required: bool,
}

/// A member that must be there.
pub(crate) const fn required(name: &'static str, wanted: Wanted) -> Parameter {
    Parameter { name, wanted, is_required: true }
}

/// A member that may be there.
pub(crate) const fn optional(name: &'static str, wanted: Wanted) -> Parameter {
    Parameter { name, wanted, is_required: false }
}

/// The numbers by which a refusal says "missing" and "wrong type", and what names are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    missing: u16,
    invalid: u16,
    has_text_names: bool,
}

/// Those of the Janus core.
pub(crate) const CORE: Codes =
    Codes { missing: core_error::MISSING, invalid: core_error::INVALID_TYPE, has_text_names: false };

/// Those of the VideoRoom, where no name is wanted.
pub(crate) const PLUGIN: Codes = plugin_codes(false);

/// Those of the VideoRoom.
pub(crate) const fn plugin_codes(has_text_names: bool) -> Codes {
    Codes { missing: plugin::MISSING, invalid: plugin::INVALID, has_text_names }
}

/// Checks the members of `object`, in the order of `parameters`.
pub(crate) fn check(object: Value<'_>, parameters: &[Parameter], codes: Codes) -> Result<(), Refusal> {
    for Parameter { name, wanted, is_required } in parameters {
        match object.get(name) {
            None if *is_required => return Err(refuse!(codes.missing, name, "Missing mandatory element ({name})")),
            Some(value) if !wanted.admits(value, codes) => {
                let kind = wanted.name(codes);
                return Err(refuse!(codes.invalid, name, "Invalid element type ({name} should be {kind})"));
            }
            Some(value) if *wanted == Wanted::Name && name_in(value).is_none() => {
                let most = NAME_BYTES;
                return Err(refuse!(codes.invalid, name, "Invalid element ({name} should have at most {most} bytes)"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks every element of the list `name` against `parameters`; an element that is no object has no members.
pub(crate) fn check_elements(
    body: Value<'_>,
    name: &str,
    codes: Codes,
    parameters: &[Parameter],
) -> Result<(), Refusal> {
    let Some(list) = body.get(name).filter(|list| list.kind() == Kind::Array) else { return Ok(()) };
    list.elements().try_for_each(|element| check(element, parameters, codes))
}

/// The string `name`, if it is there; too long a one is refused by name.
pub(crate) fn string<const N: usize>(
    object: Value<'_>,
    name: &'static str,
) -> Result<Option<heapless::String<N>>, Refusal> {
    let Some(text) = object.get(name).and_then(Value::text) else { return Ok(None) };
    let too_long = || refuse!(plugin::INVALID, name, "Invalid element ({name} should have at most {N} bytes)");
    text.string().ok_or_else(too_long).map(Some)
}

/// The name of a room or of somebody that stands at `key`, if it is there.
pub(crate) fn name_at(object: Value<'_>, key: &str) -> Option<Name> {
    name_in(object.get(key)?)
}

fn name_in(value: Value<'_>) -> Option<Name> {
    match value.text() {
        Some(text) => Name::text(&text.string::<NAME_BYTES>()?),
        None => u64::try_from(value.integer()?).ok().map(Name::Number),
    }
}

/// The boolean `name`, if it is there.
pub(crate) fn flag(object: Value<'_>, name: &str) -> Option<bool> {
    object.get(name)?.bool()
}

/// The natural number `name`, if it is there.
pub(crate) fn natural(object: Value<'_>, name: &str) -> Option<u64> {
    u64::try_from(object.get(name)?.integer()?).ok()
}

/// The natural number `name`, if it is there; one beyond 32 bits counts by the last of them.
pub(crate) fn natural_u32(object: Value<'_>, name: &str) -> Option<u32> {
    natural(object, name).map(|number| number as u32)
}

/// The mid `name`, if it is there; none is called by one that is too long.
pub(crate) fn mid_at(object: Value<'_>, name: &'static str) -> Result<Option<Mid>, Refusal> {
    string(object, name).map_err(|_: Refusal| refuse!(plugin::NO_FEED, name, "No such mid (it is too long)"))
}
