//! The certificate by which peers know this machine, kept on disk so that its fingerprint survives restarts.

use std::path::Path;

use parlor_core::link::Fingerprint;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::disk::Directory;
use crate::whole_file;

/// The file, in the state directory.
const FILE: &str = "identity.pem";

/// Longer is no identity of ours.
const FILE_BYTES: usize = 16 << 10;

/// A certificate and its key (ECDSA with P-256, as RFC 8827 section 6.5 asks for). That of media is self-signed and
/// does not expire: a peer knows it by the fingerprint in the SDP, and a box without a battery does not know the year
/// when it starts.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, in DER.
    pub(crate) certificate: Vec<u8>,
    /// The private key, as PKCS #8 in DER.
    pub(crate) private_key: Vec<u8>,
}

impl Identity {
    /// Reads the identity of `directory` (which is made if need be), or makes a new one and keeps it there. What is
    /// worth a line in the log comes beside it; the error is a sentence.
    pub fn open(directory: &Path) -> Result<(Self, Option<String>), String> {
        let (found, remark) = Self::kept(directory, FILE)?;
        if let Some(identity) = found {
            return Ok((identity, remark));
        }
        let identity = Self::ephemeral()?;
        identity.keep(directory, FILE)?;
        Ok((identity, remark.map(|remark| remark + "; this machine has a new certificate")))
    }

    /// The certificate and key that the file `name` of `directory` keeps, if it does, and what is worth a line in the
    /// log; the error is a sentence.
    pub(crate) fn kept(directory: &Path, name: &str) -> Result<whole_file::Read<Self>, String> {
        whole_file::read(&mut Directory::new(directory), name, FILE_BYTES, identity_in)
            .map_err(|error| format!("{} cannot be read: {error}", directory.join(name).display()))
    }

    /// Keeps it as the file `name` of `directory`, for our eyes only; the error is a sentence.
    pub(crate) fn keep(&self, directory: &Path, name: &str) -> Result<(), String> {
        whole_file::write(&mut Directory::new(directory), name, &self.to_pem())
            .map_err(|error| format!("{} cannot be written: {error}", directory.join(name).display()))
    }

    /// A new identity that is kept nowhere.
    pub fn ephemeral() -> Result<Self, String> {
        let make = || {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let mut parameters = CertificateParams::default();
            parameters.distinguished_name.push(DnType::CommonName, "Parlor");
            let certificate = parameters.self_signed(&key)?;
            Ok(Self { certificate: certificate.der().to_vec(), private_key: key.serialize_der() })
        };
        make().map_err(|error: rcgen::Error| format!("no certificate can be made: {error}"))
    }

    /// What the SDP promises.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.certificate)
    }

    fn to_pem(&self) -> String {
        pem::encode_many(&[
            pem::Pem::new("PRIVATE KEY", self.private_key.clone()),
            pem::Pem::new("CERTIFICATE", self.certificate.clone()),
        ])
    }
}

/// The SHA-256 fingerprint of a certificate in DER (RFC 8122 section 5).
pub(crate) fn fingerprint(certificate: &[u8]) -> Fingerprint {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
    Fingerprint { sha256 }
}

/// The identity in a text, or what is wrong with it.
fn identity_in(text: &str) -> Result<Identity, String> {
    parse(text.as_bytes()).ok_or_else(|| "it is no certificate with its key".into())
}

fn parse(text: &[u8]) -> Option<Identity> {
    let parts = pem::parse_many(text).ok()?;
    let part = |tag| parts.iter().find(|part| part.tag() == tag).map(|part| part.contents().to_vec());
    let identity = Identity { certificate: part("CERTIFICATE")?, private_key: part("PRIVATE KEY")? };
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &identity.private_key, &SystemRandom::new()).ok()?;
    let public = key.public_key().as_ref();
    identity.certificate.windows(public.len()).any(|bytes| bytes == public).then_some(identity)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("parlor-identity-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_fingerprint_survives_a_restart() {
        let scratch = Scratch::new("restart");
        let (first, remark) = Identity::open(&scratch.0.join("deep/er")).unwrap();
        assert_eq!(remark, None);
        let (second, remark) = Identity::open(&scratch.0.join("deep/er")).unwrap();
        assert_eq!(remark, None);
        assert_eq!(first.fingerprint(), second.fingerprint());
        let mode = fs::metadata(scratch.0.join("deep/er").join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let scratch = Scratch::new("damaged");
        let (first, _) = Identity::open(&scratch.0).unwrap();
        let path = scratch.0.join(FILE);
        let text = fs::read(&path).unwrap();
        let (other, _) = (Identity::ephemeral().unwrap(), ());
        let mixed = pem::encode_many(&[
            pem::Pem::new("PRIVATE KEY", other.private_key),
            pem::Pem::new("CERTIFICATE", first.certificate.clone()),
        ]);
        for damaged in [&b""[..], &text[..text.len() / 2], mixed.as_bytes(), &[0; 1 << 15]] {
            fs::write(&path, damaged).unwrap();
            let (second, remark) = Identity::open(&scratch.0).unwrap();
            let remark = remark.unwrap();
            assert!(remark.contains("identity.pem.broken") && remark.contains("new certificate"), "{remark}");
            assert_ne!(first.fingerprint(), second.fingerprint());
            assert_eq!(fs::read(scratch.0.join("identity.pem.broken")).unwrap(), damaged);
        }
    }

    #[test]
    fn a_directory_that_cannot_be_is_told() {
        let Err(error) = Identity::open(Path::new("/proc/parlor")) else { panic!("/proc took a directory") };
        assert!(error.contains("/proc/parlor/identity.pem"), "{error}");
    }
}
