//! The engine `webrtc-dtls`.
//!
//! The library wants a tokio context and about 39 kB a connection. Once the keys are out, little is left to do: a lost
//! last flight is sent again (the library leaves that out), the peer's alerts are read, and a close_notify is kept
//! ready. So an established connection sleeps, in about 1.3 kB by resident size, and is woken when an alert arrives.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use async_compat::Compat;
use parlor_core::link::{Fingerprint, HandshakeFailure, MasterKey, Role, SrtpKeys, SrtpProfile};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use smol::Timer;
use smol::future::or;
use webrtc_dtls::config::{ClientAuthType, Config, ExtendedMasterSecretType};
use webrtc_dtls::conn::DTLSConn;
use webrtc_dtls::crypto::{Certificate, CryptoPrivateKey, CryptoPrivateKeyKind};
use webrtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use webrtc_dtls::state::State;
use webrtc_util::{Conn, KeyingMaterialExporter};

use super::engine::{Engine, Output};
use crate::identity::{self, Identity};

/// How long an answer is waited for before a flight is sent again.
const RETRANSMISSION: Duration = Duration::from_millis(250);

/// Datagrams that wait for the library, or for us, at most.
const DATAGRAMS: usize = 64;

/// What a handshake may take in, retransmissions included. The library would keep up to 2 MB of fragments.
const HANDSHAKE_BYTES: usize = 256 << 10;

/// How long a woken connection listens. It sleeps again as long at least: a flood of false alerts costs little.
const AWAKE: Duration = Duration::from_millis(500);

const CONTENT_CHANGE_CIPHER_SPEC: u8 = 20;
const CONTENT_ALERT: u8 = 21;
const CONTENT_HANDSHAKE: u8 = 22;

/// Makes engines that share a certificate.
pub(super) struct Factory {
    certificate: Arc<Certificate>,
}

impl Factory {
    pub(super) fn new(identity: &Identity) -> Result<Self, String> {
        // The library's timers have a thread, which async-compat starts at first use: not in the middle of a meeting.
        smol::block_on(Compat::new(async {}));
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &identity.private_key, &SystemRandom::new())
                .map_err(|error| format!("the key of the certificate cannot be used: {error}"))?;
        let private_key = CryptoPrivateKey {
            kind: CryptoPrivateKeyKind::Ecdsa256(key),
            serialized_der: identity.private_key.clone(),
        };
        let certificate = vec![identity.certificate.clone().into()];
        Ok(Self { certificate: Arc::new(Certificate { certificate, private_key }) })
    }

    /// Begins a handshake. A server is given the one profile that it shall take.
    pub(super) fn start(&self, role: Role, profiles: &[SrtpProfile], promised: Fingerprint) -> Box<dyn Engine> {
        let verdict = Arc::new(Verdict::default());
        let config = self.config(profiles, promised, &verdict);
        let wire = Arc::new(Wire::default());
        let driver = handshake(Arc::clone(&wire), config, role, verdict);
        Box::new(Webrtc {
            role,
            certificate: Arc::clone(&self.certificate),
            input_bytes: 0,
            outputs: VecDeque::new(),
            phase: Phase::Handshake(Running::new(wire, driver)),
        })
    }

    fn config(&self, profiles: &[SrtpProfile], promised: Fingerprint, verdict: &Arc<Verdict>) -> Config {
        let verdict = Arc::clone(verdict);
        let profiles = profiles.iter().map(|profile| match profile {
            SrtpProfile::Aes128CmSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
            SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        });
        Config {
            certificates: vec![Certificate::clone(&self.certificate)],
            srtp_protection_profiles: profiles.collect(),
            client_auth: ClientAuthType::RequireAnyClientCert,
            extended_master_secret: ExtendedMasterSecretType::Require,
            flight_interval: RETRANSMISSION,
            // No authority has signed it: the fingerprint below is the proof (RFC 5763 section 5).
            insecure_skip_verify: true,
            verify_peer_certificate: Some(Arc::new(move |chain, _| verdict.judge(chain, promised))),
            ..Config::default()
        }
    }
}

