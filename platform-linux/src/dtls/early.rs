//! What peers send before their description has come: media and signalling race, and a client's next try would come
//! later each time.

use std::collections::VecDeque;

use super::Name;

/// Datagrams that are kept, of all links together. A ClientHello of today takes two.
const DATAGRAMS: usize = 64;

/// The last datagrams of links that are not open yet.
#[derive(Default)]
pub(super) struct Early {
    datagrams: VecDeque<(Name, Box<[u8]>)>,
}

impl Early {
    /// Keeps a datagram; false if the oldest had to go for it.
    pub(super) fn keep(&mut self, name: Name, datagram: &[u8]) -> bool {
        let is_full = self.datagrams.len() >= DATAGRAMS;
        if is_full {
            self.datagrams.pop_front();
        }
        self.datagrams.push_back((name, datagram.into()));
        !is_full
    }

    /// Takes out what there is of one link, in its order.
    pub(super) fn take(&mut self, name: Name) -> Vec<Box<[u8]>> {
        let (its, others) = std::mem::take(&mut self.datagrams).into_iter().partition(|(kept, _)| *kept == name);
        self.datagrams = others;
        let its: VecDeque<(Name, Box<[u8]>)> = its;
        its.into_iter().map(|(_, datagram)| datagram).collect()
    }
}
