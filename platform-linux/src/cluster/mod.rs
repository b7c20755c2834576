//! Rooms that span boxes: those of one broker (MQTT 5) show each other's publishers, and have the media sent where
//! somebody wants it.
//!
//! ```text
//! TOPIC/1/box/BOX                       retained, with a last will: "I am here", said again and again
//! TOPIC/1/room/ROOM/BOX/INSTANCE.NUMBER retained: a publisher, as `publishers` shows them
//! TOPIC/1/want/OWNER/BOX                what BOX wants of OWNER's publishers, whole, each second while it wants some
//! ```
//!
//! Everything that is said is said whole and again, so nothing depends on what was lost or came twice. [`Ours`] is what
//! this box says and sends, [`Theirs`] what it hears and wants; both are without sockets and are told the time. A box
//! tells and sends only what its own clients publish, so there is no way in a circle.
//!
//! [`Ours`]: ours::Ours
//! [`Theirs`]: theirs::Theirs

#[cfg(not(feature = "cluster"))]
mod absent;
#[cfg(feature = "cluster")]
mod broker;
#[cfg(feature = "cluster")]
mod house;
#[cfg(feature = "cluster")]
mod member;
#[cfg(feature = "cluster")]
mod message;
#[cfg(feature = "cluster")]
mod ours;
#[cfg(feature = "cluster")]
mod task;
#[cfg(feature = "cluster")]
mod theirs;
#[cfg(feature = "cluster")]
mod topics;

use std::cell::Cell;

#[cfg(not(feature = "cluster"))]
pub use absent::Cluster;
#[cfg(feature = "cluster")]
pub use task::Cluster;

use parlor_core::control::ClusterState;

use crate::config;
use crate::url::Url;

/// Whether this build has it.
pub const IS_BUILT: bool = cfg!(feature = "cluster");

/// The most other boxes.
pub const BOXES: usize = 64;

/// The longest description of a publisher.
pub const PUBLISHER_BYTES: usize = 8 * 1024;

/// Memory of the connection to the broker, estimated: what waits in both directions.
pub const CONNECTION_BYTES: usize = 2 * 1024 * 1024;

/// What the cluster is and did, for who runs it.
#[derive(Debug, Default)]
pub struct Counts {
    /// Whether there is a cluster.
    pub is_on: Cell<bool>,
    /// Whether the broker is there.
    pub is_connected: Cell<bool>,
    /// Other boxes that are there.
    pub boxes: Cell<usize>,
    /// Publishers of ours that others are told of.
    pub announced: Cell<usize>,
    /// Publishers of other boxes that are shown here.
    pub shown: Cell<usize>,
    /// Those of them whose media comes here.
    pub wanted: Cell<usize>,
    /// Ways of our publishers to other boxes.
    pub sent: Cell<usize>,
    /// Messages that say nothing that can be understood.
    pub malformed: Cell<u64>,
    /// Publishers of other boxes, and boxes, that found no place here.
    pub full: Cell<u64>,
    /// What another box wanted and does not get: its address may have no media, a table is full, or who it wants is not
    /// there.
    pub refused: Cell<u64>,
}

impl Counts {
    /// How the cluster is; nothing if there is none.
    pub(crate) fn state(&self) -> Option<ClusterState> {
        self.is_on.get().then(|| ClusterState {
            connected: self.is_connected.get(),
            boxes: self.boxes.get(),
            shown: self.shown.get(),
            wanted: self.wanted.get(),
            sent: self.sent.get(),
        })
    }
}

/// Adds one.
#[cfg(feature = "cluster")]
fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

/// The most publishers of other boxes that are remembered.
pub(crate) fn most_publishers(remote_publishers: u16, shards: u8) -> usize {
    usize::from(remote_publishers) * usize::from(shards)
}

/// Whether the settings make sense; the error is a key and a sentence.
pub(crate) fn check(settings: &config::Cluster) -> Result<(), (&'static str, String)> {
    let config::Cluster { broker, name, topic, ca, address, .. } = settings;
    if broker.is_empty() {
        return Ok(());
    }
    if !IS_BUILT {
        return Err(("broker", "this build of Parlor has no clusters: it must be empty".into()));
    }
    match Url::parse(broker) {
        Ok(url) if url.scheme == "mqtt" => {}
        Ok(url) if url.scheme == "mqtts" => {
            if ca.is_empty() {
                return Err((
                    "ca",
                    "mqtts:// needs it: the file of the authority that signed the broker's certificate".into(),
                ));
            }
        }
        _ => return Err(("broker", format!("{broker:?} is no broker; allowed is such as \"mqtts://10.0.0.1\""))),
    }
    if !name.is_empty() && !is_name(name) {
        return Err((
            "name",
            format!("{name:?} is not allowed; allowed are at most {NAME_BYTES} letters, digits and .-_"),
        ));
    }
    if topic.is_empty() || topic.contains(['#', '+', '$', '\0']) || topic.starts_with('/') || topic.ends_with('/') {
        return Err(("topic", format!("{topic:?} is not allowed; allowed is such as \"parlor\" or \"site/parlor\"")));
    }
    if !address.is_empty() && address.parse::<std::net::IpAddr>().is_err() {
        return Err(("address", format!("{address:?} is no address; allowed is such as \"10.0.0.7\"")));
    }
    Ok(())
}

/// The longest name of a box.
const NAME_BYTES: usize = 48;

/// Whether a box can have that name.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(is_letter)
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_by_its_key() {
        let good = config::Cluster { broker: "mqtt://10.0.0.2".into(), ..config::Cluster::default() };
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&config::Cluster { name: "!".into(), ..config::Cluster::default() }), Ok(()), "it is off");
        let secure = config::Cluster { broker: "mqtts://broker".into(), ca: "ca.pem".into(), ..good.clone() };
        assert_eq!(check(&secure), Ok(()));
        let wrong = [
            ("broker", config::Cluster { broker: "http://10.0.0.2".into(), ..good.clone() }),
            ("broker", config::Cluster { broker: "10.0.0.2".into(), ..good.clone() }),
            ("ca", config::Cluster { ca: String::new(), ..secure }),
            ("name", config::Cluster { name: "a/b".into(), ..good.clone() }),
            ("name", config::Cluster { name: "x".repeat(NAME_BYTES + 1), ..good.clone() }),
            ("topic", config::Cluster { topic: String::new(), ..good.clone() }),
            ("topic", config::Cluster { topic: "a/#".into(), ..good.clone() }),
            ("address", config::Cluster { address: "eth0".into(), ..good }),
        ];
        for (key, settings) in wrong {
            assert_eq!(check(&settings).unwrap_err().0, key, "{settings:?}");
        }
    }
}
