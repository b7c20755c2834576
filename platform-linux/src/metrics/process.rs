//! What the kernel counts for this process (proc(5)).

use std::fs;

/// Memory and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Resident memory.
    pub(super) resident_bytes: u64,
    /// CPU time of all threads.
    pub(super) cpu_s: f64,
}

impl Process {
    /// How it stands now; nothing where there is no `/proc`.
    pub(super) fn read() -> Option<Self> {
        let pages = fs::read_to_string("/proc/self/statm").ok()?;
        let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
        let resident_bytes = resident * rustix::param::page_size() as u64;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name, in parentheses, may hold blanks; user and system time are the 14th and 15th field.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(Self { resident_bytes, cpu_s: ticks as f64 / rustix::param::clock_ticks_per_second() as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        let process = Process::read().unwrap();
        assert!((1 << 20..1 << 36).contains(&process.resident_bytes) && process.cpu_s >= 0.0, "{process:?}");
    }
}
