//! Batches of datagrams from a socket.

use std::io;
use std::sync::Arc;

use parlor_core::limits::DATAGRAM_BYTES;
use parlor_core::media::Datagram;

use super::system::{self, Arrival, RECEIVE_MESSAGES};
use super::{Counters, Socket, add};

/// The longest train that the kernel makes, rounded up.
const TRAIN_BYTES: usize = 1 << 16;

/// The receiving side of a socket, whose buffers serve others too.
pub struct Receive {
    socket: Arc<Socket>,
    buffers: Buffers,
}

struct Buffers {
    staging: Box<[u8]>,
    buffer_bytes: usize,
    arrivals: [Arrival; RECEIVE_MESSAGES],
    counters: Arc<Counters>,
}

impl Receive {
    /// Bytes of its buffers where the kernel makes trains.
    pub const MEMORY_BYTES: usize = TRAIN_BYTES * RECEIVE_MESSAGES;

    /// The receiving side of `socket`, with buffers of its own: 1 MiB where the kernel makes trains, of which it
    /// touches what it needs.
    pub fn new(socket: Arc<Socket>, counters: Arc<Counters>) -> Self {
        // One byte more than the longest datagram tells one that is longer still.
        let buffer_bytes = if socket.trains { TRAIN_BYTES } else { DATAGRAM_BYTES + 1 };
        let staging = vec![0; buffer_bytes * RECEIVE_MESSAGES].into_boxed_slice();
        let arrivals = [Arrival::NONE; RECEIVE_MESSAGES];
        Self { socket, buffers: Buffers { staging, buffer_bytes, arrivals, counters } }
    }

    /// Reads one batch, gives each datagram to `each`, and says how many there were; 0 when nothing is waiting.
    pub fn batch(&mut self, each: impl FnMut(Datagram<'_>)) -> usize {
        self.buffers.read(&self.socket, each)
    }

    /// The same of another socket of this machine.
    pub fn batch_of(&mut self, socket: &Socket, each: impl FnMut(Datagram<'_>)) -> usize {
        self.buffers.read(socket, each)
    }
}

impl Buffers {
    fn read(&mut self, socket: &Socket, mut each: impl FnMut(Datagram<'_>)) -> usize {
        let messages = loop {
            match system::receive(socket, &mut self.staging, self.buffer_bytes, &mut self.arrivals) {
                Ok(messages) => break messages,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return 0,
                // An interruption, or an error that an earlier send left behind (which reading clears).
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    add(&self.counters.receive_malformed, 1);
                    return 0;
                }
            }
        };
        let (mut datagrams, mut bytes_received) = (0, 0);
        let buffers = self.staging.chunks_exact_mut(self.buffer_bytes);
        for (arrival, buffer) in self.arrivals[..messages].iter().zip(buffers) {
            let Some(route) = arrival.route.filter(|_| !arrival.truncated) else {
                add(&self.counters.receive_malformed, 1);
                continue;
            };
            bytes_received += arrival.len;
            let segment_bytes = arrival.segment_bytes.unwrap_or(arrival.len).max(1);
            for bytes in buffer[..arrival.len].chunks_mut(segment_bytes) {
                datagrams += 1;
                if bytes.len() <= DATAGRAM_BYTES {
                    each(Datagram { route, bytes });
                } else {
                    add(&self.counters.receive_malformed, 1);
                }
            }
        }
        add(&self.counters.received, datagrams);
        add(&self.counters.received_bytes, bytes_received);
        add(&self.counters.receive_calls, 1);
        // A batch of nothing but malformed messages is not the end of what waits.
        datagrams.max(usize::from(messages > 0))
    }
}
