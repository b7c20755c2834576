//! The dependency descriptor's mandatory part (AV1 RTP payload specification, appendix A.8.2).

/// Which frame a packet belongs to, and by which template its place among the others is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// The packet is its frame's first.
    pub start_of_frame: bool,
    /// The packet is its frame's last.
    pub end_of_frame: bool,
    /// The frame's template, below 64.
    pub template_id: u8,
    /// The frame's number, wrapping.
    pub frame_number: u16,
    /// Whether a new structure of templates follows, as it does with each keyframe.
    pub has_structure: bool,
}

impl DependencyDescriptor {
    /// The value in an element's `data`.
    pub fn read(data: &[u8]) -> Option<Self> {
        let [first, high, low] = *data.first_chunk()?;
        Some(Self {
            start_of_frame: first & 0x80 != 0,
            end_of_frame: first & 0x40 != 0,
            template_id: first & 0x3f,
            frame_number: u16::from_be_bytes([high, low]),
            has_structure: data.get(3).is_some_and(|flags| flags & 0x80 != 0),
        })
    }

    /// Gives the frame of an element's `data` another number; nothing if it is too short.
    pub fn set_frame_number(data: &mut [u8], frame_number: u16) {
        if let Some(bytes) = data.get_mut(1..3) {
            bytes.copy_from_slice(&frame_number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mandatory_part_has_three_bytes() {
        let last = DependencyDescriptor {
            start_of_frame: false,
            end_of_frame: true,
            template_id: 5,
            frame_number: 0x1234,
            has_structure: false,
        };
        assert_eq!(DependencyDescriptor::read(&[0x45, 0x12, 0x34]), Some(last));
        assert_eq!(DependencyDescriptor::read(&[0x45, 0x12]), None);
    }

    #[test]
    fn a_structure_is_announced_in_the_fourth_byte() {
        let mut data = [0x80, 0, 1, 0x80, 0];
        assert!(DependencyDescriptor::read(&data).is_some_and(|first| first.start_of_frame && first.has_structure));
        DependencyDescriptor::set_frame_number(&mut data, 0xabcd);
        assert_eq!(data, [0x80, 0xab, 0xcd, 0x80, 0]);
        data[3] = 0x40;
        assert!(DependencyDescriptor::read(&data).is_some_and(|first| !first.has_structure));
    }
}
