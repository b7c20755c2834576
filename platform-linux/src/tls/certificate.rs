//! What a certificate says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::names::Names;

/// What it is for, and when it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) names: Names,
    /// In seconds since 1970.
    pub(super) validity_s: (u64, u64),
    /// The name of who signed it.
    pub(super) issuer: String,
}

/// What the certificate `der` says, if it is one.
pub(super) fn read(der: &[u8]) -> Option<Said> {
    let (_, read) = X509Certificate::from_der(der).ok()?;
    let mut names = Names::default();
    if let Ok(Some(alternatives)) = read.subject_alternative_name() {
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::DNSName(host) => names.hosts.push((*host).into()),
                GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }
    let seconds = |time: i64| u64::try_from(time).unwrap_or_default();
    let validity = read.validity();
    let validity_s = (seconds(validity.not_before.timestamp()), seconds(validity.not_after.timestamp()));
    Some(Said { names, validity_s, issuer: common_name(read.issuer())? })
}

/// The common name in `name`.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|name| name.as_str().ok()).map(Into::into)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        _ => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
    }
}
