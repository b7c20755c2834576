//! Tables of what a request may hold, checked in their order before anything is done: what is missing, and what has
//! the wrong type, by name.

use super::error::{Refusal, core_error, plugin, refuse};
use super::json::{Kind, Value};

/// The type that a member must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Text,
    Bool,
    /// An integer that is not negative.
    Natural,
    Integer,
    Array,
    Object,
}

impl Wanted {
    fn admits(self, value: Value<'_>) -> bool {
        match self {
            Self::Text => value.kind() == Kind::Text,
            Self::Bool => value.kind() == Kind::Bool,
            Self::Natural => value.integer().is_some_and(|number| number >= 0),
            Self::Integer => value.kind() == Kind::Integer,
            Self::Array => value.kind() == Kind::Array,
            Self::Object => value.kind() == Kind::Object,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Bool => "a boolean",
            Self::Natural => "a positive integer",
            Self::Integer => "an integer",
            Self::Array => "an array",
            Self::Object => "an object",
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

/// The numbers by which a refusal says "missing" and "wrong type".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    missing: u16,
    invalid: u16,
}

/// Those of the Janus core.
pub(crate) const CORE: Codes = Codes { missing: core_error::MISSING, invalid: core_error::INVALID_TYPE };

/// Those of the VideoRoom.
pub(crate) const PLUGIN: Codes = Codes { missing: plugin::MISSING, invalid: plugin::INVALID };

/// Checks the members of `object`, in the order of `parameters`.
pub(crate) fn check(object: Value<'_>, parameters: &[Parameter], codes: Codes) -> Result<(), Refusal> {
    for Parameter { name, wanted, is_required } in parameters {
        match object.get(name) {
            None if *is_required => return Err(refuse!(codes.missing, name, "Missing mandatory element ({name})")),
            Some(value) if !wanted.admits(value) => {
                return Err(refuse!(codes.invalid, name, "Invalid element type ({name} should be {})", wanted.name()));
            }
            _ => {}
        }
    }
    Ok(())
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

/// The boolean `name`, if it is there.
pub(crate) fn flag(object: Value<'_>, name: &str) -> Option<bool> {
    object.get(name)?.bool()
}

/// The natural number `name`, if it is there.
pub(crate) fn natural(object: Value<'_>, name: &str) -> Option<u64> {
    u64::try_from(object.get(name)?.integer()?).ok()
}

/// The natural number `name`, if it is there; one beyond 32 bits is the largest of them.
pub(crate) fn natural_u32(object: Value<'_>, name: &str) -> Option<u32> {
    natural(object, name).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
