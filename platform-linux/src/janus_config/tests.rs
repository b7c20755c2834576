//! What Janus' files mean, and that the same as TOML means the same.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder of files that goes when it is dropped.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("parlor-janus-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn read(&self) -> Result<Imported, String> {
        read(&self.0, &[]).map_err(|refusal| refusal.to_string())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CORE: &str = r#"
general: {
	configs_folder = "/opt/janus/etc/janus"	# where these files are
	debug_level = 5
	server_name = "The \"old\" one"
	session_timeout = 30
	frobnicate = 7
}
nat: { ice_enforce_list = "127.0.0.1, 10.0.0.1"; ice_ignore_list = "vmnet, 172.17."; ice_lite = true; nice_debug = false }
media: { rtp_port_range = "20000-40000"; ipv6 = false }
transports: { disable = "libjanus_pfunix.so,libjanus_http.so" }
"#;

const WEBSOCKETS: &str = r#"
general: { json = "indented"; ws = "yes"; ws_port = "9188"; ws_ip = "127.0.0.1"; ws_acl = "127.,10."; wss = false }
admin: { admin_wss = true }
"#;

const HTTP: &str = "general: { http = true; port = 9088 }";

const VIDEOROOM: &str = r#"
general: { }
room-1234: { description = "Demo Room"; secret = "adminpwd"; pin = 12; publishers = 6; videocodec = "vp9,h264" }
room-5678: { video_svc = true; colour = "blue" }
lobby: { publishers = 2 }
"#;

fn files(name: &str) -> Files {
    let files = [
        ("janus.jcfg", CORE),
        ("janus.transport.websockets.jcfg", WEBSOCKETS),
        ("janus.transport.http.jcfg", HTTP),
        ("janus.plugin.videoroom.jcfg", VIDEOROOM),
        ("janus.plugin.sip.jcfg", "not even { libconfig"),
    ];
    Files::new(name, &files)
}

#[test]
fn a_site_finds_its_settings_again() {
    let configuration = files("settings").read().unwrap().configuration;
    assert_eq!(configuration.control.websocket, Some("127.0.0.1:9188".parse().unwrap()));
    assert_eq!(configuration.control.http, None);
    assert_eq!(configuration.control.admin, None);
    assert_eq!(configuration.control.wss, None);
    assert_eq!(configuration.control.admin_wss, Some("0.0.0.0:7989".parse().unwrap()));
    assert_eq!(configuration.control.server_name, "The \"old\" one");
    assert_eq!(configuration.control.session_timeout_s, 30);
    assert_eq!(configuration.media.address, ["127.0.0.1", "10.0.0.1"]);
    assert_eq!(configuration.media.ignore, ["vmnet", "172.17."]);
    assert_eq!(configuration.control.websocket_acl, ["127.,10."]);
    assert_eq!(configuration.media.port, 20_000);
    assert_eq!(configuration.log.level, crate::config::LogLevel::Debug);
    let room = &configuration.rooms[0];
    assert_eq!((room.room, room.publishers, room.pin.as_deref()), (1234.into(), 6, Some("12")));
    assert!(configuration.rooms[1].video_svc);
}

