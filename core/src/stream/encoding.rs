//! One encoding of a stream: an SSRC, or one after another.

use crate::stream::{
    EncodingParameters, Facts, History, KeyframeGovernor, LAYERS, LayerCount, LayerRates, Layers, Loss,
    ReceiveStatistics, TargetFrame,
};
use crate::time::Instant;
use crate::wire::extension::{DependencyDescriptor, DependencyStructure};

/// A simulcast layer, or the only encoding of a stream.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// What the SDP told of it, completed by what was learned.
    pub parameters: EncodingParameters,
    /// Grows when it begins anew with another SSRC.
    pub epoch: u8,
    /// For receiver reports.
    pub statistics: ReceiveStatistics,
    /// For NACKs.
    pub loss: Loss,
    /// For PLIs and FIRs.
    pub keyframe: KeyframeGovernor,
    /// Its last packets.
    pub history: History,
    /// Where its last keyframe began.
    pub keyframe_start: Option<KeyframeStart>,
    /// The publisher's last sender report, by which subscribers' are made.
    pub sender_report: Option<SenderReport>,
    /// When its last packet arrived.
    pub arrived: Option<Instant>,
    /// When others sent for the first time since.
    pub overtaken: Option<Instant>,
    /// What its dependency descriptors say of its frames.
    pub dependencies: DependencyStructure,
    /// How many spatial layers it has.
    pub spatial_layers: LayerCount,
    /// How many temporal layers it has.
    pub temporal_layers: LayerCount,
    /// What they take.
    pub rates: LayerRates,
    /// The most spatial layers that its source ever had; a publisher that is told not to send some has fewer.
    pub most_spatial_layers: u8,
    /// What each spatial layer and those below it took when they were sent, in bits a second: the highest of late.
    pub usual_bps: [u32; LAYERS],
    /// The sequence number of the next FIR (RFC 5104 section 4.3.1.1).
    pub fir_sequence: u8,
}

/// A sender report as it came (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    /// The publisher's wall clock.
    pub ntp: u64,
    /// The RTP timestamp of that moment.
    pub timestamp: u32,
    /// When it arrived.
    pub arrived: Instant,
}

/// The first packet of a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframeStart {
    /// Its extended sequence number.
    pub index: u64,
    /// Its RTP timestamp.
    pub timestamp: u32,
    /// When it arrived.
    pub arrived: Instant,
}

impl Encoding {
    /// An encoding whose first packet has not come yet.
    pub fn new(parameters: EncodingParameters, history: History) -> Self {
        Self {
            parameters,
            epoch: 0,
            statistics: ReceiveStatistics::default(),
            loss: Loss::default(),
            keyframe: KeyframeGovernor::default(),
            history,
            keyframe_start: None,
            sender_report: None,
            arrived: None,
            overtaken: None,
            dependencies: DependencyStructure::default(),
            spatial_layers: LayerCount::default(),
            temporal_layers: LayerCount::default(),
            rates: LayerRates::default(),
            most_spatial_layers: 0,
            usual_bps: [0; LAYERS],
            fir_sequence: 0,
        }
    }

    /// Another SSRC took its place: everything that counted the old one's numbers begins anew. Its history must be
    /// cleared by the caller.
    pub fn restart(&mut self, ssrc: u32) {
        self.parameters.ssrc = Some(ssrc);
        self.epoch = self.epoch.wrapping_add(1);
        self.statistics = ReceiveStatistics::default();
        self.loss = Loss::default();
        self.sender_report = None;
        self.keyframe_start = None;
        self.dependencies = DependencyStructure::default();
        (self.spatial_layers, self.temporal_layers) = Default::default();
        self.most_spatial_layers = 0;
    }

    /// A packet that may begin a keyframe arrived. Whether it does: of parameter sets and slices of one picture (H.264)
    /// each looks like it, and a receiver that began with the second would lack the first.
    pub fn note_keyframe(&mut self, facts: &Facts) -> bool {
        self.keyframe.arrived();
        let Facts { index, timestamp, arrived, .. } = *facts;
        match &mut self.keyframe_start {
            Some(start) if start.timestamp == timestamp => {
                start.index = start.index.min(index);
                return start.index == index;
            }
            Some(start) if start.index > index => {}
            _ => self.keyframe_start = Some(KeyframeStart { index, timestamp, arrived }),
        }
        true
    }

    /// Whether nothing of it came for `us` while other encodings of its stream sent, or nothing ever.
    pub fn is_silent(&self, now: Instant, us: u32) -> bool {
        let overtaken = self.overtaken.is_some_and(|since| now.since_us(since) >= u64::from(us));
        self.arrived.is_none() || overtaken
    }

    /// Notes what it takes now, as long as something of it comes.
    pub fn note_usual_rate(&mut self, now: Instant) {
        if self.arrived.is_none_or(|arrived| now.since_us(arrived) >= USUAL_US) {
            return;
        }
        for (spatial, usual_bps) in self.usual_bps.iter_mut().enumerate() {
            if let Some(bitrate_bps) = self.rates.incoming_bps(spatial as u8) {
                *usual_bps = bitrate_bps.max(*usual_bps - *usual_bps / USUAL_PART);
            }
        }
    }

    /// What all its layers took when they were sent, in bits a second: the highest of late.
    pub fn usual_bps(&self) -> u32 {
        self.usual_bps[LAYERS - 1]
    }

    /// Where the payload tells no layers, those that the dependency descriptor in `data` tells.
    pub fn read_dependencies(&mut self, data: &[u8], facts: &mut Facts) {
        if facts.picture.layers != Layers::Unknown {
            return;
        }
        let head = DependencyDescriptor::read(data);
        let Some((head, frame)) = head.zip(self.dependencies.read(data)) else { return };
        facts.picture.keyframe |= head.has_structure && head.start_of_frame;
        facts.picture.layers = Layers::Targets(TargetFrame {
            number: head.frame_number,
            begins_sequence: head.has_structure,
            ends: head.end_of_frame,
            layers: frame.layers,
            indications: frame.indications,
        });
    }

    /// Notes which layers there are; gives the spatial and the temporal one of a frame.
    pub fn note_layers(&mut self, layers: &Layers, now: Instant) -> (u8, u8) {
        let (spatial, temporal) = match layers {
            Layers::Unknown => return (0, 0),
            Layers::Temporal { id, .. } => (None, *id),
            Layers::Spatial(frame) => (Some(frame.spatial), frame.temporal),
            Layers::Targets(frame) => (Some(frame.layers.spatial), frame.layers.temporal),
        };
        spatial.into_iter().for_each(|spatial| self.spatial_layers.note(spatial, now));
        self.most_spatial_layers = self.most_spatial_layers.max(self.spatial_layers.get());
        self.temporal_layers.note(temporal, now);
        (spatial.unwrap_or(0), temporal)
    }

    /// Whether higher spatial layers than that of a frame need it.
    pub fn serves_higher(&self, layers: &Layers) -> bool {
        match layers {
            Layers::Spatial(frame) => frame.serves_higher,
            Layers::Targets(frame) => self.dependencies.serves_higher(frame.layers.spatial, frame.indications),
            Layers::Unknown | Layers::Temporal { .. } => false,
        }
    }

    /// When something of it is due: a NACK or a keyframe request.
    pub fn due(&self) -> Option<Instant> {
        [self.loss.due(), self.keyframe.due()].into_iter().flatten().min()
    }
}

/// What came no later is sent still.
const USUAL_US: u64 = 500_000;

/// The part of its usual rate that an encoding forgets each time it is looked at.
const USUAL_PART: u32 = 64;
