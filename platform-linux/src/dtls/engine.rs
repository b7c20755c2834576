//! What a DTLS library must do for us: one connection without a socket, driven by datagrams and a waker.

use std::task::{Context, Poll};

use parlor_core::link::{HandshakeFailure, SrtpKeys};

/// One DTLS connection. It begins when it is made (a client's first output is its ClientHello), and keeps its own
/// retransmission timer.
pub(super) trait Engine: Send {
    /// A datagram of the peer, from an address that ICE has validated.
    fn input(&mut self, datagram: &[u8]);

    /// Runs the connection until it has something to tell. The waker is called when that may change without input.
    fn poll_output(&mut self, context: &mut Context<'_>) -> Poll<Output>;

    /// Whether nothing comes out until the next input, so that it need not be polled.
    fn is_idle(&self) -> bool;

    /// The connection shall carry application data from when it is established on.
    fn carry(&mut self);

    /// The datagram that carries `data`, if the connection can.
    fn seal(&mut self, data: &[u8]) -> Option<Vec<u8>>;

    /// The datagram that tells the peer that we are leaving, if the connection is established.
    fn close_notify(&mut self) -> Option<Vec<u8>>;
}

/// What an [`Engine`] has to tell.
pub(super) enum Output {
    /// To be sent.
    Datagram(Vec<u8>),
    /// The handshake is done and the peer's certificate is the promised one.
    Secured(SrtpKeys),
    /// The handshake failed. The last output.
    Failed(HandshakeFailure),
    /// Application data of the peer.
    Data(Vec<u8>),
    /// The peer closed the established connection. The last output.
    Closed,
}
