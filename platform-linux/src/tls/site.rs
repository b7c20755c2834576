//! A certificate that the site has from somewhere else, in files that may change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::sign::CertifiedKey;

/// A file is not read further.
const FILE_BYTES: u64 = 64 << 10;

/// The files, and what they were like when they were read.
pub(super) struct Site {
    certificate: PathBuf,
    key: PathBuf,
    seen: [Option<Look>; 2],
}

/// What changes when a file does: device, file, size and time.
type Look = (u64, u64, u64, i64, i64);

impl Site {
    /// The files of a chain and of its key, which may stand in the same one.
    pub(super) fn new(certificate: &Path, key: &Path) -> Self {
        Self { certificate: certificate.into(), key: key.into(), seen: [None; 2] }
    }

    /// Whether the files changed since they were read.
    pub(super) fn has_changed(&self) -> bool {
        self.look() != self.seen
    }

    /// Reads them; the error is a sentence.
    pub(super) fn read(&mut self) -> Result<CertifiedKey, String> {
        self.seen = self.look();
        let chain = CertificateDer::pem_slice_iter(&bytes(&self.certificate)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("{}: {error}", self.certificate.display()))?;
        if chain.is_empty() {
            return Err(format!("{} holds no certificate (PEM)", self.certificate.display()));
        }
        let key = PrivateKeyDer::from_pem_slice(&bytes(&self.key)?)
            .map_err(|error| format!("{}: no private key without a password (PEM): {error}", self.key.display()))?;
        CertifiedKey::from_der(chain, key, &default_provider())
            .map_err(|error| format!("{} and {}: {error}", self.certificate.display(), self.key.display()))
    }

    fn look(&self) -> [Option<Look>; 2] {
        [&self.certificate, &self.key].map(|file| {
            let told = fs::metadata(file).ok()?;
            Some((told.dev(), told.ino(), told.size(), told.mtime(), told.mtime_nsec()))
        })
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    if fs::metadata(file).map_err(cannot)?.len() > FILE_BYTES {
        return Err(format!("{} is longer than {FILE_BYTES} bytes", file.display()));
    }
    fs::read(file).map_err(cannot)
}
