//! Where RTP may be forwarded to.

use std::format;

use super::client::World;

#[test]
fn rtp_goes_only_to_allowed_networks() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let mut forward = |host: &str, of_all: &str| {
        let body = format!(
            r#"{{"request":"rtp_forward","room":7,"publisher_id":{id},"host":"{of_all}",
                "streams":[{{"mid":"0","host":"{host}","port":4000}}]}}"#
        );
        world.ask(0, session, handle, &body)
    };
    for host in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "fd00::9", "localhost"] {
        let said = forward(host, "127.0.0.1");
        assert!(said.contains(r#""forwarders":["#), "{host}: {said}");
    }
    for host in ["203.0.113.9", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:203.0.113.9", "224.0.0.1"] {
        let said = forward(host, "127.0.0.1");
        assert!(said.contains(r#""error_code":433"#) && said.contains("media may not be sent to"), "{host}: {said}");
    }
    assert!(forward("127.0.0.1", "203.0.113.9").contains(r#""forwarders":["#), "its own host counts");
}
