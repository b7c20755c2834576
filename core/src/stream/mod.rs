//! The publisher's side of media: facts of a packet, loss, keyframes, history. It knows no subscriber.

pub mod parameters;

pub use parameters::{EncodingParameters, Feedback, Mid, Rid, StreamParameters};
