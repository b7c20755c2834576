//! RTP header extensions: which ones Parlor knows, the numbers a link gave them (RFC 8285), and their values.

mod dependency_descriptor;
mod dependency_structure;
mod value;

pub use dependency_descriptor::DependencyDescriptor;
pub use dependency_structure::{DependencyStructure, DependentFrame, Indication, Indications, LayerIds};
pub use value::{AbsoluteSendTime, AudioLevel, PlayoutDelay, TransportSequence, VideoOrientation};

/// A header extension that is forwarded, by meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Extension {
    /// RFC 6464.
    AudioLevel = 0,
    /// 3GPP TS 26.114, `urn:3gpp:video-orientation`.
    VideoOrientation,
    /// `playout-delay` of WebRTC.
    PlayoutDelay,
    /// `transport-wide-cc-02`.
    TransportSequence,
    /// `abs-send-time`.
    AbsoluteSendTime,
    /// RFC 9143 section 15.
    Mid,
    /// RFC 8852 section 3.1, `rtp-stream-id`.
    Rid,
    /// RFC 8852 section 3.2, `repaired-rtp-stream-id`.
    RepairedRid,
    /// The AV1 payload specification, appendix A.
    DependencyDescriptor,
}

impl Extension {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// All, in the order of their numbers.
    pub const ALL: [Self; Self::COUNT] = [
        Self::AudioLevel,
        Self::VideoOrientation,
        Self::PlayoutDelay,
        Self::TransportSequence,
        Self::AbsoluteSendTime,
        Self::Mid,
        Self::Rid,
        Self::RepairedRid,
        Self::DependencyDescriptor,
    ];
}

/// The id that an m-line negotiated for each extension (1 to 255; 0 where it was not negotiated).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionMap {
    ids: [u8; Extension::COUNT],
}

impl ExtensionMap {
    /// A map without any extension.
    pub const EMPTY: Self = Self { ids: [0; Extension::COUNT] };

    /// The id of `extension`, if it was negotiated.
    pub fn id(&self, extension: Extension) -> Option<u8> {
        match self.ids[extension as usize] {
            0 => None,
            id => Some(id),
        }
    }

    /// Which extension `id` stands for here.
    pub fn extension(&self, id: u8) -> Option<Extension> {
        if id == 0 {
            return None;
        }
        let index = self.ids.iter().position(|known| *known == id)?;
        Some(Extension::ALL[index])
    }

    /// Gives `extension` the number `id`; 0 takes it away.
    pub fn set(&mut self, extension: Extension, id: u8) {
        self.ids[extension as usize] = id;
    }

    /// The same map with `extension` at `id`.
    pub fn with(mut self, extension: Extension, id: u8) -> Self {
        self.set(extension, id);
        self
    }
}
