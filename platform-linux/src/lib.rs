//! Parlor on Linux: moves bytes between the core and the machine.
