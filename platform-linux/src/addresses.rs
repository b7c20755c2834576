//! Which of the machine's addresses are offered to peers.

use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use crate::udp::system;

/// The most addresses that are offered.
pub const ADDRESSES: usize = 16;

/// The addresses that `names` choose: `auto` stands for those of all interfaces but loopback (loopback if there is
/// nothing else); anything else is an address, the beginning of some (`192.168.`), or an interface whose addresses are
/// taken. Interfaces and addresses that begin as one of `ignored` are left out. The error is a sentence.
pub fn resolve<S: AsRef<str>>(names: &[S], ignored: &[String]) -> Result<Vec<IpAddr>, String> {
    let mut interfaces =
        system::interfaces().map_err(|error| format!("the machine's addresses cannot be read: {error}"))?;
    interfaces.retain(|interface| !is_ignored(interface, ignored));
    choose(names, &interfaces)
}

/// Whether what `names` choose may change while the server runs: an interface gets others, an address stays.
pub fn changes<S: AsRef<str>>(names: &[S]) -> bool {
    names.iter().any(|name| name.as_ref().parse::<IpAddr>().is_err())
}

/// Whether the kernel knows IPv6: then an address may come, even if there is none yet.
pub fn may_be_ipv6() -> bool {
    Path::new("/proc/net/if_inet6").exists()
}

fn is_ignored((name, address): &(String, IpAddr), ignored: &[String]) -> bool {
    let address = address.to_string();
    let begins = |beginning: &String| name.starts_with(beginning) || address.starts_with(beginning);
    ignored.iter().any(|beginning| !beginning.is_empty() && begins(beginning))
}

fn choose<S: AsRef<str>>(names: &[S], interfaces: &[(String, IpAddr)]) -> Result<Vec<IpAddr>, String> {
    let mut chosen = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let before = chosen.len();
        if name == "auto" {
            chosen.extend(automatic(interfaces));
        } else if let Ok(address) = name.parse::<IpAddr>() {
            chosen.push(address.to_canonical());
        } else {
            let begins = |address: &IpAddr| name.ends_with(['.', ':']) && address.to_string().starts_with(name);
            let named = interfaces.iter().filter(|(interface, address)| interface == name || begins(address));
            chosen.extend(named.map(|(_, address)| *address).filter(|address| !is_link_local(*address)));
        }
        if chosen.len() == before {
            return Err(format!(
                "{name:?} is neither \"auto\" nor an address nor an interface of this machine that has one"
            ));
        }
    }
    // IPv4 first: on a LAN every peer has it.
    chosen.sort_by_key(IpAddr::is_ipv6);
    let mut unique = Vec::new();
    for address in chosen {
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    unique.truncate(ADDRESSES);
    if unique.is_empty() { Err("no address is chosen".into()) } else { Ok(unique) }
}

fn automatic(interfaces: &[(String, IpAddr)]) -> Vec<IpAddr> {
    let all = || interfaces.iter().map(|(_, address)| *address).filter(|address| !is_link_local(*address));
    let outer: Vec<_> = all().filter(|address| !address.is_loopback()).collect();
    if outer.is_empty() { all().collect() } else { outer }
}

/// Whether an address means nothing without an interface's name, which a candidate cannot carry.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address == Ipv6Addr::UNSPECIFIED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(all: &[(&str, &str)]) -> Vec<(String, IpAddr)> {
        all.iter().map(|(name, address)| ((*name).into(), address.parse().unwrap())).collect()
    }

    fn strings(addresses: Result<Vec<IpAddr>, String>) -> Vec<String> {
        addresses.unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn auto_takes_what_peers_can_reach() {
        let machine = interfaces(&[
            ("lo", "127.0.0.1"),
            ("eth0", "fd00::2"),
            ("eth0", "192.0.2.2"),
            ("eth0", "fe80::1"),
            ("lo", "::1"),
        ]);
        assert_eq!(strings(choose(&["auto"], &machine)), ["192.0.2.2", "fd00::2"]);
        assert_eq!(strings(choose(&["lo", "10.1.2.3", "auto"], &machine)).len(), 5);
        assert_eq!(strings(choose(&["eth0"], &machine)), ["192.0.2.2", "fd00::2"]);
        assert_eq!(strings(choose(&["192.0.", "fd00:"], &machine)), ["192.0.2.2", "fd00::2"]);
        assert!(choose(&["192.1."], &machine).is_err());
        assert_eq!(strings(choose(&["127.0.0.1", "::ffff:127.0.0.1"], &machine)), ["127.0.0.1"]);
    }

    #[test]
    fn a_machine_on_its_own_offers_loopback() {
        let machine = interfaces(&[("lo", "127.0.0.1"), ("lo", "::1"), ("eth0", "fe80::1")]);
        assert_eq!(strings(choose(&["auto"], &machine)), ["127.0.0.1", "::1"]);
    }

    #[test]
    fn what_begins_as_an_ignored_one_is_left_out() {
        let ignored = ["vmnet".into(), "172.17.".into(), String::new()];
        let machine = interfaces(&[("vmnet8", "10.0.0.1"), ("docker0", "172.17.0.1"), ("eth0", "172.18.0.1")]);
        let left: Vec<_> = machine.iter().filter(|interface| !is_ignored(interface, &ignored)).collect();
        assert_eq!(left, [&machine[2]]);
    }

    #[test]
    fn a_name_that_means_nothing_is_told() {
        let machine = interfaces(&[("lo", "127.0.0.1")]);
        assert!(choose(&["eth7"], &machine).unwrap_err().contains("\"eth7\""));
        assert!(choose::<&str>(&[], &machine).is_err());
    }

    #[test]
    fn an_interface_may_get_other_addresses() {
        assert!(changes(&["auto"]) && changes(&["192.0.2.1", "eth0"]) && changes(&["192.168."]));
        assert!(!changes(&["192.0.2.1", "fd00::1"]));
    }

    #[test]
    fn this_machine_has_an_address() {
        assert!(!resolve(&["auto"], &[]).unwrap().is_empty());
    }
}
