//! The dependency descriptor's structure of templates, and what it says of a frame (AV1 RTP payload specification,
//! appendix A.8.2).

use heapless::Vec;

use super::DependencyDescriptor;
use crate::wire::bits::BitReader;

/// The most templates that are known; an encoder with three spatial and three temporal layers has fifteen.
const TEMPLATES: usize = 32;

/// The most decode targets that are known.
const TARGETS: usize = 16;

/// What kinds of frames an encoder makes, until it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DependencyStructure {
    first_template: u8,
    templates: Vec<Template, TEMPLATES>,
    /// The layers of each decode target: the highest that a frame for it has.
    targets: Vec<LayerIds, TARGETS>,
    /// Which targets the encoder makes frames for now, by bit.
    active: u32,
}

/// A frame's layer, or a decode target's highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerIds {
    /// The spatial layer.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Template {
    layers: LayerIds,
    indications: Indications,
}

/// What a frame is to each decode target: two bits each, the first target's the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indications(u32);

/// What a frame is to one decode target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// It does not belong to it.
    NotPresent,
    /// Nothing else of it needs the frame.
    Discardable,
    /// Whoever can decode the frame can decode all of the target behind it.
    Switch,
    /// Others of it need the frame.
    Required,
}

/// What is told of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DependentFrame {
    /// Its layer.
    pub layers: LayerIds,
    /// What it is to each target.
    pub indications: Indications,
}

impl Indications {
    /// What the frame is to `target`.
    pub fn of(self, target: u8) -> Indication {
        match self.0.checked_shr(u32::from(target) * 2).unwrap_or(0) & 3 {
            0 => Indication::NotPresent,
            1 => Indication::Discardable,
            2 => Indication::Switch,
            _ => Indication::Required,
        }
    }
}

impl DependencyStructure {
    /// Takes in an element's `data`: a new structure, where it has one, and what it says of its frame. `None` if it
    /// makes no sense, knows more than we do, or names a template that is not known; then nothing is changed.
    pub fn read(&mut self, data: &[u8]) -> Option<DependentFrame> {
        let head = DependencyDescriptor::read(data)?;
        let rest = data.get(3..)?;
        if rest.is_empty() {
            return self.template(head.template_id).map(Template::frame);
        }
        let mut reader = BitReader::new(rest);
        let [has_structure, has_active, has_indications, _, _] = flags(&mut reader)?;
        let new = if has_structure { Some(Self::parse(&mut reader)?) } else { None };
        let known = new.as_ref().unwrap_or(self);
        let count = known.targets.len() as u32;
        let active = if has_active { Some(reader.bits(count)?) } else { None };
        let mut frame = known.template(head.template_id)?.frame();
        if has_indications {
            frame.indications = indications(&mut reader, count)?;
        }
        if let Some(new) = new {
            *self = new;
        }
        self.active = active.unwrap_or(self.active);
        Some(frame)
    }

    /// The layers of a target.
    pub fn target(&self, number: u8) -> Option<LayerIds> {
        self.targets.get(usize::from(number)).copied()
    }

    /// The best active target of which no layer is above `ceiling`: more pixels before more pictures. Where there is
    /// none, the least of all.
    pub fn best(&self, ceiling: LayerIds) -> Option<u8> {
        let active = || (0..self.targets.len() as u8).filter(|number| self.active >> number & 1 == 1);
        let rank = |number: &u8| self.target(*number).map(|layers| (layers.spatial, layers.temporal));
        let is_allowed = |number: &u8| {
            let layers = self.target(*number).unwrap_or_default();
            layers.spatial <= ceiling.spatial && layers.temporal <= ceiling.temporal
        };
        active().filter(is_allowed).max_by_key(rank).or_else(|| active().min_by_key(rank))
    }

    /// Whether a frame of layer `spatial`, which is `indications` to the targets, belongs to a target of a higher one.
    pub fn serves_higher(&self, spatial: u8, indications: Indications) -> bool {
        let mut targets = (0_u8..).zip(&self.targets);
        targets.any(|(number, layers)| layers.spatial > spatial && indications.of(number) != Indication::NotPresent)
    }

    fn template(&self, id: u8) -> Option<Template> {
        let index = id.wrapping_sub(self.first_template) & 63;
        self.templates.get(usize::from(index)).copied()
    }

