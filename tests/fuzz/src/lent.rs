//! What a control half is lent: memory for good, and numbers that are the same each time.

use parlor_core::control::Lender;
use parlor_core::random::Random;
use parlor_core::store::Zeroable;

pub struct Leak;

impl Lender<'static> for Leak {
    fn lend<T: Zeroable + 'static>(&mut self, _: &'static str, count: usize) -> &'static mut [T] {
        Box::leak((0..count).map(|_| T::zeroed()).collect())
    }
}

pub struct Counter(pub u64);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.0 >> 33) as u8;
        }
    }
}
