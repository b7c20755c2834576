//! Where clients come in.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use async_io::Async;

use crate::access_list::AccessList;
use crate::config::{Control, MetricsPlace};
use crate::control::Api;
use crate::http::{self, Listener, Site};
use crate::log;
use crate::page::Page;
use crate::rest::Rest;
use crate::share::Share;
use crate::tls::Tls;
use crate::trust::Trust;
use crate::whip::Whip;

/// What a listener of the configuration serves.
#[derive(Clone, Copy)]
struct Door {
    key: &'static str,
    address: fn(&Control) -> Option<SocketAddr>,
    admitted: fn(&Control) -> &[String],
    api: Api,
    /// Whether the API is served by HTTP, too.
    rest: bool,
    page: bool,
    tls: bool,
}

/// The key of what serves the page in clear.
pub const HTTP: &str = "control.http";

/// The key of what serves the page with TLS.
pub const HTTPS: &str = "control.https";

/// The key of the admin API in clear, and of metrics.
pub const ADMIN: &str = "control.admin";

const DOORS: [Door; 9] = [
    Door {
        key: HTTP,
        address: |c| c.http,
        admitted: |c| &c.http_acl,
        api: Api::Clients,
        rest: true,
        page: true,
        tls: false,
    },
    Door {
        key: HTTPS,
        address: |c| c.https,
        admitted: |c| &c.http_acl,
        api: Api::Clients,
        rest: true,
        page: true,
        tls: true,
    },
    Door {
        key: "control.https_api",
        address: |c| c.https_api,
        admitted: |c| &c.http_acl,
        api: Api::Clients,
        rest: true,
        page: false,
        tls: true,
    },
    Door {
        key: "control.websocket",
        address: |c| c.websocket,
        admitted: |c| &c.websocket_acl,
        api: Api::Clients,
        rest: false,
        page: false,
        tls: false,
    },
    Door {
        key: "control.wss",
        address: |c| c.wss,
        admitted: |c| &c.websocket_acl,
        api: Api::Clients,
        rest: false,
        page: false,
        tls: true,
    },
    Door {
        key: ADMIN,
        address: |c| c.admin,
        admitted: |c| &c.admin_acl,
        api: Api::Administrators,
        rest: true,
        page: true,
        tls: false,
    },
    Door {
        key: "control.admin_https",
        address: |c| c.admin_https,
        admitted: |c| &c.admin_acl,
        api: Api::Administrators,
        rest: true,
        page: true,
        tls: true,
    },
    Door {
        key: "control.admin_websocket",
        address: |c| c.admin_websocket,
        admitted: |c| &c.admin_websocket_acl,
        api: Api::Administrators,
        rest: false,
        page: false,
        tls: false,
    },
    Door {
        key: "control.admin_wss",
        address: |c| c.admin_wss,
        admitted: |c| &c.admin_websocket_acl,
        api: Api::Administrators,
        rest: false,
        page: false,
        tls: true,
    },
];

/// Sockets that listen.
pub struct Listeners {
    open: Vec<(Door, Async<TcpListener>)>,
}

/// What is served to whom comes in.
pub struct Served {
    /// Janus' API by HTTP.
    pub clients: Rc<Rest>,
    /// The admin API by HTTP.
    pub administrators: Rc<Rest>,
    /// WHIP and WHEP, if they are served.
    pub whip: Option<Rc<Whip>>,
    /// The conference page, if it is served.
    pub page: Option<Rc<Page>>,
    /// That of administrators.
    pub admin_page: Option<Rc<Page>>,
    /// How to trust this machine.
    pub trust: Option<Rc<Trust>>,
    /// How others are brought to the conference page.
    pub share: Rc<Share>,
    /// What protects connections.
    pub tls: Option<Rc<Tls>>,
}

impl Listeners {
    /// Listens where `control` says so. Without a secret the admin API is not served, and where it would be, metrics
    /// and health alone. The error is a sentence.
    pub fn open(control: &Control) -> Result<Self, String> {
        let mut open = Vec::new();
        let mut is_kept_shut = false;
        for door in DOORS {
            let Some(address) = (door.address)(control) else { continue };
            let is_refused = door.api == Api::Administrators && control.admin_secret.is_empty();
            is_kept_shut |= is_refused;
            // Metrics have no secret.
            if is_refused && (door.key != ADMIN || control.metrics == MetricsPlace::Off) {
                continue;
            }
            let key = door.key;
            match Async::<TcpListener>::bind(address) {
                Ok(socket) => open.push((door, socket)),
                // Nobody asked for these.
                Err(error) if is_refused => {
                    log::warn(
                        "admin",
                        format_args!("{key}: cannot listen on {address}: {error}; metrics are not shown"),
                    );
                }
                Err(error) => {
                    return Err(format!(
                        "{key}: cannot listen on {address}: {error}\nChoose another: --set {key}=ADDRESS:PORT, or the key in the configuration file."
                    ));
                }
            }
        }
        if is_kept_shut {
            log::info("admin", "control.admin_secret is not set: the admin API is not served to the network");
        }
        Ok(Self { open })
    }

    /// Where the listener with this key is, if it is open.
    pub fn address(&self, key: &str) -> Option<SocketAddr> {
        self.addresses().find(|(other, _)| *other == key).map(|(_, address)| address)
    }

    /// All of them, with their keys.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        self.open.iter().filter_map(|(door, socket)| Some((door.key, socket.get_ref().local_addr().ok()?)))
    }

    /// Whether any of them needs TLS.
    pub fn have_tls(&self) -> bool {
        self.open.iter().any(|(door, _)| door.tls)
    }

    /// Lets clients in from now on.
    pub fn serve(self, site: &Rc<Site>, control: &Control, served: &Served) {
        for (door, socket) in self.open {
            let (rest, page) = match door.api {
                Api::Clients => (&served.clients, &served.page),
                Api::Administrators => (&served.administrators, &served.admin_page),
            };
            let has_secret = !control.admin_secret.is_empty();
            let shows_metrics = match control.metrics {
                MetricsPlace::Off => false,
                MetricsPlace::Admin => door.rest && door.api == Api::Administrators,
                MetricsPlace::Http => door.rest,
            };
            let listener = Listener {
                api: Some(door.api).filter(|api| *api == Api::Clients || has_secret),
                shows_metrics,
                rest: door.rest.then(|| Rc::clone(rest)),
                whip: served.whip.clone().filter(|_| door.rest && door.api == Api::Clients),
                admitted: AccessList::new((door.admitted)(control)),
                page: page.clone().filter(|_| door.page),
                trust: served.trust.clone(),
                share: (door.api == Api::Clients).then(|| Rc::clone(&served.share)),
                tls: served.tls.clone().filter(|_| door.tls),
            };
            site.executor.spawn(http::listen(Rc::clone(site), socket, listener)).detach();
        }
    }
}