#[test]
fn each_setting_that_parlor_does_not_have_is_named_once_with_its_place() {
    let notes = files("notes").read().unwrap().notes;
    let expected = [
        "janus.jcfg:3: general.configs_folder: Parlor has no such setting: Parlor is one binary that loads nothing",
        "janus.jcfg:7: general.frobnicate: Parlor has no such setting",
        "janus.jcfg:9: nat.ice_lite: Parlor has no such setting: ICE is always lite",
        "janus.transport.websockets.jcfg:2: general.json: Parlor has no such setting: messages have no blanks",
        "janus.plugin.videoroom.jcfg:4: room-5678.colour: Parlor has no such setting",
        "janus.plugin.videoroom.jcfg:5: lobby.publishers: Parlor has no such setting",
        "not read, for Parlor has nothing that they are about: janus.plugin.sip.jcfg",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn secure_ports_and_their_certificate_are_taken_over_once() {
    let websockets = r#"
general: { ws = false; wss = true; wss_port = 9989; wss_ip = "127.0.0.1" }
certificates: { cert_pem = "/etc/one.pem"; cert_key = "/etc/one.key"; cert_pwd = "secret" }
"#;
    let http = r#"
general: { http = false; https = true }
admin: { admin_https = true; admin_secure_port = 9889 }
certificates: { cert_pem = "/etc/two.pem"; cert_key = "/etc/two.key" }
"#;
    let files = [("janus.transport.websockets.jcfg", websockets), ("janus.transport.http.jcfg", http)];
    let imported = Files::new("secure", &files).read().unwrap();
    let control = imported.configuration.control;
    assert_eq!(control.wss, Some("127.0.0.1:9989".parse().unwrap()));
    assert_eq!(control.https_api, Some("0.0.0.0:8089".parse().unwrap()));
    assert_eq!(control.admin_https, Some("0.0.0.0:9889".parse().unwrap()));
    assert_eq!((control.https, control.websocket, control.http), (None, None, None));
    let tls = imported.configuration.tls;
    assert_eq!((tls.certificate.as_str(), tls.key.as_str()), ("/etc/one.pem", "/etc/one.key"));
    assert_eq!(
        imported.notes,
        [
            "janus.transport.websockets.jcfg:3: certificates.cert_pwd: Parlor has no such setting: keys are read without a password",
            "janus.transport.http.jcfg:4: certificates.cert_pem: Parlor has no such setting: all that has TLS shows one certificate (tls.certificate)",
        ]
    );
}

#[test]
fn what_is_printed_as_toml_means_the_same() {
    let configuration = files("toml").read().unwrap().configuration;
    let text = configuration.to_toml();
    assert_eq!(Configuration::parse("printed", &text).unwrap(), configuration, "\n{text}");
    assert!(text.contains("[[room]]\nroom = 1234\n"), "\n{text}");
}

#[test]
fn a_value_that_is_not_allowed_is_refused_where_it_stands() {
    let refused = |name: &str, text: &str| {
        let files = Files::new(name, &[("janus.plugin.videoroom.jcfg", text)]);
        files.read().err().unwrap()
    };
    assert!(refused("many", "room-1: {\n publishers = 99999 }").starts_with("janus.plugin.videoroom.jcfg:2: "));
    assert!(refused("name", "room-x: {}").starts_with("janus.plugin.videoroom.jcfg:1: room.room: \"x\""));
    assert!(refused("syntax", "room-1: {").starts_with("janus.plugin.videoroom.jcfg:1: "));
    assert!(Files::new("empty", &[]).read().err().unwrap().ends_with("has no file of Janus' (janus.jcfg and others)"));
}

#[test]
fn recordings_lie_in_the_folder_that_all_rooms_have_in_common() {
    let room = |number, folder: &str| format!("room-{number}: {{ rec_dir = \"{folder}\" }}\n");
    for (folders, expected) in [
        (&["/srv/rec"][..], "/srv/rec"),
        (&["/srv/rec/one", "/srv/rec/two", "elsewhere"], "/srv/rec"),
        (&["/srv/one", "/var/two"], "recordings"),
        (&["one"], "recordings"),
        (&[], "recordings"),
    ] {
        let rooms: String = folders.iter().enumerate().map(|(number, folder)| room(number + 1, folder)).collect();
        let videoroom = ("janus.plugin.videoroom.jcfg", rooms.as_str());
        let files = Files::new("recordings", &[videoroom, ("janus.transport.websockets.jcfg", WEBSOCKETS)]);
        let imported = files.read().unwrap();
        assert_eq!(imported.configuration.recording.directory, Some(expected.into()), "{folders:?}");
    }
}
