//! The page that explains how a device comes to trust this machine, and what it takes for it.

use std::net::IpAddr;
use std::rc::Rc;

use base64ct::{Base64, Encoding};
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use ring::digest;

use crate::answer::{Content, has_token, host, text};
use crate::tls::{LocalName, Tls};

const ENGLISH: &str = include_str!("../trust/en.html");
const CHINESE: &str = include_str!("../trust/zh.html");
const STYLE: &str = include_str!("../trust/style.css");
const PROFILE: &str = include_str!("../trust/parlor.mobileconfig");

/// Nothing but its own style.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// How a proxy says what the browser spoke with it.
pub const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What others need to know.
pub struct Trust {
    authority: Option<Certificate>,
    local: Rc<LocalName>,
    port: u16,
}

/// The certificate of the authority.
struct Certificate {
    name: String,
    der: Vec<u8>,
    fingerprint: [u8; 32],
}

impl Trust {
    /// Of what `tls` shows at `port` of a machine called `local`.
    pub fn new(tls: &Tls, local: &Rc<LocalName>, port: u16) -> Self {
        let authority = tls.authority().map(|(name, der)| {
            let (name, der) = (name.to_owned(), der.to_vec());
            Certificate { name, fingerprint: fingerprint(&der), der }
        });
        Self { authority, local: Rc::clone(local), port }
    }

    /// The fingerprint of the authority, as people compare it.
    pub fn fingerprint(&self) -> Option<String> {
        self.authority.as_ref().map(Certificate::fingerprint)
    }

    /// Answers a request for what is below `/trust`, and one for the conference page by which it would be of no use:
    /// browsers give camera and microphone to nothing that came in clear from another machine.
    pub fn answer<B>(
        &self,
        request: &Request<B>,
        is_secure: bool,
        address: Option<IpAddr>,
    ) -> Option<Response<Content>> {
        let path = request.uri().path();
        let is_here = address.is_none_or(|address| address.is_loopback());
        // A proxy may have spoken TLS with the browser.
        let is_proxied = has_token(request.headers(), FORWARDED, "https");
        match path {
            "/" | "/index.html" if !is_secure && !is_here && !is_proxied => {}
            "/trust" | "/trust/" | "/trust/en" | "/trust/zh" => {}
            "/trust/style.css" => return Some(file(STYLE.into(), "text/css; charset=utf-8", None)),
            _ => return self.download(path.strip_prefix("/trust/")?),
        }
        let is_chinese = match path {
            "/trust/en" => false,
            "/trust/zh" => true,
            _ => prefers_chinese(request.headers().get(header::ACCEPT_LANGUAGE)),
        };
        let words = if is_chinese { CHINESE } else { ENGLISH };
        Some(file(self.page(words, request), "text/html; charset=utf-8", None))
    }

    fn download(&self, name: &str) -> Option<Response<Content>> {
        let authority = self.authority.as_ref()?;
        Some(match name {
            "parlor.pem" => file(authority.pem().into(), "application/x-pem-file", Some("parlor.pem")),
            "parlor.crt" => file(authority.der.clone().into(), "application/x-x509-ca-cert", Some("parlor.crt")),
            "parlor.mobileconfig" => {
                // Not as an attachment: Safari asks at once whether the profile may be installed.
                file(authority.profile().into(), "application/x-apple-aspen-config", None)
            }
            _ => return None,
        })
    }

    fn page<B>(&self, words: &str, request: &Request<B>) -> Bytes {
        let uri = request.uri();
        let rest = match uri.path() {
            "/" => uri.path_and_query().map_or("/", |rest| rest.as_str()),
            _ => "/",
        };
        let mut hosts = Vec::from_iter(host(request));
        let local = self.local.get();
        if !hosts.contains(&local) {
            hosts.push(local);
        }
        let mut links = String::new();
        for (index, host) in hosts.iter().enumerate() {
            let address = escaped(&format!("https://{host}:{}{rest}", self.port));
            let kind = if index == 0 { "button first" } else { "button" };
            links += &format!("<a class=\"{kind}\" href=\"{address}\">{address}</a>\n");
        }
        let page = words.replace("{{links}}", &links);
        let Some(authority) = &self.authority else { return without_authority(&page).into() };
        page.replace("{{name}}", &escaped(&authority.name)).replace("{{fingerprint}}", &authority.fingerprint()).into()
    }
}

