//! Band levels of those who speak, for rooms that want them: copies of their packets are decoded on the control thread,
//! within a budget of its time, and never on a media thread. A build without the feature `spectrum` hears nothing.

#[cfg(not(feature = "spectrum"))]
mod absent;
#[cfg(feature = "spectrum")]
mod bands;
#[cfg(feature = "spectrum")]
mod spectra;

use parlor_core::control::SPECTRUM_BANDS;

#[cfg(not(feature = "spectrum"))]
pub use absent::Spectra;
#[cfg(feature = "spectrum")]
pub use bands::EDGES_HZ;
#[cfg(feature = "spectrum")]
pub use spectra::Spectra;

/// The level of each band, in dB to the overload point; -127 is silence.
pub type Levels = [i8; SPECTRUM_BANDS];

/// What is kept of a stream while it is heard, measured.
pub const STREAM_BYTES: usize = 80 * 1024;
