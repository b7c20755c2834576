//! Events by MQTT: each published under its topic (Janus' `mqttevh`), by a library that wants tokio's context.

use std::rc::Rc;
use std::time::Duration;

use async_compat::CompatExt;
use rumqttc::{AsyncClient, EventLoop, LastWill, MqttOptions, QoS};
use smol::Timer;
use smol::future::or;

use super::queue::Queue;
use super::{PAUSE, body, lost, topic_word};
use crate::config::EventBackend;
use crate::url::Url;

/// Messages that the library may hold.
const HELD: usize = 32;

/// The largest message.
const MESSAGE_BYTES: usize = 1 << 20;

/// How often the broker hears of us at least.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Publishes what is queued, for ever.
pub(super) async fn serve(url: Url, queue: Rc<Queue>, backend: EventBackend) {
    let name = format!("parlor-{}", std::process::id());
    let mut options = MqttOptions::new(name, url.host.clone(), url.port);
    options.set_keep_alive(KEEP_ALIVE).set_max_packet_size(MESSAGE_BYTES, MESSAGE_BYTES);
    options.set_last_will(LastWill::new(status(&backend), DISCONNECTED, QoS::AtMostOnce, false));
    if !backend.username.is_empty() {
        options.set_credentials(backend.username.clone(), backend.password.clone());
    }
    let (client, connection) = AsyncClient::new(options, HELD);
    let publish = async {
        let _ = client.publish(status(&backend), QoS::AtMostOnce, false, CONNECTED).await;
        loop {
            // Each goes under a topic of its own, so they cannot go together.
            for (topic, text) in queue.next(1).await {
                let name = format!("{}/{}", backend.topic, topic_word(topic));
                let text = body(&[(topic, text)], false);
                if client.publish(name, QoS::AtMostOnce, false, text).await.is_err() {
                    queue.count_lost(1);
                    lost(&backend, 1, "it is gone");
                }
            }
        }
    };
    or(publish, keep_connected(connection, &backend).compat()).await;
}

/// Drives the library, which connects again by itself, for ever.
async fn keep_connected(mut connection: EventLoop, backend: &EventBackend) {
    let mut pause = PAUSE;
    loop {
        match connection.poll().await {
            Ok(_) => pause = PAUSE,
            Err(error) => {
                lost(backend, 0, &error.to_string());
                Timer::after(pause).await;
                pause = (pause * 2).min(KEEP_ALIVE);
            }
        }
    }
}

fn status(backend: &EventBackend) -> String {
    format!("{}/status", backend.topic)
}

const CONNECTED: &str = r#"{"event":"connected","eventhandler":"janus.eventhandler.mqttevh"}"#;
const DISCONNECTED: &str = r#"{"event":"disconnected","eventhandler":"janus.eventhandler.mqttevh"}"#;
