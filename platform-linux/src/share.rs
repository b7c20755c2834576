//! The address that brings others into a room, as a text and as a picture for a phone's camera.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Request, Response, StatusCode};

use crate::answer::{Content, has_token, host, text, words};
use crate::trust::FORWARDED;
use crate::{addresses, qr};

/// The longest name of a room that is shared, in bytes; no room has a longer one.
const ROOM_BYTES: usize = 256;

/// Nothing at all: it is a picture.
const SECURITY_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Where others find the page.
pub struct Share {
    /// The page in clear.
    pub http: Option<SocketAddr>,
    /// The page with TLS.
    pub https: Option<SocketAddr>,
    /// Whether devices have to be told first how to trust this machine, which the page in clear does.
    pub is_explained: bool,
    /// Addresses of this machine as `media.address` names them.
    pub addresses: Vec<String>,
    /// Those that are not offered.
    pub ignored: Vec<String>,
}

impl Share {
    /// Answers a request for `/share?room=NAME`, the address as a text, and for `/share.svg?room=NAME`, its QR code.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response<Content>> {
        let is_picture = match request.uri().path() {
            "/share" => false,
            "/share.svg" => true,
            _ => return None,
        };
        let Some(address) = self.address(request) else {
            return Some(text(StatusCode::BAD_REQUEST, "It takes ?room=NAME and a Host.\n"));
        };
        if !is_picture {
            return Some(words(StatusCode::OK, address + "\n"));
        }
        let Some(picture) = qr::svg(&address) else {
            return Some(text(StatusCode::NOT_FOUND, "This build draws no codes.\n"));
        };
        let mut response = words(StatusCode::OK, picture);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SECURITY_POLICY));
        Some(response)
    }

    fn address<B>(&self, request: &Request<B>) -> Option<String> {
        let query = request.uri().query().unwrap_or_default();
        let (_, room) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "room")?;
        if room.is_empty() || room.len() > ROOM_BYTES {
            return None;
        }
        let rest = form_urlencoded::Serializer::for_suffix(String::from("?"), 1).append_pair("room", &room).finish();
        // Behind a proxy only the proxy's own name leads here.
        if has_token(request.headers(), FORWARDED, "https") {
            let authority = request.headers().get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
            return Some(format!("https://{authority}/{rest}"));
        }
        let (scheme, listener) = match (self.is_explained, self.http, self.https) {
            (true, Some(http), _) | (_, Some(http), None) => ("http", http),
            (_, _, https) => ("https", https?),
        };
        let host = self.host_for_others(host(request)?, listener);
        Some(format!("{scheme}://{host}:{}/{rest}", listener.port()))
    }

    /// `host`, if it means this machine to others, too; else one of its addresses that `listener` is reached by.
    fn host_for_others(&self, host: String, listener: SocketAddr) -> String {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_here = bare == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if !is_here {
            return host;
        }
        let known = addresses::resolve(&self.addresses, &self.ignored).unwrap_or_default();
        let own = listener.ip();
        let is_reached =
            |it: &IpAddr| !it.is_loopback() && (own == *it || own.is_unspecified() && (own.is_ipv6() || it.is_ipv4()));
        match known.into_iter().find(is_reached) {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            Some(address) => address.to_string(),
            None => host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(is_explained: bool) -> Share {
        Share {
            http: Some(([0, 0, 0, 0], 8088).into()),
            https: Some(([0, 0, 0, 0], 8443).into()),
            is_explained,
            addresses: vec!["127.0.0.1".into(), "192.168.1.5".into()],
            ignored: Vec::new(),
        }
    }

    fn asked(share: &Share, path: &str, host: &str, forwarded: &str) -> (u16, String) {
        let request = Request::get(path).header("host", host).header("x-forwarded-proto", forwarded);
        let response = share.answer(&request.body(()).unwrap()).unwrap();
        (response.status().as_u16(), String::from_utf8(response.into_body().0.unwrap().to_vec()).unwrap())
    }

    #[test]
    fn others_get_an_address_that_means_this_machine_to_them_too() {
        for (is_explained, host, forwarded, address) in [
            (true, "localhost:8088", "", "http://192.168.1.5:8088/?room=1234"),
            (true, "[::1]:8443", "", "http://192.168.1.5:8088/?room=1234"),
            (true, "parlor.local:8443", "", "http://parlor.local:8088/?room=1234"),
            (false, "meet.example.org:8443", "", "https://meet.example.org:8443/?room=1234"),
            (true, "meet.example.org", "https", "https://meet.example.org/?room=1234"),
        ] {
            let told = asked(&share(is_explained), "/share?room=1234", host, forwarded);
            assert_eq!(told, (200, format!("{address}\n")), "{host}");
        }
    }

    #[test]
    fn a_room_of_any_name_is_named_so_that_it_stays_one_value() {
        let (_, told) = asked(&share(true), "/share?room=a%26b%3Dc%20%3C", "10.0.0.1:8088", "");
        assert_eq!(told, "http://10.0.0.1:8088/?room=a%26b%3Dc+%3C\n");
        assert_eq!(asked(&share(true), "/share", "10.0.0.1", "").0, 400);
        assert_eq!(asked(&share(true), &format!("/share?room={}", "x".repeat(300)), "10.0.0.1", "").0, 400);
        let other = Request::get("/shares").body(()).unwrap();
        assert!(share(true).answer(&other).is_none());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_code_is_a_picture_that_does_nothing() {
        let (status, picture) = asked(&share(true), "/share.svg?room=1234", "10.0.0.1:8088", "");
        assert!(status == 200 && picture.starts_with("<svg ") && !picture.contains("script"), "{picture}");
    }
}
