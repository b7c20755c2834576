//! The board's network: loopback, one interface, addresses by DHCP or as somebody wrote them down, IPv4 and IPv6.

mod dhcp;
mod netlink;

use std::fs;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;

use parlor_boot::{Ip, Lease};
use parlor_linux::config::Board;
use parlor_linux::log;

use super::power::{Off, ask, spawn};
use netlink::Netlink;

/// How often, and after which pauses, an interface that is not there yet is looked for.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
const INTERFACE_LOOKS: u32 = 250;

/// Makes the board reachable: as the kernel's command line says, or the board profile. A lease is kept from then on.
/// The error is a sentence.
pub(crate) fn bring_up(board: &Board, ip: Option<&Ip>) -> Result<Option<Lease>, String> {
    let say = |error: std::io::Error| format!("the network cannot be set up: {error}");
    let mut netlink = Netlink::open().map_err(say)?;
    netlink.set_up(interface_index("lo").unwrap_or(1)).map_err(say)?;
    let wanted = ip.map_or("", |ip| ip.interface.as_str());
    let wanted = if wanted.is_empty() { board.interface.as_str() } else { wanted };
    let name = find_interface(wanted).ok_or_else(|| match wanted {
        "" => "no network interface was found".to_string(),
        wanted => format!("the network interface {wanted} was not found"),
    })?;
    let index = interface_index(&name).ok_or_else(|| format!("{name} went away"))?;
    hasten_ipv6(&name);
    netlink.set_up(index).map_err(say)?;
    let (fixed, routers, is_dynamic) = plan(board, ip)?;
    for (address, prefix) in fixed {
        netlink.add_address(index, address, prefix).map_err(|error| format!("{address}/{prefix}: {error}"))?;
    }
    for router in routers {
        netlink.add_router(index, router).map_err(|error| format!("the router {router}: {error}"))?;
    }
    let lease = is_dynamic.then(|| take_lease(&mut netlink, &name, index)).transpose()?;
    // What a router announces over IPv6 comes in its own time, and is offered then.
    Ok(lease)
}

/// Static addresses, their routers, and whether DHCP is asked.
type Plan = (Vec<(IpAddr, u8)>, Vec<IpAddr>, bool);

fn plan(board: &Board, ip: Option<&Ip>) -> Result<Plan, String> {
    if let Some(ip) = ip {
        let fixed = ip.address.iter().map(|(address, prefix)| (IpAddr::from(*address), *prefix)).collect();
        return Ok((fixed, ip.gateway.into_iter().map(IpAddr::from).collect(), ip.address.is_none()));
    }
    let mut fixed = Vec::new();
    for text in board.address.iter().filter(|text| *text != "dhcp") {
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let address: IpAddr = address.parse().ok()?;
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= if address.is_ipv4() { 32 } else { 128 })?;
            Some((address, prefix))
        });
        fixed.push(parsed.ok_or_else(|| format!("board.address: {text:?} is not like \"192.168.1.5/24\""))?);
    }
    let routers: Result<Vec<IpAddr>, String> = board
        .gateway
        .iter()
        .map(|text| text.parse().map_err(|_| format!("board.gateway: {text:?} is no address")))
        .collect();
    Ok((fixed, routers?, board.address.iter().any(|text| text == "dhcp")))
}

/// Asks until somebody answers: a board may be faster than its switch. From then on the lease is kept.
fn take_lease(netlink: &mut Netlink, name: &str, index: u32) -> Result<Lease, String> {
    let hardware = fs::read_to_string(format!("/sys/class/net/{name}/address")).unwrap_or_default();
    let mut client = dhcp::Client::open(name, hardware.trim()).map_err(|error| format!("DHCP: {error}"))?;
    let lease = loop {
        match client.obtain() {
            Ok(lease) => break lease,
            Err(error) => log::warn("network", format_args!("no address from DHCP yet: {error}")),
        }
    };
    let (address, prefix) = (lease.address, lease.prefix);
    netlink.add_address(index, address.into(), prefix).map_err(|error| format!("{address}/{prefix}: {error}"))?;
    if let Some(router) = lease.router {
        let _ = netlink.add_router(index, router.into());
    }
    log::info("network", format_args!("{name} has {address}/{prefix} for {} s", lease.seconds));
    let kept = lease.clone();
    spawn("lease", move || keep(client, kept));
    Ok(lease)
}

/// Renews the lease at half its time. Peers were told the address: with another one the board begins again.
fn keep(mut client: dhcp::Client, lease: Lease) {
    let mut left_s = u64::from(lease.seconds);
    loop {
        let pause_s = (left_s / 2).max(1);
        sleep(Duration::from_secs(pause_s));
        left_s -= pause_s.min(left_s);
        match client.renew(&lease) {
            Ok(same) if same.address == lease.address => left_s = u64::from(same.seconds),
            Ok(_) => return ask(Off::Again),
            Err(error) if left_s < 2 => {
                log::error("network", format_args!("the lease ended and nobody gives another: {error}"));
                return ask(Off::Again);
            }
            Err(error) => log::warn("network", format_args!("the lease is not renewed yet: {error}")),
        }
    }
}

fn find_interface(wanted: &str) -> Option<String> {
    (0..INTERFACE_LOOKS).find_map(|_| {
        let mut names: Vec<String> = fs::read_dir("/sys/class/net")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| if wanted.is_empty() { name != "lo" && is_ethernet(name) } else { name == wanted })
            .collect();
        names.sort();
        let first = names.into_iter().next();
        if first.is_none() {
            sleep(LOOK_PAUSE);
        }
        first
    })
}

/// Tunnels that the kernel makes by itself are none.
fn is_ethernet(name: &str) -> bool {
    fs::read_to_string(format!("/sys/class/net/{name}/type")).is_ok_and(|kind| kind.trim() == "1")
}

fn interface_index(name: &str) -> Option<u32> {
    fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?.trim().parse().ok()
}

/// An address counts while it is checked for twins (RFC 4429), and routers are asked at once.
fn hasten_ipv6(name: &str) {
    for (setting, value) in [("optimistic_dad", "1"), ("use_optimistic", "1"), ("router_solicitation_delay", "0")] {
        // A kernel without IPv6 has none of them.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{name}/{setting}"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_counts_more_than_the_profile() {
        let mut board = Board { address: vec!["192.0.2.7/24".into(), "fd00::7/64".into()], ..Board::default() };
        board.gateway = vec!["192.0.2.1".into()];
        let (fixed, routers, is_dynamic) = plan(&board, None).unwrap();
        assert_eq!(fixed, [("192.0.2.7".parse().unwrap(), 24), ("fd00::7".parse().unwrap(), 64)]);
        assert_eq!((routers.len(), is_dynamic), (1, false));
        let ip = Ip { address: None, gateway: None, interface: String::new() };
        assert_eq!(plan(&board, Some(&ip)).unwrap(), (vec![], vec![], true));
        board.address = vec!["dhcp".into(), "fd00::7/64".into()];
        assert!(plan(&board, None).unwrap().2);
        board.address = vec!["192.0.2.7".into()];
        assert!(plan(&board, None).unwrap_err().contains("board.address"));
    }
}
