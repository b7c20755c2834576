//! The control half's memory: lent once, never grown.

use crate::limits::Limits;

/// Lends memory at start. The platform takes it from the heap, a firmware from a `static`.
pub trait Lender<'m> {
    /// `count` default values for the table `name`.
    fn lend<T: Default + 'm>(&mut self, name: &'static str, count: usize) -> &'m mut [T];
}

/// All tables and buffers of the control half.
pub struct Memory<'m> {
    #[expect(dead_code)]
    scratch: &'m mut [u8],
}

impl<'m> Memory<'m> {
    /// Takes all that `limits` ask for with `shards` shards.
    pub fn new(limits: &Limits, _shards: u8, lender: &mut impl Lender<'m>) -> Self {
        Self { scratch: lender.lend("control scratch", limits.request_bytes as usize) }
    }
}

/// Says for each table of the control half its name, its entries, and the bytes of one.
pub fn memory(limits: &Limits, shards: u8, each: impl FnMut(&'static str, usize, usize)) {
    struct Count<F>(F);
    impl<'m, F: FnMut(&'static str, usize, usize)> Lender<'m> for Count<F> {
        fn lend<T: Default + 'm>(&mut self, name: &'static str, count: usize) -> &'m mut [T] {
            (self.0)(name, count, size_of::<T>());
            &mut []
        }
    }
    let _ = Memory::new(limits, shards, &mut Count(each));
}