impl Certificate {
    fn fingerprint(&self) -> String {
        self.fingerprint.map(|byte| format!("{byte:02X}")).join(":")
    }

    fn pem(&self) -> String {
        pem::encode(&pem::Pem::new("CERTIFICATE", self.der.clone()))
    }

    /// A configuration profile as Apple's devices take it. One of the same authority replaces the one before.
    fn profile(&self) -> String {
        let number: String = self.fingerprint[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        PROFILE
            .replace("{{number}}", &number)
            .replace("{{name}}", &escaped(&self.name))
            .replace("{{profile}}", &uuid(&self.fingerprint[..16]))
            .replace("{{certificate}}", &uuid(&self.fingerprint[16..]))
            .replace("{{content}}", &Base64::encode_string(&self.der))
    }
}

/// What somebody gets who speaks without TLS where there is TLS.
pub fn moved<B>(request: &Request<B>) -> Response<Content> {
    let authority = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let rest = request.uri().path_and_query().map_or("/", |rest| rest.as_str());
    let location = authority.map(|authority| HeaderValue::try_from(format!("https://{authority}{rest}")));
    let mut response = text(StatusCode::BAD_REQUEST, "This port speaks HTTPS.\n");
    if let (Some(Ok(location)), &Method::GET | &Method::HEAD) = (location, request.method()) {
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The SHA-256 fingerprint of a certificate.
fn fingerprint(der: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    bytes
}

/// Whether the first language that `accepted` names is Chinese.
fn prefers_chinese(accepted: Option<&HeaderValue>) -> bool {
    let accepted = accepted.and_then(|languages| languages.to_str().ok()).unwrap_or_default();
    accepted.trim_start().to_ascii_lowercase().starts_with("zh")
}

/// `page` for a site with a certificate of its own.
fn without_authority(page: &str) -> String {
    let (before, rest) = page.split_once("<!--authority-->").unwrap_or((page, ""));
    let after = rest.split_once("<!--/authority-->").map_or("", |(_, after)| after);
    before.to_owned() + after
}

/// `text` where HTML and XML have text, or the value of an attribute.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut all, letter| {
        match letter {
            '&' => all += "&amp;",
            '<' => all += "&lt;",
            '>' => all += "&gt;",
            '"' => all += "&quot;",
            '\'' => all += "&#39;",
            letter => all.push(letter),
        }
        all
    })
}

