//! What Linux says about a running process.

use crate::Result;
use std::fs;
use std::path::PathBuf;

/// A process by its id.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Resident memory in bytes (`VmRSS`).
    pub fn resident_bytes(self) -> Result<u64> {
        let status = fs::read_to_string(self.path("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Time that all its threads have spent on a CPU, in nanoseconds (`schedstat`).
    pub fn cpu_ns(self) -> Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(self.path("task"))? {
            // A thread may end while we look.
            let Ok(line) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            sum += line.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(sum)
    }

    /// How many threads it has.
    pub fn threads(self) -> Result<usize> {
        Ok(fs::read_dir(self.path("task"))?.count())
    }

    fn path(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }
}
