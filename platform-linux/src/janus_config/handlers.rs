//! `janus.eventhandler.*.jcfg`: where events for management systems go.

use super::core::Disabled;
use super::folder::Folder;
use super::{Import, Key, Meaning, Without};
use crate::config::Refusal;

const HTTP: &[(&str, Meaning)] = &[
    ("backend", Key("events_http.backend")),
    ("events", Key("events_http.events")),
    ("grouping", Key("events_http.grouping")),
    ("backend_user", Key("events_http.username")),
    ("backend_pwd", Key("events_http.password")),
    ("json", Without(COMPACT)),
    ("max_retransmissions", Without(AGAIN)),
    ("retransmissions_backoff", Without(AGAIN)),
];

const WEBSOCKET: &[(&str, Meaning)] = &[
    ("backend", Key("events_websocket.backend")),
    ("events", Key("events_websocket.events")),
    ("grouping", Key("events_websocket.grouping")),
    ("json", Without(COMPACT)),
    ("ws_logging", Without("there is no libwebsockets")),
];

const MQTT: &[(&str, Meaning)] = &[
    ("url", Key("events_mqtt.backend")),
    ("events", Key("events_mqtt.events")),
    ("grouping", Key("events_mqtt.grouping")),
    ("username", Key("events_mqtt.username")),
    ("password", Key("events_mqtt.password")),
    ("topic", Key("events_mqtt.topic")),
    ("json", Without(COMPACT)),
];

const COMPACT: &str = "events are written without spaces";
const AGAIN: &str = "what was not taken is tried again five times";

/// Takes over where events go: each handler that is enabled and would be loaded.
pub(super) fn import(import: &mut Import, folder: &Folder, disabled: &Disabled) -> Result<(), Refusal> {
    let handlers = [("sampleevh", HTTP), ("wsevh", WEBSOCKET), ("mqttevh", MQTT)];
    for (name, meanings) in handlers {
        let mut file = folder.file(&format!("janus.eventhandler.{name}.jcfg"))?;
        let mut general = file.take("general");
        let enabled = general.as_mut().and_then(|group| group.take("enabled"));
        let is_on = enabled.is_some_and(|enabled| !enabled.is_off());
        if is_on && !disabled.has_no_events && !disabled.contains(name) {
            import.map(general, meanings)?;
        }
    }
    Ok(())
}
