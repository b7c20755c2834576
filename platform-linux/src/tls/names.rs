//! What this machine is called.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::system::uname;

use crate::addresses;

/// The longest host name (RFC 1035 section 2.3.4).
const HOST_BYTES: usize = 253;

/// Hosts and addresses that a certificate is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) hosts: Vec<String>,
    pub(super) addresses: Vec<IpAddr>,
}

impl Names {
    /// Those of this machine now: `local` if it is known, its host name, the addresses that `media` chooses and those
    /// of its interfaces.
    pub(super) fn of_machine(local: Option<String>, media: &[String], ignored: &[String]) -> Self {
        let mut names = Self::default();
        names.hosts.extend(local);
        let host = host();
        if !host.is_empty() && !host.contains('.') {
            names.add_host(&format!("{host}.local"));
        }
        names.add_host(&host);
        names.add_host("localhost");
        for chosen in [addresses::resolve(media, ignored), addresses::resolve(&["auto"], ignored)] {
            // An interface that is gone is told where media looks for it.
            chosen.unwrap_or_default().into_iter().for_each(|address| names.add_address(address));
        }
        names.add_address(Ipv4Addr::LOCALHOST.into());
        names.add_address(Ipv6Addr::LOCALHOST.into());
        names
    }

    /// Whether all of `others` are among these.
    pub(super) fn contain(&self, others: &Self) -> bool {
        others.hosts.iter().all(|host| self.hosts.contains(host))
            && others.addresses.iter().all(|address| self.addresses.contains(address))
    }

    /// Those that are not among `others`.
    pub(super) fn without(mut self, others: &Self) -> Self {
        self.hosts.retain(|host| !others.hosts.contains(host));
        self.addresses.retain(|address| !others.addresses.contains(address));
        self
    }

    fn add_host(&mut self, host: &str) {
        if !host.is_empty() && !self.hosts.iter().any(|other| other == host) {
            self.hosts.push(host.into());
        }
    }

    fn add_address(&mut self, address: IpAddr) {
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.hosts.iter().cloned().chain(self.addresses.iter().map(ToString::to_string));
        out.write_str(&all.collect::<Vec<_>>().join(", "))
    }
}

/// The machine's host name in small letters; empty if it has none that can stand in a URL.
pub(super) fn host() -> String {
    let name = uname();
    let name = name.nodename().to_str().unwrap_or_default().to_ascii_lowercase();
    if is_host(&name) { name } else { String::new() }
}

/// Whether `name` is labels of letters, digits and hyphens (RFC 1123 section 2.1) and no address.
fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= HOST_BYTES && name.split('.').all(is_label) && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_can_stand_in_a_url() {
        for (name, is_right) in [
            ("gateway", true),
            ("box-1.lan", true),
            ("", false),
            ("(none)", false),
            ("a_b", false),
            ("-a", false),
            ("a..b", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_host(name), is_right, "{name}");
        }
        assert!(!is_host(&"a".repeat(64)));
    }

    #[test]
    fn this_machine_has_the_local_name_first_and_loopback() {
        let names = Names::of_machine(Some("parlor.local".into()), &["auto".into()], &[]);
        assert_eq!(names.hosts[0], "parlor.local");
        assert!(names.hosts.contains(&"localhost".into()));
        assert!(names.addresses.contains(&"127.0.0.1".parse().unwrap()));
        let fewer = Names::of_machine(None, &["127.0.0.1".into()], &[]);
        assert!(names.contain(&fewer) && !fewer.contain(&names));
        assert!(names.clone().without(&fewer).to_string().starts_with("parlor.local"));
    }
}
