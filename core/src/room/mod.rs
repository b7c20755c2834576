//! Rooms and who is in them: publishers, subscribers, access. No JSON, no packet.

pub mod access;
pub mod cascade;
pub mod data_source;
pub mod forwarder;
pub mod name;
pub mod network;
pub mod publisher;
pub mod relayed;
pub mod remote;
#[allow(clippy::module_inception)]
pub mod room;
pub mod settings;
pub mod subscriber;
pub mod told;

pub use access::Denied;
pub use cascade::{Cascade, CascadeLayer, CascadedStream, StreamPlace};
pub use data_source::DataSource;
pub use forwarder::Forwarder;
pub use name::{NAME_BYTES, Name};
pub use network::{NETWORKS, Network};
pub use publisher::{DISPLAY_BYTES, METADATA_BYTES, Metadata, PUBLISHED, PublishedStream, Publisher};
pub use relayed::{Recording, Relayed};
pub use remote::{REMOTE_NAME_BYTES, Remote, RemoteStream};
pub use room::Room;
pub use settings::{CodecList, CodecName, RecordFormat, RoomSettings};
pub use subscriber::{DelayBounds, SUBSCRIBED, SubscribedStream, Subscriber, WantedLayers};
pub use told::Told;
