//! Randomness from the system.

use parlor_core::random::Random;
use ring::rand::{SecureRandom, SystemRandom};

/// The system's cryptographic generator.
#[derive(Clone, Debug)]
pub struct SystemSource {
    source: SystemRandom,
}

impl SystemSource {
    /// A source.
    pub fn new() -> Self {
        Self { source: SystemRandom::new() }
    }
}

impl Default for SystemSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemSource {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without randomness there are no secrets: going on would be worse than ending.
        self.source.fill(bytes).expect("the system gives random bytes");
    }
}
