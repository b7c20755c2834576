//! Offers and answers (RFC 8866, RFC 9429): a bounded reader that borrows and copies nothing, writers into lent
//! memory, and what a publisher or a subscriber and Parlor agreed on. It knows neither rooms nor Janus.
//!
//! ```text
//! publisher:  Description::parse(offer) ─▶ negotiate(offer, policy) ─▶ [PublishedSection] ─▶ write_answer
//! subscriber: [OfferedSection] ─▶ write_offer       Description::parse(answer) ─▶ read_answer ─▶ [AnsweredSection]
//! both:       Description::transport(..) ─▶ RemoteTransport
//! ```

pub mod answer;
pub mod attribute;
pub mod description;
mod encodings;
mod extension;
pub mod format;
pub mod offer;
pub mod policy;
pub mod publish;
pub mod refusal;
pub mod section;
pub mod subscribe;
pub mod transport;
mod write;

#[cfg(test)]
mod tests;

pub use answer::write_answer;
pub use attribute::Attribute;
pub use description::{Description, SECTIONS};
pub use encodings::RidOrder;
pub use extension::uri;
pub use format::{Encoding, Format, FormatParameters};
pub use offer::{OfferedMedia, OfferedSection, OfferedState, write_offer};
pub use policy::Policy;
pub use publish::{PublishedSection, PublishedState, negotiate};
pub use refusal::{Cause, Refusal};
pub use section::{DataTransport, Direction, MediaKind, SCTP_PORT, Section};
pub use subscribe::{AnsweredSection, offered_extensions, offered_payload_types, read_answer, section_mid};
pub use transport::{LocalTransport, RemoteTransport, Side};
pub use write::candidate_priority;
