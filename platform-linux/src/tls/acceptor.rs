//! Handshakes, and the certificate that they show.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_io::Async;
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use futures_rustls::rustls::sign::CertifiedKey;
use futures_rustls::rustls::{self, ServerConfig};
use smol::Timer;

use super::local_name::LocalName;
use super::own::{self, Own};
use super::places::Places;
use super::site::Site;
use super::stream::Stream;
use crate::config::Configuration;
use crate::deadline::within;
use crate::identity::Identity;
use crate::log;

/// How long a handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// How often names, addresses, time and files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// What the first byte of a TLS connection says (RFC 8446 section 5.1): a handshake.
const HANDSHAKE: u8 = 22;

/// TLS for all listeners.
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    source: RefCell<Source>,
    authority: Option<(String, Vec<u8>)>,
    places: Rc<Places>,
}

/// Where the certificate comes from.
enum Source {
    Own(Box<Own>),
    Site(Site),
}

/// The certificate that is shown from now on; who has seen another is not disturbed.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().ok().map(|shown| Arc::clone(&shown))
    }
}

impl Tls {
    /// With the certificate of the site, or one of this machine's own. The error is a sentence.
    pub fn open(configuration: &Configuration, local: &Rc<LocalName>) -> Result<Rc<Self>, String> {
        let settings = &configuration.tls;
        let (source, shown, authority) = if settings.certificate.is_empty() {
            let own = Own::open(configuration, local).map_err(|why| format!("state.directory: {why}"))?;
            let shown = certified(own.identity())?;
            let (name, certificate) = own.authority();
            let authority = (name.to_owned(), certificate.to_vec());
            (Source::Own(Box::new(own)), shown, Some(authority))
        } else {
            let key = if settings.key.is_empty() { &settings.certificate } else { &settings.key };
            let mut site = Site::new(Path::new(&settings.certificate), Path::new(key));
            let shown = site.read().map_err(|why| format!("tls.certificate: {why}"))?;
            (Source::Site(site), shown, None)
        };
        let shown = Arc::new(Shown(RwLock::new(Arc::new(shown))));
        let server = server(Arc::clone(&shown)).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let acceptor = TlsAcceptor::from(Arc::new(server));
        Ok(Rc::new(Self { acceptor, shown, source: RefCell::new(source), authority, places: Rc::default() }))
    }

    /// The name of this machine's authority and its certificate, in DER; nothing if the site has a certificate of its
    /// own.
    pub fn authority(&self) -> Option<(&str, &[u8])> {
        self.authority.as_ref().map(|(name, certificate)| (name.as_str(), certificate.as_slice()))
    }

    /// Shakes hands with `address` on `stream`. Nothing if it does not work out in time, or too many are at it. Who
    /// speaks without TLS gets the stream back in clear, to be told.
    pub async fn accept(&self, stream: Async<TcpStream>, address: IpAddr) -> Option<Stream> {
        let Some(_place) = self.places.take(address) else {
            log::warn("tls", "too many handshakes at once: one was refused");
            return None;
        };
        let shake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
                return Ok(Stream::Plain(stream));
            }
            Ok(Stream::Secure(Box::new(self.acceptor.accept(stream).await?)))
        };
        let done: Option<io::Result<Stream>> = within(HANDSHAKE_WITHIN, shake).await;
        match done {
            Some(Ok(stream)) => Some(stream),
            Some(Err(error)) => {
                log::debug("tls", format_args!("a handshake failed: {error}"));
                None
            }
            None => {
                log::debug("tls", "a handshake took too long");
                None
            }
        }
    }

    /// Shows for ever what is right: names, addresses, time and files change.
    pub async fn follow(self: Rc<Self>) {
        loop {
            Timer::after(PERIOD).await;
            let changed = match &mut *self.source.borrow_mut() {
                Source::Own(own) => match own.renew(own::now_s()) {
                    Ok(false) => continue,
                    Ok(true) => certified(own.identity()),
                    Err(why) => Err(why),
                },
                Source::Site(site) if site.has_changed() => site.read(),
                Source::Site(_) => continue,
            };
            match (changed, self.shown.0.write()) {
                (Ok(changed), Ok(mut shown)) => *shown = Arc::new(changed),
                (Err(why), _) => log::warn("tls", format_args!("the old certificate stays: {why}")),
                (_, Err(_)) => log::error("tls", "a fault of ours: the certificate cannot be changed"),
            }
        }
    }
}

/// What every connection begins with.
fn server(shown: Arc<Shown>) -> Result<ServerConfig, rustls::Error> {
    let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A handshake costs less than the memory of sessions that may never come back.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(server)
}

/// A certificate of ours as the library wants it.
fn certified(identity: Option<&Identity>) -> Result<CertifiedKey, String> {
    let Some(Identity { certificate, private_key }) = identity else { return Err("there is no certificate".into()) };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(private_key.clone()));
    CertifiedKey::from_der(vec![CertificateDer::from(certificate.clone())], key, &default_provider())
        .map_err(|error| format!("a certificate of ours is not understood: {error}"))
}
