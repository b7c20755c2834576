//! Writes the answer to a publisher.

use core::fmt::{self, Write};

use super::{LocalTransport, Policy, PublishedSection};
use crate::link::Role;

/// Writes the answer that says what [`super::negotiate`] decided. `bitrate_bps` is told to video (0: nothing is said).
pub fn write_answer(
    _out: &mut dyn Write,
    _sections: &[PublishedSection<'_>],
    _policy: &Policy<'_>,
    _local: &LocalTransport<'_>,
    _role: Role,
    _bitrate_bps: u32,
) -> fmt::Result {
    Ok(())
}
