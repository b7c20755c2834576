//! The connection to the broker: MQTT 5 over TCP, with TLS where the URL says so. Packets are read and written by
//! `rumqttc`'s codec, which knows no socket.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use rumqttc::v5::mqttbytes::v5::{ConnAck, Connect, ConnectProperties, ConnectReturnCode, LastWill, Login, Packet};
use rumqttc::v5::mqttbytes::{Error, QoS};
use smol::io::{AsyncRead, AsyncWrite};

use crate::config;
use crate::url::Url;

/// The largest packet that is taken or sent.
const PACKET_BYTES: u32 = 256 * 1024;

/// The most that waits to be sent before the broker counts as stuck.
const WAITING_BYTES: usize = 1 << 20;

/// What is read at once.
const READ_BYTES: usize = 16 * 1024;

/// How often the broker hears of us at least, in seconds. It hears more often.
const KEEP_ALIVE_S: u16 = 2;

/// Why a connection is over that the broker ended.
const ENDED: &str = "it ended the connection";

/// How to connect.
pub(super) struct Settings {
    url: Url,
    login: Option<Login>,
    tls: Option<TlsConnector>,
}

/// A connection on which the broker said that it serves us.
pub(super) struct Broker {
    stream: Box<dyn Stream>,
    /// The address by which we reach it.
    local: IpAddr,
    incoming: BytesMut,
    outgoing: BytesMut,
    is_flushed: bool,
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl Settings {
    /// What a configuration says; the error is a sentence for the operator.
    pub(super) fn of(cluster: &config::Cluster) -> Result<Self, String> {
        let url =
            Url::parse(&cluster.broker).map_err(|()| format!("cluster.broker: {:?} is no address", cluster.broker))?;
        let tls = (url.scheme == "mqtts").then(|| connector(Path::new(&cluster.ca))).transpose()?;
        let login = (!cluster.username.is_empty()).then(|| Login::new(&cluster.username, &cluster.password));
        Ok(Self { url, login, tls })
    }

    /// Connects as the client `name`. When the connection is lost, the broker shall keep nothing at the topic `will`,
    /// and say so.
    pub(super) async fn connect(&self, name: &str, will: String) -> Result<Broker, String> {
        let tcp = self.url.connect().await?;
        // What is said twice a second should not wait for more.
        let _ = tcp.get_ref().set_nodelay(true);
        let local = tcp.get_ref().local_addr().map_err(|error| error.to_string())?.ip();
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::try_from(self.url.host.clone()).map_err(|error| error.to_string())?;
                Box::new(tls.connect(name, tcp).await.map_err(|error| error.to_string())?)
            }
        };
        let (incoming, outgoing) = (BytesMut::new(), BytesMut::new());
        let mut broker = Broker { stream, local, incoming, outgoing, is_flushed: true };
        let properties = ConnectProperties { max_packet_size: Some(PACKET_BYTES), ..ConnectProperties::new() };
        let connect = Connect {
            keep_alive: KEEP_ALIVE_S,
            client_id: name.into(),
            clean_start: true,
            properties: Some(properties),
        };
        let will = LastWill::new(will, Vec::new(), QoS::AtMostOnce, true, None);
        broker.send(&Packet::Connect(connect, Some(will), self.login.clone()))?;
        match broker.next().await? {
            Packet::ConnAck(ConnAck { code: ConnectReturnCode::Success, .. }) => Ok(broker),
            Packet::ConnAck(ConnAck { code, .. }) => Err(format!("it refuses us: {code:?}")),
            _ => Err("it does not speak MQTT 5".into()),
        }
    }
}

impl Broker {
    /// The address by which we reach it: by that others reach us.
    pub(super) fn local(&self) -> IpAddr {
        self.local
    }

    /// Has `packet` leave with the next call of [`Self::next`].
    pub(super) fn send(&mut self, packet: &Packet) -> Result<(), String> {
        packet.write(&mut self.outgoing, Some(PACKET_BYTES)).map_err(|error| error.to_string())?;
        match self.outgoing.len() > WAITING_BYTES {
            true => Err("it does not read".into()),
            false => Ok(()),
        }
    }

