//! Packet status chunks (draft-holmer-rmcat-transport-wide-cc-extensions-01 sections 3.1.3 and 3.1.4): a run of one
//! symbol, 14 symbols of one bit, or 7 of two.

use crate::wire::bytes::u16_at;

/// The packet did not arrive.
pub(super) const LOST: u8 = 0;
/// It arrived, and its delta has one byte. The number of a symbol is the length of its delta.
pub(super) const SMALL: u8 = 1;
/// It arrived, and its delta has two bytes.
pub(super) const LARGE: u8 = 2;

const MAX_RUN: u16 = 0x1fff;
const ONE_BIT_SYMBOLS: u16 = 14;
const TWO_BIT_SYMBOLS: u16 = 7;

/// The bytes that the chunks of `status_count` symbols at the start of `bytes` take, and the bytes of their deltas.
pub(super) fn measure(bytes: &[u8], status_count: u16) -> Option<(usize, usize)> {
    let (mut at, mut left, mut delta_bytes) = (0, status_count, 0);
    while left > 0 {
        let chunk = Chunk(u16_at(bytes, at)?);
        let count = chunk.len().min(left);
        if chunk.is_run() {
            delta_bytes += usize::from(chunk.known_symbol(0)?) * usize::from(count);
        } else {
            for index in 0..count {
                delta_bytes += usize::from(chunk.known_symbol(index)?);
            }
        }
        at += 2;
        left -= count;
    }
    Some((at, delta_bytes))
}

/// The symbols of chunks that were measured.
pub(super) struct Symbols<'a> {
    chunks: &'a [u8],
    index: u16,
    left: u16,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(chunks: &'a [u8], status_count: u16) -> Self {
        Self { chunks, index: 0, left: status_count }
    }
}

impl Iterator for Symbols<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        let mut chunk = Chunk(u16_at(self.chunks, 0)?);
        while self.index >= chunk.len() {
            self.chunks = self.chunks.get(2..)?;
            self.index = 0;
            chunk = Chunk(u16_at(self.chunks, 0)?);
        }
        self.index += 1;
        Some(chunk.symbol(self.index - 1))
    }
}

#[derive(Clone, Copy)]
struct Chunk(u16);

impl Chunk {
    fn is_run(self) -> bool {
        self.0 & 0x8000 == 0
    }

    fn len(self) -> u16 {
        match self.0 >> 14 {
            0 | 1 => self.0 & MAX_RUN,
            2 => ONE_BIT_SYMBOLS,
            _ => TWO_BIT_SYMBOLS,
        }
    }

    /// The symbol at `index`, below [`Self::len`].
    fn symbol(self, index: u16) -> u8 {
        let symbol = match self.0 >> 14 {
            0 | 1 => self.0 >> 13 & 3,
            2 => self.0 >> (ONE_BIT_SYMBOLS - 1 - index) & 1,
            _ => self.0 >> (2 * (TWO_BIT_SYMBOLS - 1 - index)) & 3,
        };
        symbol as u8
    }

    /// The same, unless it is the reserved one, whose delta nobody knows.
    fn known_symbol(self, index: u16) -> Option<u8> {
        Some(self.symbol(index)).filter(|symbol| *symbol <= LARGE)
    }
}

/// Gathers symbols into the fewest chunks that a look at the last 14 can find.
#[derive(Default)]
pub(super) struct Packer {
    symbols: [u8; ONE_BIT_SYMBOLS as usize],
    /// More than 14 only in a run.
    len: u16,
}

impl Packer {
    /// Takes `symbol` in; gives a chunk when it must begin a new one.
    pub(super) fn push(&mut self, symbol: u8) -> Option<u16> {
        let full = (!self.takes(symbol)).then(|| self.emit(false));
        if let Some(place) = self.symbols.get_mut(usize::from(self.len)) {
            *place = symbol;
        }
        self.len += 1;
        full
    }

    /// The last chunk, if any symbol waits for it.
    pub(super) fn finish(mut self) -> Option<u16> {
        (self.len > 0).then(|| self.emit(true))
    }

    fn gathered(&self) -> &[u8] {
        &self.symbols[..usize::from(self.len.min(ONE_BIT_SYMBOLS))]
    }

    fn is_run(&self) -> bool {
        self.gathered().iter().all(|symbol| *symbol == self.symbols[0])
    }

    fn has_large(&self) -> bool {
        self.gathered().contains(&LARGE)
    }

    fn takes(&self, symbol: u8) -> bool {
        self.len < TWO_BIT_SYMBOLS
            || (self.len < ONE_BIT_SYMBOLS && symbol != LARGE && !self.has_large())
            || (self.len < MAX_RUN && symbol == self.symbols[0] && self.is_run())
    }

    /// One chunk of the gathered symbols; up to six of a mixture may remain. Only the last may be filled up.
    fn emit(&mut self, last: bool) -> u16 {
        let (chunk, taken) = if self.is_run() {
            (u16::from(self.symbols[0]) << 13 | self.len, self.len)
        } else if !self.has_large() && (self.len == ONE_BIT_SYMBOLS || (last && self.len > TWO_BIT_SYMBOLS)) {
            let bits = self.gathered().iter().fold(0, |bits, symbol| bits << 1 | u16::from(*symbol));
            (0x8000 | bits << (ONE_BIT_SYMBOLS - self.len), self.len)
        } else {
            let taken = self.len.min(TWO_BIT_SYMBOLS);
            let first = &self.symbols[..usize::from(taken)];
            let bits = first.iter().fold(0, |bits, symbol| bits << 2 | u16::from(*symbol));
            (0xc000 | bits << (2 * (TWO_BIT_SYMBOLS - taken)), taken)
        };
        if self.len <= ONE_BIT_SYMBOLS {
            self.symbols.copy_within(usize::from(taken.min(ONE_BIT_SYMBOLS)).., 0);
        }
        self.len -= taken;
        chunk
    }
}
