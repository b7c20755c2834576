//! Events for management systems on their way out: a bounded queue for each system, and a task that empties it. A
//! system that is slow or away loses its oldest events; nobody waits for it.

mod http;
mod mqtt;
mod queue;
mod websocket;

use std::rc::Rc;
use std::time::Duration;

use parlor_core::control::{EventBackendKind, EventCounts, TOPICS, Topic};
use smol::{LocalExecutor, Timer};

use crate::config::{self, EventBackend};
use crate::log;
use crate::url::Url;
use queue::Queue;

/// How often events that were not taken are tried again before they are given up.
const ATTEMPTS: u32 = 5;

/// The pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a system may take to take events.
const WITHIN: Duration = Duration::from_secs(10);

/// All management systems.
#[derive(Default)]
pub struct Events {
    queues: Vec<(EventBackendKind, u16, Rc<Queue>)>,
}

impl Events {
    /// Starts a task for each system of `settings` on `executor`.
    pub fn start(settings: &config::Events, executor: &LocalExecutor<'static>) -> Self {
        let mut events = Self::default();
        let mut start = |kind, backend: &EventBackend| {
            let (url, mask) = (Url::parse(&backend.backend).ok()?, mask(backend).ok()?);
            let queue = Rc::new(Queue::default());
            events.queues.push((kind, mask, Rc::clone(&queue)));
            Some((url, queue, backend.clone()))
        };
        if let Some((url, queue, backend)) = start(EventBackendKind::Http, &settings.http) {
            executor.spawn(http::serve(url, queue, backend)).detach();
        }
        if let Some((url, queue, backend)) = start(EventBackendKind::WebSocket, &settings.websocket) {
            executor.spawn(websocket::serve(url, queue, backend)).detach();
        }
        if let Some((url, queue, backend)) = start(EventBackendKind::Mqtt, &settings.mqtt) {
            executor.spawn(mqtt::serve(url, queue, backend)).detach();
        }
        events
    }

    /// The topics that somebody wants, as bits.
    pub fn wanted(settings: &config::Events) -> u16 {
        let backends = [&settings.http, &settings.websocket, &settings.mqtt];
        let backends = backends.into_iter().filter(|backend| !backend.backend.is_empty());
        backends.filter_map(|backend| mask(backend).ok()).fold(0, |all, mask| all | mask)
    }

    /// Queues an event for all who want its topic.
    pub fn push(&self, topic: u16, message: &[u8]) {
        let Ok(message) = std::str::from_utf8(message) else { return };
        for (kind, _, queue) in self.queues.iter().filter(|(_, mask, _)| mask & topic != 0) {
            let lost_before = queue.counts().lost;
            queue.push(topic, message);
            if queue.counts().lost > lost_before {
                let lost = queue.counts().lost;
                log::warn("events", format_args!("{kind:?} is too slow: {lost} events were lost until now"));
            }
        }
    }

    /// What became of the events for one system, if there is one.
    pub fn counts(&self, kind: EventBackendKind) -> Option<EventCounts> {
        self.queues.iter().find(|(known, _, _)| *known == kind).map(|(_, _, queue)| queue.counts())
    }

    /// Waits until every queue is empty, or `time` has passed.
    pub async fn settle(&self, time: Duration) {
        let start = std::time::Instant::now();
        while start.elapsed() < time && self.queues.iter().any(|(_, _, queue)| !queue.is_idle()) {
            Timer::after(Duration::from_millis(10)).await;
        }
    }
}

/// Whether the settings of a section make sense; the error is a sentence.
pub(crate) fn check(section: &str, backend: &EventBackend) -> Result<(), String> {
    mask(backend)?;
    if backend.backend.is_empty() {
        return Ok(());
    }
    let scheme = match section {
        "events_http" => "http",
        "events_websocket" => "ws",
        _ => "mqtt",
    };
    match Url::parse(&backend.backend) {
        Ok(url) if url.scheme == scheme || (scheme == "mqtt" && url.scheme == "tcp") => Ok(()),
        _ => Err(format!("{:?} is no address; allowed is such as \"{scheme}://127.0.0.1:8080\"", backend.backend)),
    }
}

/// The topics that a system wants, as bits.
fn mask(backend: &EventBackend) -> Result<u16, String> {
    let names = backend.events.iter().flat_map(|list| list.split(',')).map(str::trim);
    names.filter(|name| !name.is_empty()).try_fold(0, |mask, name| match name {
        "all" => Ok(TOPICS.iter().fold(mask, |mask, (_, topic)| mask | *topic as u16)),
        "none" => Ok(mask),
        _ => match TOPICS.iter().find(|(known, _)| *known == name) {
            Some((_, topic)) => Ok(mask | *topic as u16),
            None => Err(format!("events: there is no topic {name:?}")),
        },
    })
}

/// What is sent at once: one event, or an array of all that wait.
fn body(events: &[(u16, Box<str>)], grouping: bool) -> String {
    let texts: Vec<&str> = events.iter().map(|(_, text)| &**text).collect();
    if grouping { format!("[{}]", texts.join(",")) } else { texts.concat() }
}

/// The most events that go together.
fn most(backend: &EventBackend) -> usize {
    if backend.grouping { 100 } else { 1 }
}

/// Says once in a while that a system takes nothing.
fn lost(backend: &EventBackend, count: usize, why: &str) {
    let scheme = backend.backend.split(':').next().unwrap_or_default();
    log::warn("events", format_args!("{count} events were lost: the {scheme} backend takes none: {why}"));
}

/// A word for a topic, by which MQTT's topics end.
fn topic_word(topic: u16) -> &'static str {
    const WORDS: [(Topic, &str); 9] = [
        (Topic::Session, "session"),
        (Topic::Handle, "handle"),
        (Topic::External, "external"),
        (Topic::Jsep, "jsep"),
        (Topic::Webrtc, "webrtc"),
        (Topic::Media, "media"),
        (Topic::Plugin, "plugin"),
        (Topic::Transport, "transport"),
        (Topic::Core, "core"),
    ];
    WORDS.iter().find(|(known, _)| *known as u16 == topic).map_or("other", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(backend: &str, events: &str) -> EventBackend {
        EventBackend { backend: backend.into(), events: vec![events.into()], ..EventBackend::default() }
    }

    #[test]
    fn a_system_hears_of_the_topics_that_it_wants() {
        assert_eq!(mask(&backend("", "all")), Ok(511));
        assert_eq!(mask(&backend("", "sessions, plugins")), Ok(65));
        assert_eq!(mask(&backend("", "none")), Ok(0));
        assert!(mask(&backend("", "session")).unwrap_err().contains("\"session\""));
    }

    #[test]
    fn an_address_of_another_kind_is_refused() {
        assert!(check("events_http", &backend("http://127.0.0.1:80/events", "all")).is_ok());
        assert!(check("events_http", &backend("ws://127.0.0.1:80", "all")).is_err());
        assert!(check("events_websocket", &backend("ws://host", "all")).is_ok());
        assert!(check("events_mqtt", &backend("tcp://host:1883", "all")).is_ok());
        assert!(check("events_mqtt", &backend("", "all")).is_ok());
    }

    #[test]
    fn events_go_together_as_an_array() {
        let events = [(1, "{}".into()), (2, "{\"a\":1}".into())];
        assert_eq!(body(&events, true), "[{},{\"a\":1}]");
        assert_eq!(body(&events[..1], false), "{}");
    }
}
