//! Log lines as `defmt` frames: a few bytes each, whose texts stay in the ELF on the host. Lines of the core come by
//! themselves, once it is built with its feature `defmt`; those of the platform by [`line`].
//!
//! ```text
//! defmt macros ─▶ frame (of this thread, whole at release) ─▶ limit (by kind) ─▶ output (serial port, file, UDP)
//! ```
//!
//! Nothing here waits, allocates or writes to flash: what an output does not take at once is lost and counted. A binary
//! must not be position-independent, and its linker must be given the script that `build.rs` names.
#![deny(unsafe_code)]

mod frame;
mod limit;
mod logger;
mod output;

pub use logger::{Level, line, lost, start};
pub use output::Output;
