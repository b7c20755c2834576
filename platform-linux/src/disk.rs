//! The few things that are asked of a directory, apart from it, so that a test can cut its power between any two.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A directory of small files. Nothing is sure to outlive a loss of power before it was synchronised.
pub(crate) trait Disk {
    /// The first `bytes_max` bytes of a file.
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>>;

    /// Makes a file, which must not exist yet, of `bytes`.
    fn create(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content of a file last.
    fn synchronise_file(&mut self, name: &str) -> io::Result<()>;

    /// Gives a file a second name, which must be free.
    fn link(&mut self, name: &str, second: &str) -> io::Result<()>;

    /// Gives a file another name; who had that is gone.
    fn rename(&mut self, name: &str, new: &str) -> io::Result<()>;

    /// Removes a name.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Makes all names last.
    fn synchronise_names(&mut self) -> io::Result<()>;
}

/// A directory of this machine, made when the first file is; its files are for our eyes only.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// The directory `path`.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.into())
    }

    fn make(&self) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        self.0.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    }
}

impl Disk for Directory {
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.0.join(name))?.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(name))?;
        file.write_all(bytes)
    }

    fn synchronise_file(&mut self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn link(&mut self, name: &str, second: &str) -> io::Result<()> {
        fs::hard_link(self.0.join(name), self.0.join(second))
    }

    fn rename(&mut self, name: &str, new: &str) -> io::Result<()> {
        fs::rename(self.0.join(name), self.0.join(new))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn synchronise_names(&mut self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}
