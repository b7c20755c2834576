//! The publisher's side of media: facts of a packet, loss, keyframes, history. It knows no subscriber.
