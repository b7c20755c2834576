//! A place of a table, vacant or taken.

use bytemuck::Zeroable;

/// A place for one value. All zero is a vacant one, whatever the value is: so a table can be lent from memory that the
/// system zeroes on first use, and what nobody needed yet takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable)]
#[zeroable(bound = "")]
#[repr(u8)]
pub(crate) enum Place<T> {
    #[default]
    Vacant = 0,
    Taken(T) = 1,
}

impl<T> Place<T> {
    /// The value, if there is one.
    pub(crate) fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Vacant => None,
            Self::Taken(value) => Some(value),
        }
    }

    /// The value, if there is one.
    pub(crate) fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Vacant => None,
            Self::Taken(value) => Some(value),
        }
    }

    /// Whether there is no value.
    pub(crate) fn is_vacant(&self) -> bool {
        matches!(self, Self::Vacant)
    }

    /// Takes the value out.
    pub(crate) fn take(&mut self) -> Option<T> {
        match core::mem::replace(self, Self::Vacant) {
            Self::Vacant => None,
            Self::Taken(value) => Some(value),
        }
    }
}