/// What became of the peer's certificate.
#[derive(Default)]
struct Verdict {
    right: AtomicBool,
    wrong: AtomicBool,
}

impl Verdict {
    fn judge(&self, chain: &[Vec<u8>], promised: Fingerprint) -> Result<(), webrtc_dtls::Error> {
        if chain.first().is_some_and(|certificate| identity::fingerprint(certificate) == promised) {
            self.right.store(true, Ordering::Release);
            Ok(())
        } else {
            self.wrong.store(true, Ordering::Release);
            Err(webrtc_dtls::Error::Other("not the certificate that was promised".into()))
        }
    }
}

/// One connection.
struct Webrtc {
    role: Role,
    certificate: Arc<Certificate>,
    input_bytes: usize,
    outputs: VecDeque<Output>,
    phase: Phase,
}

enum Phase {
    Handshake(Running<Result<(SrtpKeys, Asleep), HandshakeFailure>>),
    Awake(Running<Option<Box<[u8]>>>, Asleep),
    Asleep(Asleep),
    Over,
}

/// What is left of an established connection.
struct Asleep {
    /// As the library writes it.
    state: Box<[u8]>,
    /// A server's last flight: if it is lost, the client sends its own again.
    last_flight: Box<[u8]>,
    close_notify: Box<[u8]>,
    woken: Option<Instant>,
}

/// A future of the library and the datagrams between it and us.
struct Running<T> {
    wire: Arc<Wire>,
    driver: Pin<Box<dyn Future<Output = T> + Send>>,
}

impl<T> Running<T> {
    fn new(wire: Arc<Wire>, driver: impl Future<Output = T> + Send + 'static) -> Self {
        Self { wire, driver: Box::pin(Compat::new(driver)) }
    }

    /// Runs it; what it sends is added to `outputs`.
    fn poll(&mut self, context: &mut Context<'_>, outputs: &mut VecDeque<Output>) -> Poll<T> {
        self.wire.lock().sender = Some(context.waker().clone());
        let result = self.driver.as_mut().poll(context);
        outputs.extend(self.wire.lock().outgoing.drain(..).map(Output::Datagram));
        result
    }
}

impl Engine for Webrtc {
    fn input(&mut self, datagram: &[u8]) {
        let kind = datagram.first().copied().unwrap_or_default();
        match &mut self.phase {
            Phase::Handshake(running) => {
                self.input_bytes += datagram.len();
                if self.input_bytes <= HANDSHAKE_BYTES {
                    running.wire.give(datagram);
                } else {
                    self.phase = Phase::Over;
                    self.outputs.push_back(Output::Failed(HandshakeFailure::Protocol));
                }
            }
            Phase::Awake(running, _) if kind == CONTENT_ALERT => running.wire.give(datagram),
            Phase::Awake(_, asleep) | Phase::Asleep(asleep)
                if matches!(kind, CONTENT_HANDSHAKE | CONTENT_CHANGE_CIPHER_SPEC) && !asleep.last_flight.is_empty() =>
            {
                self.outputs.push_back(Output::Datagram(asleep.last_flight.to_vec()));
            }
            Phase::Asleep(asleep)
                if kind == CONTENT_ALERT && asleep.woken.is_none_or(|woken| woken.elapsed() >= 2 * AWAKE) =>
            {
                self.wake(datagram);
            }
            _ => {}
        }
    }

    fn poll_output(&mut self, context: &mut Context<'_>) -> Poll<Output> {
        match &mut self.phase {
            Phase::Handshake(running) => match running.poll(context, &mut self.outputs) {
                Poll::Ready(Ok((keys, asleep))) => {
                    self.phase = Phase::Asleep(asleep);
                    self.outputs.push_back(Output::Secured(keys));
                }
                Poll::Ready(Err(failure)) => {
                    self.phase = Phase::Over;
                    self.outputs.push_back(Output::Failed(failure));
                }
                Poll::Pending => {}
            },
            Phase::Awake(running, _) => {
                if let Poll::Ready(state) = running.poll(context, &mut self.outputs) {
                    self.sleep(state);
                }
            }
            Phase::Asleep(_) | Phase::Over => {}
        }
        let Some(output) = self.outputs.pop_front() else { return Poll::Pending };
        if self.is_idle() {
            self.outputs.shrink_to_fit();
        }
        Poll::Ready(output)
    }

