//! `janus.transport.*.jcfg`: where Janus listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::core::Disabled;
use super::folder::{Group, Groups};
use super::{Import, Key, Meaning, Without};
use crate::addresses;
use crate::config::{Entry, Refusal};

const COMMON: &[(&str, Meaning)] = &[
    ("base_path", Key("control.base_path")),
    ("admin_base_path", Key("control.admin_base_path")),
    ("json", Without("messages have no blanks")),
    ("pingpong_trigger", Without("idle sessions end by control.session_timeout")),
    ("pingpong_timeout", Without("idle sessions end by control.session_timeout")),
    ("ws_logging", Without("there is no libwebsockets")),
    ("mhd_connection_limit", Without("limits.connections says how many")),
    ("mhd_debug", Without("there is no libmicrohttpd")),
    ("acl", Key("control.http_acl")),
    ("ws_acl", Key("control.websocket_acl")),
    ("admin_acl", Key("control.admin_acl")),
    ("admin_ws_acl", Key("control.admin_websocket_acl")),
];

/// What becomes of the certificate's files, says [`certificate`].
const CERTIFICATES: &[(&str, Meaning)] = &[
    ("cert_pwd", Without("keys are read without a password")),
    ("ciphers", Without("TLS uses what is good today")),
    ("ssl_ciphers", Without("TLS uses what is good today")),
];

