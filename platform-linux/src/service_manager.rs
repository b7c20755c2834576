//! Signs of life for a service manager, as systemd takes them (sd_notify(3)).

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

use crate::log;
use crate::pulse::{Pulse, Supervisor};

/// The service manager that started this process, if one did and wants to hear.
pub struct ServiceManager {
    way: Option<(UnixDatagram, SocketAddr)>,
}

impl ServiceManager {
    /// The one that the environment names (`NOTIFY_SOCKET`).
    pub fn of_environment() -> Self {
        let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        Self::new(name.as_deref())
    }

    /// The one at the socket `name`: a path, or an abstract name after `@`.
    fn new(name: Option<&OsStr>) -> Self {
        let way = name.map(open).transpose().unwrap_or_else(|error| {
            log::warn("service", format_args!("the service manager cannot be told: {error}"));
            None
        });
        Self { way }
    }

    fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.way {
            // It is told again in a while, and starts this process anew if it never hears.
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

impl Supervisor for ServiceManager {
    fn ready(&mut self, _media: &[Arc<Pulse>]) {
        self.tell("READY=1");
    }

    fn alive(&mut self) {
        self.tell("WATCHDOG=1");
    }

    fn reloading(&mut self) {
        // By the monotonic clock it knows which of its requests this answers (Type=notify-reload).
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now_us = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={now_us}"));
    }

    fn reloaded(&mut self) {
        self.tell("READY=1");
    }

    fn stopping(&mut self) {
        self.tell("STOPPING=1");
    }
}

fn open(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold up the control half.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_hears_by_path_and_by_abstract_name() {
        let path = std::env::temp_dir().join(format!("parlor-notify-{}", std::process::id()));
        let name = format!("@parlor-notify-{}", std::process::id());
        let listeners = [
            (UnixDatagram::bind(&path).unwrap(), path.as_os_str()),
            (UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name[1..]).unwrap()).unwrap(), OsStr::new(&name)),
        ];
        for (listener, name) in listeners {
            let mut manager = ServiceManager::new(Some(name));
            manager.ready(&[]);
            manager.alive();
            manager.reloading();
            manager.stopping();
            let heard = || {
                let mut bytes = [0; 64];
                let len = listener.recv(&mut bytes).unwrap();
                String::from_utf8(bytes[..len].to_vec()).unwrap()
            };
            assert_eq!([heard(), heard()], ["READY=1", "WATCHDOG=1"]);
            let reloading = heard();
            assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC=") && !reloading.ends_with('='), "{reloading}");
            assert_eq!(heard(), "STOPPING=1");
        }
        let _ = std::fs::remove_file(path);
    }

    #[test]
    fn without_a_manager_nothing_happens() {
        let mut nobody = ServiceManager::new(None);
        nobody.ready(&[]);
        ServiceManager::new(Some(OsStr::new("/proc/parlor"))).alive();
    }
}
