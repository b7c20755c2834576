//! Who may connect, by the beginnings of addresses: what Janus' access lists hold.

use std::net::IpAddr;

/// Beginnings of addresses as they are written, such as `192.168.`; an empty list admits everybody.
#[derive(Clone, Debug, Default)]
pub struct AccessList {
    beginnings: Vec<String>,
}

impl AccessList {
    /// The list that `texts` write, each with one beginning or several between commas.
    pub fn new(texts: &[String]) -> Self {
        let parts = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        Self { beginnings: parts.filter(|part| !part.is_empty()).map(Into::into).collect() }
    }

    /// Whether `address` may connect.
    pub fn admits(&self, address: IpAddr) -> bool {
        // An IPv4 address may come as an IPv6 one (RFC 4291 section 2.5.5.2).
        let written = address.to_canonical().to_string();
        self.beginnings.is_empty() || self.beginnings.iter().any(|beginning| written.starts_with(beginning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_admitted_by_its_beginning() {
        let list = AccessList::new(&["127., 192.168.0.".into(), "fd00:".into()]);
        for (address, is_admitted) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("192.168.0.9", true),
            ("192.168.1.9", false),
            ("fd00::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(list.admits(address.parse().unwrap()), is_admitted, "{address}");
        }
        assert!(AccessList::new(&[" ".into()]).admits("8.8.8.8".parse().unwrap()));
    }
}
