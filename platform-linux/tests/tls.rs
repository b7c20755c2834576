//! HTTPS and WSS as a foreign client sees them.
#![cfg(feature = "tls")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::ring::default_provider;
use futures_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;

use common::{PATIENCE, Server, fetch};

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Handshakes that one address may have at once.
const OF_ONE: usize = 16;

/// Connects to `address` as to `name`, trusting the certificates of `pem`.
fn secure(address: SocketAddr, name: &str, pem: &str) -> Result<Secure, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let configuration = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(configuration), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(StreamOwned::new(connection, stream))
}

fn get(stream: &mut Secure, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn page_api_and_websocket_are_served_to_who_trusts_the_authority_and_no_other() {
    let server = Server::start(&[]);
    let (head, authority) = server.fetch("GET /trust/parlor.pem HTTP/1.1");
    assert!(head.contains("filename=\"parlor.pem\""), "{head}");
    for name in ["localhost", "parlor.local", "127.0.0.1"] {
        let page = get(&mut secure(server.https, name, &authority).unwrap(), "/");
        assert!(page.starts_with("HTTP/1.1 200") && page.ends_with("</html>\n"), "{name}: {page}");
    }
    let answer = get(&mut secure(server.https, "localhost", &authority).unwrap(), "/janus/info");
    assert!(answer.contains("server_info"), "{answer}");
    for (address, path) in [(server.https, "/"), (server.wss, "")] {
        let request = format!("wss://localhost{path}").into_client_request().unwrap();
        let stream = secure(address, "localhost", &authority).unwrap();
        let (mut client, _) = tungstenite::client(request, stream).unwrap();
        client.send(Message::text(r#"{"janus":"ping","transaction":"over-tls"}"#)).unwrap();
        assert!(client.read().unwrap().into_text().unwrap().contains("over-tls"));
    }
    assert!(secure(server.https, "parlor.example", &authority).is_err());
    let other = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    assert!(secure(server.https, "localhost", &other.cert.pem()).is_err());
}

#[test]
fn who_speaks_in_clear_is_sent_to_https() {
    let server = Server::start(&[]);
    let (head, _) = fetch(server.https, "GET /?room=7 HTTP/1.1", "");
    assert!(head.starts_with("HTTP/1.1 308") && head.contains("location: https://localhost/?room=7"), "{head}");
}

#[test]
fn handshakes_that_stand_still_keep_out_nobody_else_and_are_cut_off() {
    let server = Server::start(&[]);
    let start = Instant::now();
    let mut silent: Vec<_> = (0..OF_ONE).map(|_| TcpStream::connect(server.https).unwrap()).collect();
    for stream in &mut silent {
        // The beginning of a handshake.
        stream.write_all(&[22, 3, 1]).unwrap();
    }
    // One more of this address is refused, which is seen as an end or a reset.
    let mut one_more = TcpStream::connect(server.https).unwrap();
    one_more.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let end = one_more.read(&mut [0]);
    assert!(matches!(&end, Ok(0)) || end.as_ref().is_err_and(|e| e.kind() == ErrorKind::ConnectionReset), "{end:?}");
    // Clear HTTP is none of its business, and every silent one is cut off in time.
    assert!(server.fetch("GET / HTTP/1.1").0.starts_with("HTTP/1.1 200"));
    for stream in &mut silent {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.read(&mut [0]);
    }
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let (_, authority) = server.fetch("GET /trust/parlor.pem HTTP/1.1");
    assert!(secure(server.https, "localhost", &authority).is_ok());
}

#[test]
fn a_certificate_of_the_site_is_read_again_when_it_changes_and_nobody_is_cut_off() {
    let folder = std::env::temp_dir().join(format!("parlor-site-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let keep = |certificate: &str, key: &str| {
        fs::write(file("site.pem"), certificate).unwrap();
        fs::write(file("site.key"), key).unwrap();
    };
    let make = || rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let (first, second) = (make(), make());
    let (first_pem, second_pem) = (first.cert.pem(), second.cert.pem());
    keep(&first_pem, &first.key_pair.serialize_pem());
    let (certificate, key) = (format!("tls.certificate={}", file("site.pem")), format!("tls.key={}", file("site.key")));
    let server = Server::start(&[&certificate, &key]);
    assert!(server.fetch("GET /trust/parlor.pem HTTP/1.1").0.starts_with("HTTP/1.1 404"));
    let mut early = secure(server.https, "localhost", &first_pem).unwrap();
    // Half of a change, and something else altogether, leave the old one in place.
    fs::write(file("site.pem"), &second_pem).unwrap();
    thread::sleep(Duration::from_secs(3));
    assert!(secure(server.https, "localhost", &first_pem).is_ok());
    keep("no certificate", "no key");
    thread::sleep(Duration::from_secs(3));
    assert!(secure(server.https, "localhost", &first_pem).is_ok());
    keep(&second_pem, &second.key_pair.serialize_pem());
    let start = Instant::now();
    while secure(server.https, "localhost", &second_pem).is_err() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(100));
    }
    assert!(get(&mut early, "/").starts_with("HTTP/1.1 200"));
    fs::remove_dir_all(PathBuf::from(&folder)).unwrap();
}

#[test]
fn a_certificate_that_cannot_be_read_is_told_at_the_start() {
    let state = std::env::temp_dir().join(format!("parlor-no-site-{}", std::process::id()));
    let options = ["tls.certificate=/nowhere/site.pem", "log.level=error"];
    let media = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = common::parlor(media, &state, &options).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && words.contains("tls.certificate: /nowhere/site.pem cannot be read"), "{words}");
}
