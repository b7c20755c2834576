//! End to end: the real binary between foreign peers. One scenario a file, each a sentence.
//!
//! `cargo build --release && cargo test -p parlor-tests --test scenario`

mod common;

mod one_publisher_reaches_fifty_subscribers;