    fn parse(reader: &mut BitReader<'_>) -> Option<Self> {
        let first_template = reader.bits(6)? as u8;
        let count = reader.bits(5)? + 1;
        if count as usize > TARGETS {
            return None;
        }
        let mut templates = layers(reader)?;
        for template in &mut templates {
            template.indications = indications(reader, count)?;
        }
        for _ in &templates {
            // Differences of frame numbers: not needed here.
            while reader.flag()? {
                reader.bits(4)?;
            }
        }
        skip_chains(reader, count, templates.len())?;
        let spatial_layers = templates.iter().map(|template| template.layers.spatial).max().unwrap_or(0) + 1;
        if reader.flag()? {
            // A size of each spatial layer.
            for _ in 0..spatial_layers {
                reader.bits(32)?;
            }
        }
        let targets = (0..count as u8).map(|target| layers_of(&templates, target)).collect();
        let active = ((1_u64 << count) - 1) as u32;
        Some(Self { first_template, templates, targets, active })
    }
}

impl Template {
    fn frame(self) -> DependentFrame {
        DependentFrame { layers: self.layers, indications: self.indications }
    }
}

fn flags(reader: &mut BitReader<'_>) -> Option<[bool; 5]> {
    let bits = reader.bits(5)?;
    Some([4, 3, 2, 1, 0].map(|bit| bits >> bit & 1 == 1))
}

/// The layers of the templates, each told by the step from the one before.
fn layers(reader: &mut BitReader<'_>) -> Option<Vec<Template, TEMPLATES>> {
    let mut templates = Vec::new();
    let mut layers = LayerIds::default();
    loop {
        templates.push(Template { layers, indications: Indications::default() }).ok()?;
        match reader.bits(2)? {
            0 => {}
            1 => layers.temporal += 1,
            2 => layers = LayerIds { spatial: layers.spatial + 1, temporal: 0 },
            _ => return Some(templates),
        }
    }
}

fn indications(reader: &mut BitReader<'_>, targets: u32) -> Option<Indications> {
    let mut indications = 0;
    for target in 0..targets {
        indications |= reader.bits(2)? << (2 * target);
    }
    Some(Indications(indications))
}

fn skip_chains(reader: &mut BitReader<'_>, targets: u32, templates: usize) -> Option<()> {
    let chains = reader.below(targets + 1)?;
    if chains == 0 {
        return Some(());
    }
    for _ in 0..targets {
        reader.below(chains)?;
    }
    for _ in 0..templates as u32 * chains {
        reader.bits(4)?;
    }
    Some(())
}

fn layers_of(templates: &[Template], target: u8) -> LayerIds {
    let mut highest = LayerIds::default();
    let own = |template: &&Template| template.indications.of(target) != Indication::NotPresent;
    for template in templates.iter().filter(own) {
        highest.spatial = highest.spatial.max(template.layers.spatial);
        highest.temporal = highest.temporal.max(template.layers.temporal);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_structure_is_kept_and_later_frames_are_told_by_their_templates() {
        let mut structure = DependencyStructure::default();
        assert_eq!(structure.read(&[0xc0, 0, 1]), None, "nothing is known yet");
        // Flags, offset 0, one target; templates: T0, T1, end; what they are to the target; no references, no chains,
        // no sizes.
        let data = [0x80, 0, 1, 0b1000_0000, 0b0000_0000, 0b0111_1011, 0];
        let key = structure.read(&data).unwrap();
        assert_eq!((key.layers, key.indications.of(0)), (LayerIds::default(), Indication::Switch));
        let delta = structure.read(&[0xc1, 0, 2]).unwrap();
        assert_eq!((delta.layers.temporal, delta.indications.of(0)), (1, Indication::Required));
        assert_eq!(structure.best(LayerIds { spatial: 0, temporal: 7 }), Some(0));
        assert_eq!(structure.read(&[0xc9, 0, 2]), None, "no such template");
    }

    #[test]
    fn what_is_cut_changes_nothing() {
        let data = [0x80, 0, 1, 0b1000_0000, 0b0000_0000, 0b0111_1011, 0];
        for len in 0..data.len() {
            let mut structure = DependencyStructure::default();
            assert_eq!(structure.read(&data[..len]), None, "{len}");
            assert_eq!(structure, DependencyStructure::default());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            datas in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..6),
            ceiling: (u8, u8),
        ) {
            let mut structure = DependencyStructure::default();
            for mut data in datas {
                if let Some(flags) = data.get_mut(3) {
                    *flags |= 0x80;
                }
                structure.read(&data);
                let best = structure.best(LayerIds { spatial: ceiling.0, temporal: ceiling.1 });
                prop_assert!(best.is_none_or(|target| structure.target(target).is_some()));
            }
        }
    }
}
