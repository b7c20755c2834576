//! How many handshakes there are at once, of all listeners.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use super::HANDSHAKES;

/// Of one address.
const OF_ONE: usize = 16;

/// The addresses whose handshakes go on.
#[derive(Default)]
pub(super) struct Places {
    taken: RefCell<Vec<IpAddr>>,
}

/// A handshake that is counted until it ends.
pub(super) struct Place {
    places: Rc<Places>,
    address: IpAddr,
}

impl Places {
    /// A place for a handshake with `address`; nothing if all are taken, or enough by this address.
    pub(super) fn take(self: &Rc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.borrow_mut();
        let of_this = taken.iter().filter(|other| **other == address).count();
        if taken.len() >= HANDSHAKES || of_this >= OF_ONE {
            return None;
        }
        taken.push(address);
        Some(Place { places: Rc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.borrow_mut();
        if let Some(index) = taken.iter().position(|address| *address == self.address) {
            taken.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_all_places() {
        let places = Rc::new(Places::default());
        let address = |number| IpAddr::from([10, 0, 0, number]);
        let mut held: Vec<_> = (0..OF_ONE).map(|_| places.take(address(1)).unwrap()).collect();
        assert!(places.take(address(1)).is_none());
        for number in 2.. {
            match places.take(address(number)) {
                Some(place) => held.push(place),
                None => break,
            }
        }
        assert_eq!(held.len(), HANDSHAKES);
        held.swap_remove(0);
        assert!(places.take(address(1)).is_some());
    }
}
