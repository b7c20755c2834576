//! Load for a Janus VideoRoom.
fn main() {}
