//! `[remote]`

/// Where publishers of other boxes come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The first of their UDP ports, `limits.remote_publishers` for each shard; 0: the system chooses.
    pub port: u16,
    /// Seconds of silence after which one is gone.
    pub silence_s: u32,
}

impl Remote {
    /// The first of the `count` ports of a shard; nothing where the system chooses.
    pub fn first_port(self, shard: u8, count: u16) -> Option<u16> {
        if self.port == 0 {
            return None;
        }
        self.port.checked_add(u16::from(shard).checked_mul(count)?)
    }
}

impl Default for Remote {
    fn default() -> Self {
        Self { port: 0, silence_s: 10 }
    }
}
