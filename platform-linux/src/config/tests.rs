//! What is read, what is refused, and in which words.

use super::*;

fn refused(text: &str) -> String {
    Configuration::parse("office.toml", text).unwrap_err().to_string()
}

fn with(options: &[&str]) -> Result<Configuration, String> {
    let options: Vec<String> = options.iter().map(|option| (*option).into()).collect();
    Configuration::read(None, &options).map_err(|refusal| refusal.to_string())
}

#[test]
fn the_default_file_says_what_holds_without_a_file() {
    let mut configuration = Configuration::read(None, &[]).unwrap();
    assert_eq!(configuration.rooms.len(), 1);
    assert_eq!(configuration.rooms[0].room, 1234.into());
    configuration.rooms.clear();
    assert_eq!(configuration, Configuration::default());
}

#[test]
fn a_refusal_names_the_file_the_line_the_key_and_what_is_allowed() {
    let table = [
        (
            "[media]\nport = 70000",
            "office.toml:2: media.port: 70000 is not allowed; allowed is a whole number from 1 to 65535",
        ),
        (
            "[media]\nport = true",
            "office.toml:2: media.port: true is not allowed; allowed is a whole number from 1 to 65535",
        ),
        ("media = 7", "office.toml:1: media: is a section, written as [media]"),
        (
            "[log]\nlevel = \"loud\"",
            "office.toml:2: log.level: \"loud\" is not allowed; allowed is \"error\" or \"warn\" or \"info\" or \"debug\"",
        ),
        (
            "[control]\nhttp = \"localhost\"",
            "office.toml:2: control.http: \"localhost\" is not allowed; allowed is an address and a port such as \"0.0.0.0:8088\" or \"[::]:8088\", or \"off\"",
        ),
        (
            "[limits]\nhistory_packets = 500",
            "office.toml:2: limits.history_packets: 500 is not allowed; allowed is a power of two from 16 to 16384",
        ),
        (
            "[[room]]\nroom = 7\nvideocodec = \"vp8,opus\"",
            "office.toml:3: room.videocodec: \"vp8,opus\" is not allowed; allowed is a list of vp8, vp9, h264, av1, h265, the best first, such as \"vp8,h264\"",
        ),
        ("[[room]]\npublishers = 3", "office.toml:1: room.room: every room needs its number, such as room = 1234"),
        ("[room]\nroom = 3", "office.toml:1: room: rooms are written as [[room]]"),
        (
            "[media]\nshards = 0.5",
            "office.toml:2: media.shards: a number with a fraction is not allowed; allowed is \"auto\" or a whole number from 1 to 32",
        ),
    ];
    for (text, words) in table {
        assert_eq!(refused(text), words, "for {text:?}");
    }
}

#[test]
fn a_name_that_is_unknown_is_refused_with_the_likely_one_and_all_that_are_allowed() {
    let table = [
        ("[media]\n\nprot = 1", "office.toml:3: media.prot: there is no such key; did you mean \"port\"?"),
        ("[medai]\nport = 1", "office.toml:2: medai.port: there is no such section; did you mean \"media\"?"),
        ("[medai]", "office.toml:1: medai: there is no such section; did you mean \"media\"?"),
        (
            "[[room]]\nroom = 7\npublishrs = 3",
            "office.toml:3: room.publishrs: there is no such key; did you mean \"publishers\"?",
        ),
    ];
    for (text, words) in table {
        let said = refused(text);
        let (before, allowed) = said.split_once(" allowed are ").unwrap();
        assert_eq!(before, words, "for {text:?}");
        let meant = words.split('"').nth(1).unwrap();
        assert!(allowed.split(", ").any(|name| name == meant), "{said}");
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    assert!(refused("[media]\nport = = 3").starts_with("office.toml:2: "));
    assert!(refused("[media]\nport = 1\nport = 2").starts_with("office.toml:3: "));
}

#[test]
fn options_come_after_the_file_and_are_refused_by_their_own_words() {
    let configuration =
        with(&["media.port=9000", "media.shards=1", "media.address=[10.0.0.1,eth0]", "room.1234.publishers=9"]);
    let configuration = configuration.unwrap();
    assert_eq!(configuration.media.port, 9000);
    assert_eq!(configuration.media.shards, Shards::Count(1));
    assert_eq!(configuration.media.address, ["10.0.0.1", "eth0"]);
    assert_eq!(configuration.rooms[0].publishers, 9);
    assert_eq!(with(&["media.port"]).unwrap_err(), "--set media.port: an option is written as --set KEY=VALUE");
    assert_eq!(
        with(&["port=1"]).unwrap_err(),
        "--set port=1: port: a key has a section and a name, such as media.port"
    );
    assert_eq!(with(&["room.9.pin=1"]).unwrap_err(), "--set room.9.pin=1: room.9.pin: the configuration has no room 9");
}

#[test]
fn a_template_has_the_keys_of_a_room_but_its_name() {
    let text = "[dynamic_rooms]\nenabled = true\npublishers = 9\nvideocodec = \"vp9\"\n";
    let configuration = Configuration::parse("office.toml", text).unwrap();
    let template = configuration.dynamic_rooms.template().unwrap();
    assert_eq!((template.publishers, template.videocodec.to_string()), (9, "vp9".into()));
    assert!(configuration.to_toml().contains(text), "{}", configuration.to_toml());
    assert_eq!(with(&["dynamic_rooms.publishers=5"]).unwrap().dynamic_rooms.template(), None);
    assert_eq!(with(&["dynamic_rooms.enabled=true"]).unwrap().dynamic_rooms.template(), Some(RoomSettings::default()));
    assert!(
        refused("[dynamic_rooms]\nroom = 7").starts_with("office.toml:2: dynamic_rooms.room: there is no such key")
    );
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    assert!(with(&["media.port=65535", "media.shards=2"]).unwrap_err().starts_with("media.port: "));
    let shut = ["control.http=off", "control.websocket=off", "control.https=off", "control.https_api=off"];
    assert!(with(&shut).is_ok());
    assert!(with(&[&shut[..], &["control.wss=off"]].concat()).unwrap_err().starts_with("control.websocket: "));
    assert!(with(&["tls.key=/etc/key.pem"]).unwrap_err().starts_with("tls.key: it needs tls.certificate"));
    for name in ["", "Parlor", "a.b", "-a", "a b"] {
        assert!(with(&[&format!("mdns.name={name}")]).unwrap_err().starts_with("mdns.name: "), "{name}");
    }
    assert_eq!(with(&["mdns.name=meeting-1"]).unwrap().mdns.name, "meeting-1");
    let mut twice = Configuration::parse("a", "[[room]]\nroom = 7\n[[room]]\nroom = 7").unwrap();
    assert_eq!(twice.check().unwrap_err().to_string(), "room.room: there are two rooms 7");
    twice.limits.rooms = 1;
    assert!(twice.check().unwrap_err().to_string().starts_with("limits.rooms: "));
}

#[test]
fn every_file_in_configs_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3);
    for file in files {
        Configuration::read(Some(&file), &[]).unwrap();
    }
}
