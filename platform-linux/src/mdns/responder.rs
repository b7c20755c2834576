//! The responder: a thread of the library's, and a task that watches over it.

use std::rc::Rc;
use std::time::Duration;

use mdns_sd::{DaemonEvent, RRType, Receiver, ServiceDaemon, ServiceInfo};
use smol::Timer;
use smol::future::or;

use super::Service;
use crate::deadline::within;
use crate::log;
use crate::tls::LocalName;

/// How often the library's memory is looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// How often the library looks for other addresses of this machine: who lost the way to the old one asks for the name
/// within seconds, and what a browser is told then it believes for a minute.
const ADDRESSES_PERIOD_S: u32 = 1;

/// Records of others that it may keep: it keeps what it hears for as long as its sender wants.
const RECORDS: i64 = 2000;

/// How long the end of its thread is waited for.
const END_WITHIN: Duration = Duration::from_secs(2);

/// How long after a conflict the next name is tried (RFC 6762 section 8.1 asks for five seconds after fifteen of them).
const NEXT_NAME_AFTER: Duration = Duration::from_secs(1);

/// How long nothing is tried after the responder could not begin.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why a responder ended.
enum End {
    /// Somebody else is called so; the next name.
    Taken(String),
    /// It kept too much.
    Full,
    /// Its thread is gone.
    Gone,
}

/// Answers for ever that this machine is called `local` and serves `service`.
pub async fn answer(service: Service, local: Rc<LocalName>) {
    let mut host = local.get();
    loop {
        let responder = match Responder::begin(&service, &host) {
            Ok(responder) => responder,
            Err(error) => {
                log::warn("mdns", format_args!("{host} is not answered: {error}"));
                // The name may be known from elsewhere.
                local.settle(&host);
                Timer::after(RETRY_AFTER).await;
                continue;
            }
        };
        let end = responder.watch(&host, &local).await;
        responder.end().await;
        match end {
            End::Taken(next) => {
                log::info("mdns", format_args!("{host} belongs to another machine: this one is called {next}"));
                host = next;
                Timer::after(NEXT_NAME_AFTER).await;
            }
            End::Full => log::warn("mdns", "somebody floods the network with names: the responder begins again"),
            End::Gone => {
                Timer::after(RETRY_AFTER).await;
            }
        }
    }
}

/// A responder that runs.
struct Responder {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
}

impl Responder {
    fn begin(service: &Service, host: &str) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        daemon.set_ip_check_interval(ADDRESSES_PERIOD_S)?;
        let events = daemon.monitor()?;
        let kind = format!("{}.local.", service.kind);
        let properties = [("path", "/")];
        let info = ServiceInfo::new(&kind, &service.name, &format!("{host}."), "", service.port, &properties[..])?;
        daemon.register(info.enable_addr_auto())?;
        Ok(Self { daemon, events })
    }

    /// Watches until it has to end.
    async fn watch(&self, host: &str, local: &LocalName) -> End {
        or(self.watch_name(host, local), self.watch_memory()).await
    }

    async fn watch_name(&self, host: &str, local: &LocalName) -> End {
        loop {
            match self.events.recv_async().await {
                Ok(DaemonEvent::NameChange(change)) if matches!(change.rr_type, RRType::A | RRType::AAAA) => {
                    return End::Taken(change.new_name.trim_end_matches('.').into());
                }
                Ok(DaemonEvent::Announce(..)) if local.settled().as_deref() != Some(host) => {
                    log::info("mdns", format_args!("this machine is called {host}"));
                    local.settle(host);
                }
                Ok(_) => {}
                Err(_) => return End::Gone,
            }
        }
    }

    async fn watch_memory(&self) -> End {
        loop {
            Timer::after(PERIOD).await;
            if self.records().await > RECORDS {
                return End::Full;
            }
        }
    }

    /// How many records of others it keeps.
    async fn records(&self) -> i64 {
        let Ok(counts) = self.daemon.get_metrics() else { return 0 };
        let counts = within(PERIOD, counts.recv_async()).await.and_then(Result::ok).unwrap_or_default();
        counts.iter().filter(|(name, _)| name.starts_with("cached-")).map(|(_, count)| *count).sum()
    }

    /// Says goodbye, and waits for the thread to end: there is never more than one.
    async fn end(&self) {
        if let Ok(ended) = self.daemon.shutdown() {
            let _ = within(END_WITHIN, ended.recv_async()).await;
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.daemon.shutdown();
    }
}
