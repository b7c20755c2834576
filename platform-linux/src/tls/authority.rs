//! The authority of this machine: what people trust once. It signs nothing but names and addresses of private networks,
//! so who steals its key cannot pretend to be any other site (name constraints, RFC 5280 section 4.2.1.10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use ring::digest;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::common_name;
use super::names::Names;
use crate::identity::Identity;

/// The file, in the state directory.
const FILE: &str = "authority.pem";

/// Domains that no public authority gives away: of RFC 6762 (section 3 and appendix G), RFC 6761, RFC 8375, and ones
/// that routers are delivered with.
const DOMAINS: [&str; 10] =
    ["local", "localhost", "lan", "home", "home.arpa", "internal", "intranet", "private", "corp", "localdomain"];

/// Networks that no public authority gives away (RFC 1918, 3927, 4193, 4291, 6598).
const NETWORKS: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

/// An authority.
pub(super) struct Authority {
    name: String,
    certificate: Vec<u8>,
    key: KeyPair,
    /// The same subject and key once more, as the library wants to see an issuer.
    issuer: Certificate,
    permitted: Vec<Permitted>,
}

/// A part of what an authority may sign.
#[derive(Debug)]
enum Permitted {
    Domain(String),
    /// An address and the bits of it that count, byte for byte.
    Network(Vec<u8>, Vec<u8>),
}

impl Authority {
    /// Reads the authority of `directory`, or makes one for a machine called `host` and keeps it there. What is worth a
    /// line in the log comes beside it; the error is a sentence.
    pub(super) fn open(directory: &Path, host: &str) -> Result<(Self, Option<String>), String> {
        let (found, remark) = Identity::kept(directory, FILE)?;
        if let Some(identity) = found {
            return Ok((Self::of(identity)?, remark));
        }
        let identity = make(host).map_err(|error| format!("no authority can be made: {error}"))?;
        identity.keep(directory, FILE)?;
        let lost = "; this machine has a new authority, which everybody has to trust anew";
        Ok((Self::of(identity)?, remark.map(|remark| remark + lost)))
    }

    fn of(identity: Identity) -> Result<Self, String> {
        let broken = |what: &dyn std::fmt::Display| format!("{FILE} is no authority of ours: {what}");
        let (_, read) = X509Certificate::from_der(&identity.certificate).map_err(|error| broken(&error))?;
        let name = common_name(read.subject()).ok_or_else(|| broken(&"it has no name"))?;
        let mut parameters = parameters(&name);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::try_from(identity.private_key.as_slice()).map_err(|error| broken(&error))?;
        let issuer = parameters.self_signed(&key).map_err(|error| broken(&error))?;
        let permitted = permitted(&read);
        Ok(Self { name, certificate: identity.certificate, key, issuer, permitted })
    }

    /// Its name, which no other has.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The certificate, in DER.
    pub(super) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Those of `names` that it may sign.
    pub(super) fn permits(&self, names: Names) -> Names {
        let Names { mut hosts, mut addresses } = names;
        hosts.retain(|host| self.permitted.iter().any(|part| part.has_host(host)));
        addresses.retain(|address| self.permitted.iter().any(|part| part.has_address(*address)));
        Names { hosts, addresses }
    }

    /// A certificate for `names`, which is good between two times, in seconds since 1970.
    pub(super) fn sign(&self, names: &Names, validity_s: (u64, u64)) -> Result<Identity, String> {
        let make = || {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let mut parameters = parameters(names.hosts.first().map_or("Parlor", String::as_str));
            for host in &names.hosts {
                parameters.subject_alt_names.push(SanType::DnsName(host.as_str().try_into()?));
            }
            parameters.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
            let epoch = date_time_ymd(1970, 1, 1);
            parameters.not_before = epoch + Duration::from_secs(validity_s.0);
            parameters.not_after = epoch + Duration::from_secs(validity_s.1);
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            parameters.is_ca = IsCa::ExplicitNoCa;
            parameters.use_authority_key_identifier_extension = true;
            let certificate = parameters.signed_by(&key, &self.issuer, &self.key)?;
            Ok(Identity { certificate: certificate.der().to_vec(), private_key: key.serialize_der() })
        };
        make().map_err(|error: rcgen::Error| format!("no certificate can be signed: {error}"))
    }
}

impl Permitted {
    fn has_host(&self, host: &str) -> bool {
        let Self::Domain(domain) = self else { return false };
        host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let Self::Network(network, mask) = self else { return false };
        let address = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let same = |((address, network), mask): ((&u8, &u8), &u8)| address & mask == network & mask;
        address.len() == network.len() && address.iter().zip(network).zip(mask).all(same)
    }
}

/// A new authority, good for as long as software of today counts years.
fn make(host: &str) -> Result<Identity, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // Its owner tells it from those of other machines that were delivered with the same name.
    let number: String = digest::digest(&digest::SHA256, key.public_key_raw()).as_ref()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let host = if host.is_empty() { "this network" } else { host };
    let mut parameters = parameters(&format!("Parlor of {host} ({number})"));
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2049, 12, 31);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let hosts = DOMAINS.into_iter().chain((!host.contains([' ', '.'])).then_some(host));
    let hosts = hosts.map(|domain| GeneralSubtree::DnsName(domain.into()));
    let networks = NETWORKS.map(|(address, bits)| CidrSubnet::from_addr_prefix(address, bits));
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: hosts.chain(networks.map(GeneralSubtree::IpAddress)).collect(),
        excluded_subtrees: Vec::new(),
    });
    let certificate = parameters.self_signed(&key)?;
    Ok(Identity { certificate: certificate.der().to_vec(), private_key: key.serialize_der() })
}

/// Parameters of a certificate whose subject is called `name`.
fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

/// What `certificate` may sign.
fn permitted(certificate: &X509Certificate<'_>) -> Vec<Permitted> {
    let Ok(Some(constraints)) = certificate.name_constraints() else { return Vec::new() };
    let subtrees = constraints.value.permitted_subtrees.iter().flatten();
    subtrees
        .filter_map(|subtree| match &subtree.base {
            GeneralName::DNSName(domain) => Some(Permitted::Domain((*domain).into())),
            GeneralName::IPAddress(bytes) => {
                let (network, mask) = bytes.split_at(bytes.len() / 2);
                Some(Permitted::Network(network.into(), mask.into()))
            }
            _ => None,
        })
        .collect()
}