    fn is_idle(&self) -> bool {
        self.outputs.is_empty() && matches!(self.phase, Phase::Asleep(_) | Phase::Over)
    }

    fn close_notify(&self) -> Option<&[u8]> {
        match &self.phase {
            Phase::Asleep(asleep) | Phase::Awake(_, asleep) => Some(&asleep.close_notify),
            Phase::Handshake(_) | Phase::Over => None,
        }
    }
}

impl Webrtc {
    /// Lets the library read `datagram` as the connection that it was.
    fn wake(&mut self, datagram: &[u8]) {
        let Phase::Asleep(mut asleep) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        asleep.woken = Some(Instant::now());
        let config = Config {
            certificates: vec![Certificate::clone(&self.certificate)],
            insecure_skip_verify: true,
            ..Config::default()
        };
        let wire = Arc::new(Wire::default());
        wire.give(datagram);
        let driver = listen(Arc::clone(&wire), config, self.role, asleep.state.clone());
        self.phase = Phase::Awake(Running::new(wire, driver), asleep);
    }

    /// Ends what [`Self::wake`] began: with the state to keep, or `None` if the peer is gone.
    fn sleep(&mut self, state: Option<Box<[u8]>>) {
        let Phase::Awake(_, mut asleep) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        match state {
            Some(state) => {
                asleep.state = state;
                self.phase = Phase::Asleep(asleep);
            }
            None => self.outputs.push_back(Output::Closed),
        }
    }
}

/// A handshake to its end.
async fn handshake(
    wire: Arc<Wire>,
    config: Config,
    role: Role,
    verdict: Arc<Verdict>,
) -> Result<(SrtpKeys, Asleep), HandshakeFailure> {
    let connection = DTLSConn::new(Arc::clone(&wire) as _, config, role == Role::Client, None).await;
    if verdict.wrong.load(Ordering::Acquire) || (connection.is_ok() && !verdict.right.load(Ordering::Acquire)) {
        return Err(HandshakeFailure::Certificate);
    }
    let connection = connection.map_err(|_| HandshakeFailure::Protocol)?;
    established(&connection, &wire, role).await.ok_or(HandshakeFailure::Protocol)
}

/// Keys and remains of a connection whose handshake is done; `None` if the peer chose no profile of ours.
async fn established(connection: &DTLSConn, wire: &Wire, role: Role) -> Option<(SrtpKeys, Asleep)> {
    let profile = match connection.selected_srtpprotection_profile() {
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => SrtpProfile::Aes128CmSha1_80,
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => SrtpProfile::AeadAes128Gcm,
        _ => return None,
    };
    let material = connection
        .connection_state()
        .await
        .export_keying_material("EXTRACTOR-dtls_srtp", &[], 2 * (16 + profile.salt_bytes()))
        .await
        .ok()?;
    let keys = srtp_keys(profile, role, &material)?;
    wire.lock().keep = true;
    let _ = connection.close().await;
    let close_notify = wire.lock().kept.take().unwrap_or_default();
    let state = connection.connection_state().await.marshal_binary().await.ok()?.into();
    let last_flight = wire.lock().last_flight.take().filter(|_| role == Role::Server).unwrap_or_default();
    Some((keys, Asleep { state, last_flight, close_notify, woken: None }))
}

