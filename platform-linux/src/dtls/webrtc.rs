//! The engine `webrtc-dtls`.
//!
//! The library wants a tokio context and about 39 kB a connection. Once the keys are out, little is left to do: a lost
//! last flight is sent again (the library leaves that out), the peer's alerts are read, and a close_notify is kept
//! ready. So an established connection sleeps, in about 1.3 kB by resident size, and is woken when an alert arrives.
//! One that carries data keeps its keys instead ([`Records`]).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
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
use webrtc_util::KeyingMaterialExporter;

use super::engine::{Engine, Output};
use super::records::{CONTENT_ALERT, CONTENT_DATA, Records};
use super::wire::{CONTENT_CHANGE_CIPHER_SPEC, Wire};
use crate::identity::{self, Identity};
use crate::log;

/// How long an answer is waited for before a flight is sent again.
const RETRANSMISSION: Duration = Duration::from_millis(250);

/// What a handshake may take in, retransmissions included. The library would keep up to 2 MB of fragments.
const HANDSHAKE_BYTES: usize = 256 << 10;

/// How long a woken connection listens. It sleeps again as long at least: a flood of false alerts costs little.
const AWAKE: Duration = Duration::from_millis(500);

/// Datagrams of application data that are kept until the handshake is done here, too.
const EARLY_DATAGRAMS: usize = 8;

const CONTENT_HANDSHAKE: u8 = 22;

/// The alert close_notify, as a warning (RFC 5246 section 7.2.1).
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
const FATAL: u8 = 2;

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
            carries: false,
            early: Vec::new(),
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
    /// Whether application data shall pass.
    carries: bool,
    /// Application data that came before the handshake was done.
    early: Vec<Box<[u8]>>,
    phase: Phase,
}

enum Phase {
    Handshake(Running<Result<(SrtpKeys, Asleep), HandshakeFailure>>),
    Awake(Running<Option<Box<[u8]>>>, Asleep),
    Asleep(Asleep),
    Open(Box<Open>),
    Over,
}

/// What an established connection is that carries data.
struct Open {
    records: Records,
    last_flight: Box<[u8]>,
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
            Phase::Handshake(_) if kind == CONTENT_DATA => self.keep(datagram),
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
            Phase::Open(open)
                if matches!(kind, CONTENT_HANDSHAKE | CONTENT_CHANGE_CIPHER_SPEC) && !open.last_flight.is_empty() =>
            {
                self.outputs.push_back(Output::Datagram(open.last_flight.to_vec()));
            }
            Phase::Open(_) => self.read(datagram),
            _ => {}
        }
    }

    fn poll_output(&mut self, context: &mut Context<'_>) -> Poll<Output> {
        match &mut self.phase {
            Phase::Handshake(running) => match running.poll(context, &mut self.outputs) {
                Poll::Ready(Ok((keys, asleep))) => {
                    self.outputs.push_back(Output::Secured(keys));
                    self.settle(asleep);
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
            Phase::Asleep(_) | Phase::Open(_) | Phase::Over => {}
        }
        let Some(output) = self.outputs.pop_front() else { return Poll::Pending };
        if self.is_idle() {
            self.outputs.shrink_to_fit();
        }
        Poll::Ready(output)
    }

    fn is_idle(&self) -> bool {
        self.outputs.is_empty() && matches!(self.phase, Phase::Asleep(_) | Phase::Open(_) | Phase::Over)
    }

    fn carry(&mut self) {
        self.carries = true;
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Asleep(asleep) => self.settle(asleep),
            phase => self.phase = phase,
        }
    }

    fn seal(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        match &mut self.phase {
            Phase::Open(open) => open.records.seal(CONTENT_DATA, data),
            _ => None,
        }
    }

    fn close_notify(&mut self) -> Option<Vec<u8>> {
        match &mut self.phase {
            Phase::Asleep(asleep) | Phase::Awake(_, asleep) => Some(asleep.close_notify.to_vec()),
            Phase::Open(open) => open.records.seal(CONTENT_ALERT, &CLOSE_NOTIFY),
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
                self.settle(asleep);
            }
            None => self.outputs.push_back(Output::Closed),
        }
    }

    /// What an established connection is from now on: asleep, or open for data.
    fn settle(&mut self, asleep: Asleep) {
        let records = if self.carries { Records::of_state(&asleep.state, self.role) } else { None };
        let Some(records) = records else {
            if self.carries {
                log::warn("dtls", "a peer without AES-GCM has no data channels");
            }
            self.phase = Phase::Asleep(asleep);
            return;
        };
        self.phase = Phase::Open(Box::new(Open { records, last_flight: asleep.last_flight }));
        for datagram in std::mem::take(&mut self.early) {
            self.read(&datagram);
        }
    }

    /// Keeps application data until the handshake is done.
    fn keep(&mut self, datagram: &[u8]) {
        if self.carries && self.early.len() < EARLY_DATAGRAMS {
            self.early.push(datagram.into());
        }
    }

    /// Reads the records of an open connection.
    fn read(&mut self, datagram: &[u8]) {
        let Phase::Open(open) = &mut self.phase else { return };
        for (content_type, content) in open.records.open(datagram) {
            match (content_type, &content[..]) {
                (CONTENT_DATA, _) => self.outputs.push_back(Output::Data(content)),
                (CONTENT_ALERT, [level, description]) if *level == FATAL || *description == CLOSE_NOTIFY[1] => {
                    let answer = open.records.seal(CONTENT_ALERT, &CLOSE_NOTIFY);
                    self.outputs.extend(answer.map(Output::Datagram));
                    self.outputs.push_back(Output::Closed);
                    self.phase = Phase::Over;
                    return;
                }
                _ => {}
            }
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
    let connection = connection.map_err(|why| {
        log::debug("dtls", format_args!("a handshake failed: {why}"));
        HandshakeFailure::Protocol
    })?;
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
