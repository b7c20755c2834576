//! Whether somebody talks: the average of the audio levels that a publisher tells (RFC 6464).

/// What counts as talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeechSettings {
    /// Packets over which the level is averaged; at least 1.
    pub packets: u32,
    /// An average below it is speech, in dB below the loudest (127: silence).
    pub level: u32,
}

/// The average of a stream, and what follows from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speech {
    packets: u32,
    sum: u32,
    /// Whether somebody talks.
    pub talking: bool,
    /// What the control half knows of that.
    pub told: bool,
    /// The average when that changed last, in hundredths of a dB below the loudest.
    pub average_centi: u16,
}

impl Speech {
    /// A packet with this level arrived. Says whether talking began or ended.
    pub fn arrived(&mut self, level: u8, settings: &SpeechSettings) -> bool {
        self.packets += 1;
        self.sum = self.sum.saturating_add(u32::from(level));
        if self.packets < settings.packets {
            return false;
        }
        let (packets, sum) = (u64::from(self.packets), u64::from(self.sum));
        (self.packets, self.sum) = (0, 0);
        let limit = packets * u64::from(settings.level);
        // At the limit itself everything stays as it is.
        let talking = if self.talking { sum <= limit } else { sum < limit };
        let changed = talking != self.talking;
        if changed {
            self.talking = talking;
            self.average_centi = (sum * 100 / packets) as u16;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: SpeechSettings = SpeechSettings { packets: 4, level: 50 };

    fn hear(speech: &mut Speech, level: u8) -> bool {
        (0..4).filter(|_| speech.arrived(level, &SETTINGS)).count() == 1
    }

    #[test]
    fn talking_begins_below_the_level_and_ends_above_it() {
        let mut speech = Speech::default();
        assert!(!hear(&mut speech, 127) && !hear(&mut speech, 50));
        assert!(hear(&mut speech, 49) && speech.talking);
        assert_eq!(speech.average_centi, 4900);
        assert!(!hear(&mut speech, 50) && speech.talking);
        assert!(hear(&mut speech, 51) && !speech.talking);
    }

    #[test]
    fn one_loud_packet_is_no_speech() {
        let mut speech = Speech::default();
        let levels = [0, 127, 127, 127];
        assert!(!levels.into_iter().any(|level| speech.arrived(level, &SETTINGS)));
    }
}