    /// Sends what waits and gives what comes next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Packet, String> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Packet, String>> {
        if let Poll::Ready(Err(error)) = self.poll_send(context) {
            return Poll::Ready(Err(error.to_string()));
        }
        loop {
            match Packet::read(&mut self.incoming, Some(PACKET_BYTES)) {
                Ok(packet) => return Poll::Ready(Ok(packet)),
                Err(Error::InsufficientBytes(_)) => {}
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
            let mut buffer = [0; READ_BYTES];
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
                Ok(len) if len > 0 => self.incoming.extend_from_slice(&buffer[..len]),
                Ok(_) => return Poll::Ready(Err(ENDED.into())),
                // It ended without TLS' own way of saying so.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Poll::Ready(Err(ENDED.into())),
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while !self.outgoing.is_empty() {
            let len = ready!(Pin::new(&mut self.stream).poll_write(context, &self.outgoing))?;
            self.outgoing.advance(len);
            self.is_flushed = false;
        }
        if !self.is_flushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// Trusts the authorities in the file `ca`, and nobody else.
fn connector(ca: &Path) -> Result<TlsConnector, String> {
    let sentence = |why: String| format!("cluster.ca: {}: {why}", ca.display());
    let text = std::fs::read(ca).map_err(|error| sentence(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let parts = pem::parse_many(text).map_err(|error| sentence(error.to_string()))?;
    for part in parts.into_iter().filter(|part| part.tag() == "CERTIFICATE") {
        let certificate = CertificateDer::from(part.into_contents());
        roots.add(certificate).map_err(|error| sentence(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(sentence("no certificate is in it".into()));
    }
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| sentence(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(client)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use parlor_core::random::Random;
    use rumqttc::v5::mqttbytes::v5::{Publish, PublishProperties};

    use super::*;
    use crate::random::SystemSource;

    /// A packet as a broker sends it.
    fn published() -> BytesMut {
        let properties = PublishProperties { message_expiry_interval: Some(30), ..PublishProperties::default() };
        let publish = Publish::new("parlor/1/box/b", QoS::AtMostOnce, "0123456789abcdef", Some(properties));
        let mut bytes = BytesMut::new();
        Packet::Publish(publish).write(&mut bytes, None).unwrap();
        bytes
    }

    /// What comes of connecting to a broker that answers so.
    fn connected(answer: &'static [u8]) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let broker = format!("mqtt://{}", listener.local_addr().unwrap());
        let settings = Settings::of(&config::Cluster { broker, username: "a".into(), ..Default::default() }).unwrap();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut said = vec![0; 512];
            let len = stream.read(&mut said).unwrap();
            stream.write_all(answer).unwrap();
            Packet::read(&mut BytesMut::from(&said[..len]), None).unwrap()
        });
        let outcome = smol::block_on(settings.connect("parlor-a", "parlor/1/box/a".into()));
        let Packet::Connect(connect, Some(will), Some(_)) = serving.join().unwrap() else { panic!("no connect") };
        assert!(connect.clean_start && will.retain && will.message.is_empty(), "{will:?}");
        outcome.map(|broker| assert!(broker.local().is_loopback()))
    }

    #[test]
    fn a_broker_that_lets_nobody_in_or_speaks_something_else_is_a_sentence() {
        assert_eq!(connected(&[0x20, 3, 0, 0, 0]), Ok(()));
        assert_eq!(connected(&[0x20, 3, 0, 0x86, 0]), Err("it refuses us: BadUserNamePassword".into()));
        assert_eq!(connected(&[0xd0, 0]), Err("it does not speak MQTT 5".into()));
        assert_eq!(connected(&[]), Err(ENDED.into()));
        assert!(connected(b"HTTP/1.1 400 Bad Request\r\n\r\n").is_err());
    }

    #[test]
    fn an_authority_that_cannot_be_read_is_a_sentence() {
        let cluster = |ca: &str| config::Cluster { broker: "mqtts://b".into(), ca: ca.into(), ..Default::default() };
        let why = |ca| Settings::of(&cluster(ca)).map(|_| ()).unwrap_err();
        assert!(why("/nowhere/ca.pem").starts_with("cluster.ca: /nowhere/ca.pem: "));
        assert!(why(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).ends_with("no certificate is in it"));
    }

    #[test]
    fn whatever_a_broker_says_is_a_packet_or_the_end() {
        let mut random = SystemSource::new();
        for round in 0..200_000 {
            let mut bytes = published();
            let len = 1 + random.u32() as usize % 40;
            match round % 3 {
                // Noise, a packet with noise in it, a packet that says another length or kind.
                0 => {
                    bytes.resize(len, 0);
                    random.fill(&mut bytes);
                }
                1 => {
                    let at = random.u32() as usize % bytes.len();
                    bytes[at] = random.u32() as u8;
                }
                _ => {
                    bytes[0] = random.u32() as u8;
                    bytes.truncate(len + 2);
                    bytes[1] = len as u8;
                }
            }
            let said = bytes.clone();
            let read = std::panic::catch_unwind(|| Packet::read(&mut said.clone(), Some(PACKET_BYTES)).is_ok());
            assert!(read.is_ok(), "{bytes:?}");
        }
    }
}