/// A UUID that is made of `bytes` (RFC 9562 section 5.8).
fn uuid(bytes: &[u8]) -> String {
    let mut digits: Vec<char> =
        bytes.iter().flat_map(|byte| format!("{byte:02X}").chars().collect::<Vec<_>>()).collect();
    (digits[12], digits[16]) = ('8', '8');
    let part = |from: usize, to: usize| digits[from..to].iter().collect::<String>();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn file(content: Bytes, kind: &'static str, name: Option<&'static str>) -> Response<Content> {
    let mut response = Response::new(Content(Some(content)));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        // It is another after the name changed.
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept-Language"),
        (header::CONTENT_SECURITY_POLICY, SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let name = name.map(|name| HeaderValue::try_from(format!("attachment; filename=\"{name}\"")));
    if let Some(Ok(name)) = name {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(authority: Option<Certificate>) -> Trust {
        Trust { authority, local: Rc::new(LocalName::given("parlor")), port: 8443 }
    }

    fn certificate() -> Certificate {
        Certificate { name: "Parlor of <box>".into(), der: vec![1, 2, 3], fingerprint: fingerprint(&[1, 2, 3]) }
    }

    fn words(response: Response<Content>) -> String {
        String::from_utf8(response.into_body().0.unwrap().to_vec()).unwrap()
    }

    #[test]
    fn whoever_could_not_use_the_page_is_told_where_it_can_be_used() {
        let trust = trust(Some(certificate()));
        let asked = |path: &str, forwarded: &str, is_secure, address: &str| {
            let request = Request::get(path).header("host", "10.0.0.1:8088").header("x-forwarded-proto", forwarded);
            trust.answer(&request.body(()).unwrap(), is_secure, Some(address.parse().unwrap()))
        };
        for (path, forwarded, is_secure, address, is_told) in [
            ("/", "http", false, "10.0.0.9", true),
            ("/index.html", "http", false, "fd00::9", true),
            ("/", "http", false, "127.0.0.1", false),
            ("/", "http", true, "10.0.0.9", false),
            ("/", "https", false, "10.0.0.9", false),
            ("/main.js", "http", false, "10.0.0.9", false),
            ("/trust/", "http", true, "127.0.0.1", true),
            ("/trust/elsewhere", "http", false, "10.0.0.9", false),
        ] {
            assert_eq!(asked(path, forwarded, is_secure, address).is_some(), is_told, "{path} {address}");
        }
        let page = words(asked("/?room=7&x=%3C", "http", false, "10.0.0.9").unwrap());
        assert!(page.contains("href=\"https://10.0.0.1:8443/?room=7&amp;x=%3C\""), "{page}");
        assert!(page.contains("href=\"https://parlor.local:8443/?room=7&amp;x=%3C\""), "{page}");
        assert!(page.contains("Parlor of &lt;box&gt;") && !page.contains("{{"), "{page}");
    }

    #[test]
    fn a_site_with_a_certificate_of_its_own_has_nothing_to_trust() {
        let trust = trust(None);
        let get = |path| trust.answer(&Request::get(path).body(()).unwrap(), false, Some([10, 0, 0, 9].into()));
        let page = words(get("/").unwrap());
        assert!(page.contains("https://parlor.local:8443/") && !page.contains("parlor.crt"), "{page}");
        assert!(get("/trust/parlor.pem").is_none());
    }

    #[test]
    fn who_speaks_in_clear_to_tls_is_sent_on() {
        let request = |method: &str, host: &str| {
            let request = Request::builder().method(method).uri("/x?y").header("host", host).body(()).unwrap();
            let response = moved(&request);
            (response.status().as_u16(), response.headers().get("location").map(|it| it.to_str().unwrap().to_owned()))
        };
        assert_eq!(request("GET", "parlor.local:8443"), (308, Some("https://parlor.local:8443/x?y".into())));
        assert_eq!(request("POST", "parlor.local:8443"), (400, None));
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<a href=\"'&\">"), "&lt;a href=&quot;&#39;&amp;&quot;&gt;");
    }

    #[test]
    fn every_mark_in_a_page_is_replaced() {
        let profile = certificate().profile();
        assert!(!profile.contains("{{") && profile.contains("<data>AQID</data>"), "{profile}");
        assert!(profile.contains("Parlor of &lt;box&gt;"), "{profile}");
        for page in [ENGLISH, CHINESE] {
            let page = without_authority(page).replace("{{links}}", "");
            assert!(!page.contains("{{") && page.ends_with("</html>\n"), "{page}");
        }
        assert_eq!(uuid(&[0x11; 16]), "11111111-1111-8111-8111-111111111111");
    }

    #[test]
    fn the_first_language_counts() {
        let prefers = |text| prefers_chinese(Some(&HeaderValue::from_static(text)));
        assert!(prefers("zh-CN,zh;q=0.9,en;q=0.8") && prefers("ZH"));
        assert!(!prefers("en-GB,zh;q=0.5") && !prefers_chinese(None));
    }
}
