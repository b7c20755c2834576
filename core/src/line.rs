//! Log lines of the control half: to the crate `log`, as frames of `defmt`, or nowhere, as the features say. The media
//! half writes none: what it has to tell is a notice or a counter.

#[cfg(all(feature = "log", feature = "defmt"))]
compile_error!("the features `log` and `defmt` of parlor-core exclude each other: a line goes to one of them");

/// A line of a level: `say!(info, "room {} was made", name)`. Its kind is the name of its file. It may show numbers and
/// names of rooms, never an address, a secret, or what a participant is called.
macro_rules! say {
    ($level:ident, $text:literal $(, $value:expr)*) => {{
        #[cfg(feature = "log")]
        ::log::$level!($text $(, $value)*);
        #[cfg(feature = "defmt")]
        ::defmt::$level!($text $(, $value)*);
        #[cfg(not(any(feature = "log", feature = "defmt")))]
        {
            $(let _ = &$value;)*
        }
    }};
}