/// The names of what says where to listen.
struct Listener {
    /// The module that must be loaded.
    module: &'static str,
    group: &'static str,
    switch: &'static str,
    port: (&'static str, u16),
    address: &'static str,
    interface: &'static str,
    /// The key of Parlor's.
    key: &'static str,
}

const WEBSOCKET: Listener = Listener {
    module: "websockets",
    group: "general",
    switch: "ws",
    port: ("ws_port", 8188),
    address: "ws_ip",
    interface: "ws_interface",
    key: "control.websocket",
};

const HTTP: Listener = Listener {
    module: "http",
    group: "general",
    switch: "http",
    port: ("port", 8088),
    address: "ip",
    interface: "interface",
    key: "control.http",
};

const ADMIN_WEBSOCKET: Listener = Listener {
    module: "websockets",
    group: "admin",
    switch: "admin_ws",
    port: ("admin_ws_port", 7188),
    address: "admin_ws_ip",
    interface: "admin_ws_interface",
    key: "control.admin_websocket",
};

const ADMIN_HTTP: Listener = Listener {
    module: "http",
    group: "admin",
    switch: "admin_http",
    port: ("admin_port", 7088),
    address: "admin_ip",
    interface: "admin_interface",
    key: "control.admin",
};

const SECURE_WEBSOCKET: Listener = Listener {
    module: "websockets",
    group: "general",
    switch: "wss",
    port: ("wss_port", 8989),
    address: "wss_ip",
    interface: "wss_interface",
    key: "control.wss",
};

const SECURE_HTTP: Listener = Listener {
    module: "http",
    group: "general",
    switch: "https",
    port: ("secure_port", 8089),
    address: "secure_ip",
    interface: "secure_interface",
    key: "control.https_api",
};

const SECURE_ADMIN_WEBSOCKET: Listener = Listener {
    module: "websockets",
    group: "admin",
    switch: "admin_wss",
    port: ("admin_wss_port", 7989),
    address: "admin_wss_ip",
    interface: "admin_wss_interface",
    key: "control.admin_wss",
};

const SECURE_ADMIN_HTTP: Listener = Listener {
    module: "http",
    group: "admin",
    switch: "admin_https",
    port: ("admin_secure_port", 7889),
    address: "admin_secure_ip",
    interface: "admin_secure_interface",
    key: "control.admin_https",
};

/// `janus.transport.websockets.jcfg`
pub(super) fn websockets(import: &mut Import, file: Groups, disabled: &Disabled) -> Result<(), Refusal> {
    transport(import, file, disabled, &[WEBSOCKET, SECURE_WEBSOCKET, ADMIN_WEBSOCKET, SECURE_ADMIN_WEBSOCKET])
}

/// `janus.transport.http.jcfg`
pub(super) fn http(import: &mut Import, file: Groups, disabled: &Disabled) -> Result<(), Refusal> {
    transport(import, file, disabled, &[HTTP, SECURE_HTTP, ADMIN_HTTP, SECURE_ADMIN_HTTP])
}

/// `janus.transport.pfunix.jcfg`
pub(super) fn pfunix(import: &mut Import, mut file: Groups, disabled: &Disabled) -> Result<(), Refusal> {
    for (group, switch, path, kind, key) in [
        ("general", "enabled", "path", "type", "control.unix"),
        ("admin", "admin_enabled", "admin_path", "admin_type", "control.admin_unix"),
    ] {
        let Some(mut group) = file.take(group) else { continue };
        let is_on = group.take(switch).is_some_and(|entry| entry.boolean().unwrap_or_default());
        let path = group.take(path).filter(|_| is_on && !disabled.contains("pfunix"));
        if let Some(path) = path {
            import.configuration.apply(&path.with(key, path.text()?))?;
        }
        // Both sockets are of one type: that of clients, if there is one.
        let has_clients = import.configuration.control.unix.is_some() && key != "control.unix";
        if let Some(kind) = group.take(kind).filter(|_| is_on && !has_clients) {
            import.configuration.apply(&kind.with("control.unix_type", kind.text()?))?;
        }
        import.map(Some(group), COMMON)?;
    }
    for group in file.rest() {
        import.map(Some(group), &[])?;
    }
    Ok(())
}

fn transport(
    import: &mut Import,
    mut file: Groups,
    disabled: &Disabled,
    listeners: &[Listener],
) -> Result<(), Refusal> {
    for name in ["general", "admin"] {
        let mut group = file.take(name);
        for listener in listeners.iter().filter(|listener| listener.group == name) {
            let entry = listener.entry(group.as_mut(), disabled.contains(listener.module))?;
            import.configuration.apply(&entry)?;
        }
        import.map(group, COMMON)?;
    }
    certificate(import, file.take("certificates"))?;
    for group in file.rest() {
        import.map(Some(group), &[])?;
    }
    Ok(())
}

/// Takes over the certificate, if TLS is served at all. Janus' transports may have different ones; here there is one.
fn certificate(import: &mut Import, group: Option<Group>) -> Result<(), Refusal> {
    let Some(mut group) = group else { return Ok(()) };
    let (certificate, key) = (group.take("cert_pem"), group.take("cert_key"));
    if let Some(certificate) = certificate.filter(|_| import.configuration.control.has_tls()) {
        let known = &import.configuration.tls.certificate;
        if known.is_empty() || certificate.text()? == known {
            import.configuration.apply(&certificate.named("tls.certificate"))?;
            if let Some(key) = key {
                import.configuration.apply(&key.named("tls.key"))?;
            }
        } else {
            import.note(&certificate, "all that has TLS shows one certificate (tls.certificate)");
        }
    }
    import.map(Some(group), CERTIFICATES)
}

impl Listener {
    /// Parlor's key with what `group` says; `off` without it.
    fn entry(&self, group: Option<&mut Group>, is_disabled: bool) -> Result<Entry, Refusal> {
        let Some(group) = group else { return Ok(Entry::bare(self.key, "off")) };
        let is_on = group.take(self.switch);
        let (port, address, interface) =
            (group.take(self.port.0), group.take(self.address), group.take(self.interface));
        let Some(is_on) = is_on.filter(|entry| !is_disabled && entry.boolean().unwrap_or_default()) else {
            return Ok(Entry::bare(self.key, "off"));
        };
        let port = port.map_or(Ok(self.port.1.into()), |entry| entry.integer(1..=65_535))?;
        let address = match (&address, &interface) {
            (Some(entry), _) => entry.text()?.parse().map_err(|_| entry.refuse("an address such as \"10.0.0.1\""))?,
            (None, Some(entry)) => address_of(entry)?,
            (None, None) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        Ok(is_on.with(self.key, &SocketAddr::new(address, port as u16).to_string()))
    }
}

/// The first address of the interface that `entry` names.
fn address_of(entry: &Entry) -> Result<IpAddr, Refusal> {
    let found = addresses::resolve(&[entry.text()?.to_owned()], &[]).map_err(|why| entry.refusal(why))?;
    found.first().copied().ok_or_else(|| entry.refusal("has no address".into()))
}
