//! What the DTLS library takes for a socket.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use webrtc_util::Conn;

/// Datagrams that wait for the library, or for us, at most.
const DATAGRAMS: usize = 64;

pub(super) const CONTENT_CHANGE_CIPHER_SPEC: u8 = 20;

/// What the library takes for a socket.
#[derive(Default)]
pub(super) struct Wire {
    ends: Mutex<Ends>,
}

#[derive(Default)]
pub(super) struct Ends {
    incoming: VecDeque<Vec<u8>>,
    pub(super) outgoing: VecDeque<Vec<u8>>,
    receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
    /// What the library sent last that began with a ChangeCipherSpec: a server's last flight.
    pub(super) last_flight: Option<Box<[u8]>>,
    /// From here on what the library sends is kept instead: it is our close_notify.
    pub(super) keep: bool,
    pub(super) kept: Option<Box<[u8]>>,
}

impl Wire {
    pub(super) fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a datagram to the library. One too many is dropped: DTLS sends again.
    pub(super) fn give(&self, datagram: &[u8]) {
        let mut ends = self.lock();
        if ends.incoming.len() < DATAGRAMS {
            ends.incoming.push_back(datagram.to_vec());
        }
        if let Some(waker) = ends.receiver.take() {
            waker.wake();
        }
    }

    /// The next datagram for the library. It never fails: the library's reader would spin on an error.
    async fn next(&self, buffer: &mut [u8]) -> usize {
        poll_fn(|context| {
            let mut ends = self.lock();
            while let Some(datagram) = ends.incoming.pop_front() {
                if let Some(room) = buffer.get_mut(..datagram.len()) {
                    room.copy_from_slice(&datagram);
                    return Poll::Ready(datagram.len());
                }
            }
            ends.receiver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[async_trait::async_trait]
impl Conn for Wire {
    async fn connect(&self, _: SocketAddr) -> webrtc_util::Result<()> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> webrtc_util::Result<usize> {
        Ok(self.next(buffer).await)
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> webrtc_util::Result<(usize, SocketAddr)> {
        Ok((self.next(buffer).await, SocketAddr::from(([0; 4], 0))))
    }

    async fn send(&self, datagram: &[u8]) -> webrtc_util::Result<usize> {
        let mut ends = self.lock();
        if ends.keep {
            ends.kept = Some(datagram.into());
            return Ok(datagram.len());
        }
        if datagram.first() == Some(&CONTENT_CHANGE_CIPHER_SPEC) {
            ends.last_flight = Some(datagram.into());
        }
        if ends.outgoing.len() < DATAGRAMS {
            ends.outgoing.push_back(datagram.to_vec());
        }
        if let Some(waker) = ends.sender.take() {
            waker.wake();
        }
        Ok(datagram.len())
    }

    async fn send_to(&self, datagram: &[u8], _: SocketAddr) -> webrtc_util::Result<usize> {
        self.send(datagram).await
    }

    fn local_addr(&self) -> webrtc_util::Result<SocketAddr> {
        Ok(SocketAddr::from(([0; 4], 0)))
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::from(([0; 4], 0)))
    }

    async fn close(&self) -> webrtc_util::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}