/// Keys from the exporter: the client's key, the server's, the client's salt, the server's (RFC 5764 section 4.2).
fn srtp_keys(profile: SrtpProfile, role: Role, material: &[u8]) -> Option<SrtpKeys> {
    let (keys, salts) = material.split_at_checked(32)?;
    let key = |side: usize| {
        let mut master = MasterKey { key: [0; 16], salt: [0; 14] };
        master.key.copy_from_slice(&keys[16 * side..][..16]);
        let len = profile.salt_bytes();
        master.salt[..len].copy_from_slice(salts.get(len * side..len * (side + 1))?);
        Some(master)
    };
    let (client, server) = (key(0)?, key(1)?);
    Some(match role {
        Role::Client => SrtpKeys { profile, local: client, remote: server },
        Role::Server => SrtpKeys { profile, local: server, remote: client },
    })
}

/// Reads what arrives for a while: the state to go on with, or `None` if the peer ended the connection.
async fn listen(wire: Arc<Wire>, config: Config, role: Role, old: Box<[u8]>) -> Option<Box<[u8]>> {
    let mut state = State::default();
    state.unmarshal_binary(&old).await.ok()?;
    let connection = DTLSConn::new(wire, config, role == Role::Client, Some(state)).await.ok()?;
    let ended = async {
        // Application data has no reader yet.
        while connection.read(&mut [0; 2048], None).await.is_ok() {}
        true
    };
    let waited = async {
        Timer::after(AWAKE).await;
        false
    };
    if or(ended, waited).await {
        return None;
    }
    connection.connection_state().await.marshal_binary().await.ok().map(Into::into)
}

/// What the library takes for a socket.
#[derive(Default)]
struct Wire {
    ends: Mutex<Ends>,
}

#[derive(Default)]
struct Ends {
    incoming: VecDeque<Vec<u8>>,
    outgoing: VecDeque<Vec<u8>>,
    receiver: Option<Waker>,
    sender: Option<Waker>,
    /// What the library sent last that began with a ChangeCipherSpec: a server's last flight.
    last_flight: Option<Box<[u8]>>,
    /// From here on what the library sends is kept instead: it is our close_notify.
    keep: bool,
    kept: Option<Box<[u8]>>,
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a datagram to the library. One too many is dropped: DTLS sends again.
    fn give(&self, datagram: &[u8]) {
        let mut ends = self.lock();
        if ends.incoming.len() < DATAGRAMS {
            ends.incoming.push_back(datagram.to_vec());
        }
        if let Some(waker) = ends.receiver.take() {
            waker.wake();
        }
    }

    /// The next datagram for the library. It never fails: the library's reader would spin on an error.
    async fn next(&self, buffer: &mut [u8]) -> usize {
        poll_fn(|context| {
            let mut ends = self.lock();
            while let Some(datagram) = ends.incoming.pop_front() {
                if let Some(room) = buffer.get_mut(..datagram.len()) {
                    room.copy_from_slice(&datagram);
                    return Poll::Ready(datagram.len());
                }
            }
            ends.receiver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[async_trait::async_trait]
impl Conn for Wire {
    async fn connect(&self, _: SocketAddr) -> webrtc_util::Result<()> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> webrtc_util::Result<usize> {
        Ok(self.next(buffer).await)
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> webrtc_util::Result<(usize, SocketAddr)> {
        Ok((self.next(buffer).await, SocketAddr::from(([0; 4], 0))))
    }

    async fn send(&self, datagram: &[u8]) -> webrtc_util::Result<usize> {
        let mut ends = self.lock();
        if ends.keep {
            ends.kept = Some(datagram.into());
            return Ok(datagram.len());
        }
        if datagram.first() == Some(&CONTENT_CHANGE_CIPHER_SPEC) {
            ends.last_flight = Some(datagram.into());
        }
        if ends.outgoing.len() < DATAGRAMS {
            ends.outgoing.push_back(datagram.to_vec());
        }
        if let Some(waker) = ends.sender.take() {
            waker.wake();
        }
        Ok(datagram.len())
    }

    async fn send_to(&self, datagram: &[u8], _: SocketAddr) -> webrtc_util::Result<usize> {
        self.send(datagram).await
    }

    fn local_addr(&self) -> webrtc_util::Result<SocketAddr> {
        Ok(SocketAddr::from(([0; 4], 0)))
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::from(([0; 4], 0)))
    }

    async fn close(&self) -> webrtc_util::Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}
