//! The dependency descriptor with the differences of frame numbers, which the code under test does not read (AV1 RTP
//! payload specification, appendix A.8).

/// What was told last of an encoder's frames.
#[derive(Default)]
pub(crate) struct Dependencies {
    first: u8,
    targets: u32,
    templates: Vec<Template>,
}

#[derive(Clone, Default)]
struct Template {
    spatial: u8,
    temporal: u8,
    differences: Vec<u16>,
}

/// A frame, as its descriptor tells it.
pub(crate) struct Told {
    pub(crate) number: u16,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) is_key: bool,
    /// How far before it the frames are that it needs.
    pub(crate) differences: Vec<u16>,
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, _| {
            let bit = self.data[self.at / 8] >> (7 - self.at % 8) & 1;
            self.at += 1;
            value << 1 | u32::from(bit)
        })
    }

    /// A number below `below` (AV1 specification, section 4.10.7).
    fn below(&mut self, below: u32) -> u32 {
        let width = 32 - below.leading_zeros();
        let short = (1 << width) - below;
        let value = self.take(width as usize - 1);
        if value < short { value } else { (value << 1 | self.take(1)) - short }
    }
}

impl Dependencies {
    pub(crate) fn read(&mut self, data: &[u8]) -> Option<Told> {
        let [first, high, low, rest @ ..] = data else { return None };
        let number = u16::from_be_bytes([*high, *low]);
        let template = first & 63;
        let mut bits = Bits { data: rest, at: 0 };
        let [mut has_structure, mut has_active, mut has_targets, mut has_differences, mut has_chains] = [false; 5];
        if !rest.is_empty() {
            for flag in [&mut has_structure, &mut has_active, &mut has_targets, &mut has_differences, &mut has_chains] {
                *flag = bits.take(1) == 1;
            }
        }
        if has_structure {
            *self = Self::structure(&mut bits);
        }
        if has_active {
            bits.take(self.targets as usize);
        }
        let template = self.templates.get(usize::from(template.wrapping_sub(self.first) & 63))?;
        if has_targets {
            bits.take(2 * self.targets as usize);
        }
        let Template { spatial, temporal, mut differences } = template.clone();
        if has_differences {
            differences.clear();
            loop {
                match bits.take(2) {
                    0 => break,
                    size => differences.push(bits.take(4 * size as usize) as u16 + 1),
                }
            }
        }
        Some(Told { number, spatial, temporal, is_key: has_structure, differences })
    }

    fn structure(bits: &mut Bits<'_>) -> Self {
        let first = bits.take(6) as u8;
        let targets = bits.take(5) + 1;
        let mut templates = vec![Template::default()];
        loop {
            let Template { spatial, temporal, .. } = *templates.last().unwrap();
            let (spatial, temporal) = match bits.take(2) {
                0 => (spatial, temporal),
                1 => (spatial, temporal + 1),
                2 => (spatial + 1, 0),
                _ => break,
            };
            templates.push(Template { spatial, temporal, differences: Vec::new() });
        }
        bits.take(0);
        (0..templates.len() as u32 * targets).for_each(|_| _ = bits.take(2));
        for template in &mut templates {
            while bits.take(1) == 1 {
                template.differences.push(bits.take(4) as u16 + 1);
            }
        }
        let chains = bits.below(targets + 1);
        if chains > 0 {
            (0..targets).for_each(|_| _ = bits.below(chains));
            (0..templates.len() as u32 * chains).for_each(|_| _ = bits.take(4));
        }
        if bits.take(1) == 1 {
            let layers = templates.iter().map(|template| template.spatial).max().unwrap() + 1;
            (0..layers).for_each(|_| _ = bits.take(32));
        }
        Self { first, targets, templates }
    }
}
