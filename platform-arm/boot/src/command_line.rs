//! What the kernel's command line says to us.
//!
//! `parlor.set=KEY=VALUE` is `--set KEY=VALUE`. `ip=` is that of the kernel's own documentation (admin-guide/nfs/
//! nfsroot): `ip=dhcp`, or `ip=CLIENT::GATEWAY:NETMASK::INTERFACE:off`.

use std::net::Ipv4Addr;

/// What was found there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// As after `--set`.
    pub options: Vec<String>,
    /// The last `ip=` that says something.
    pub ip: Option<Ip>,
}

/// A network by the kernel's command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip {
    /// A static address and the length of its prefix; nothing: DHCP.
    pub address: Option<(Ipv4Addr, u8)>,
    /// The router.
    pub gateway: Option<Ipv4Addr>,
    /// Empty: the first that is not loopback.
    pub interface: String,
}

impl CommandLine {
    /// Reads `/proc/cmdline`.
    pub fn read(text: &str) -> Self {
        let mut found = Self::default();
        for word in text.split_ascii_whitespace() {
            if let Some(option) = word.strip_prefix("parlor.set=") {
                found.options.push(option.into());
            } else if let Some(ip) = word.strip_prefix("ip=") {
                found.ip = Ip::read(ip).or(found.ip);
            }
        }
        found
    }
}

impl Ip {
    fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(':').collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        if fields.len() == 1 {
            let automatic = ["dhcp", "on", "any"].contains(&text);
            return automatic.then(|| Self { address: None, gateway: None, interface: String::new() });
        }
        let netmask = field(3).parse().unwrap_or(Ipv4Addr::new(255, 255, 255, 0));
        let address = field(0).parse().ok().map(|address| (address, u32::from(netmask).leading_ones() as u8));
        Some(Self { address, gateway: field(2).parse().ok(), interface: field(5).into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_addresses_are_found_among_others() {
        let line = "console=ttyAMA0 parlor.set=log.level=debug ip=10.1.2.3::10.1.0.1:255.255.0.0:box:eth1:off quiet \
                    parlor.set=board.address=[fd00::5/64]\n";
        let found = CommandLine::read(line);
        assert_eq!(found.options, ["log.level=debug", "board.address=[fd00::5/64]"]);
        let ip = found.ip.unwrap();
        assert_eq!(ip.address, Some((Ipv4Addr::new(10, 1, 2, 3), 16)));
        assert_eq!((ip.gateway, ip.interface.as_str()), (Some(Ipv4Addr::new(10, 1, 0, 1)), "eth1"));
        assert_eq!(CommandLine::read("ip=dhcp").ip.unwrap().address, None);
        assert_eq!(CommandLine::read(":::: ip=:::::eth0:dhcp").ip.unwrap().interface, "eth0");
        assert_eq!(CommandLine::read("ip=off root=/dev/x"), CommandLine::default());
    }
}
