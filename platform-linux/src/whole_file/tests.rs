//! The power goes at every byte and between any two steps; bits rot.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use super::*;

const NAME: &str = "rooms.toml";

/// A disk whose power goes after so many steps. Names last in the order in which they changed, some or all of
/// those that were not synchronised; of content that was not, any beginning lasts, and zeros may stand for the rest.
#[derive(Clone, Default)]
struct Unsteady {
    /// Content by number: what a reader sees, and whether it lasts.
    files: Vec<(Vec<u8>, bool)>,
    /// The names that last, and each state of them since.
    names: Vec<BTreeMap<String, usize>>,
    /// Steps until the power goes; each byte of content is one.
    steps: Option<usize>,
    /// Whether files can have second names.
    links: bool,
}

impl Unsteady {
    fn new(links: bool) -> Self {
        Self { names: vec![BTreeMap::new()], links, ..Self::default() }
    }

    fn now(&self) -> &BTreeMap<String, usize> {
        self.names.last().unwrap()
    }

    fn step(&mut self) -> io::Result<()> {
        match &mut self.steps {
            Some(0) => return Err(io::Error::other("the power went")),
            Some(steps) => *steps -= 1,
            None => {}
        }
        Ok(())
    }

    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<String, usize>)) -> io::Result<()> {
        self.step()?;
        let mut names = self.now().clone();
        change(&mut names);
        self.names.push(names);
        Ok(())
    }

    fn number(&self, name: &str) -> io::Result<usize> {
        self.now().get(name).copied().ok_or(ErrorKind::NotFound.into())
    }

    /// Every state in which the disk may be when the power is back.
    fn after_a_loss(&self) -> Vec<Self> {
        let mut states = Vec::new();
        for names in &self.names {
            let whole = self.files.iter().map(|(bytes, _)| bytes.len()).max().unwrap_or(0);
            for kept in 0..=whole {
                for zeros in [false, true] {
                    let mut state = Self { names: vec![names.clone()], steps: None, ..self.clone() };
                    for (bytes, lasts) in state.files.iter_mut().filter(|(_, lasts)| !lasts) {
                        let len = bytes.len();
                        bytes.truncate(kept);
                        if zeros {
                            bytes.resize(len, 0);
                        }
                        *lasts = true;
                    }
                    states.push(state);
                    if self.files.iter().all(|(_, lasts)| *lasts) {
                        break;
                    }
                }
            }
        }
        states
    }
}

impl Disk for Unsteady {
    fn read(&self, name: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
        Ok(self.files[self.number(name)?].0.iter().copied().take(bytes_max as usize).collect())
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        assert!(self.number(name).is_err(), "{name} exists");
        let number = self.files.len();
        self.files.push((Vec::new(), false));
        self.change(|names| _ = names.insert(name.into(), number))?;
        for byte in bytes {
            self.step()?;
            self.files[number].0.push(*byte);
        }
        Ok(())
    }

    fn synchronise_file(&mut self, name: &str) -> io::Result<()> {
        self.step()?;
        let number = self.number(name)?;
        self.files[number].1 = true;
        Ok(())
    }

    fn link(&mut self, name: &str, second: &str) -> io::Result<()> {
        let number = self.number(name)?;
        assert!(self.number(second).is_err(), "{second} exists");
        if !self.links {
            return Err(ErrorKind::Unsupported.into());
        }
        self.change(|names| _ = names.insert(second.into(), number))
    }

    fn rename(&mut self, name: &str, new: &str) -> io::Result<()> {
        let number = self.number(name)?;
        self.change(|names| {
            names.remove(name);
            names.insert(new.into(), number);
        })
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.change(|names| _ = names.remove(name))
    }

    fn synchronise_names(&mut self) -> io::Result<()> {
        self.step()?;
        self.names = vec![self.now().clone()];
        Ok(())
    }
}

fn read_text(disk: &mut Unsteady) -> Read<String> {
    read(disk, NAME, 100, |text| Ok(text.to_string())).unwrap()
}

#[test]
fn power_that_goes_at_any_byte_loses_no_state() {
    for links in [true, false] {
        let mut disk = Unsteady::new(links);
        let mut before = None;
        for text in ["first\n", "second, longer\n", "3\n"] {
            let mut cuts = 0;
            loop {
                let mut cut = Unsteady { steps: Some(cuts), ..disk.clone() };
                let written = write(&mut cut, NAME, text).is_ok();
                for mut state in cut.after_a_loss() {
                    let (found, remark) = read_text(&mut state);
                    assert_eq!(remark, None, "after {cuts} steps");
                    let is_new = found.as_deref() == Some(text);
                    assert!(is_new || (!written && found.as_deref() == before), "{found:?} after {cuts} steps");
                    // What is left of the cut does not hinder the next change.
                    write(&mut state, NAME, "next\n").unwrap();
                    assert_eq!(read_text(&mut state), (Some("next\n".into()), None));
                }
                if written {
                    break;
                }
                cuts += 1;
            }
            assert!(cuts > LINE_BYTES + text.len(), "every byte was a step");
            write(&mut disk, NAME, text).unwrap();
            before = Some(text);
        }
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_the_state_before_counts() {
    let mut disk = Unsteady::new(true);
    write(&mut disk, NAME, "before\n").unwrap();
    write(&mut disk, NAME, "after\n").unwrap();
    let number = disk.number(NAME).unwrap();
    let whole = disk.files[number].0.clone();
    for place in 0..whole.len() {
        let mut cut = disk.clone();
        cut.files[number].0.truncate(place);
        // Beyond the mark of the checksum, whose loss leaves what a person could have written.
        let rotten = (place >= MARK.len()).then(|| {
            let mut rotten = disk.clone();
            rotten.files[number].0[place] ^= 4;
            rotten
        });
        for mut state in [Some(cut), rotten].into_iter().flatten() {
            let damaged = state.files[number].0.clone();
            let (found, remark) = read_text(&mut state);
            assert_eq!(found.as_deref(), Some("before\n"), "{place}");
            assert!(remark.unwrap().contains("rooms.toml.broken"));
            assert_eq!(state.read("rooms.toml.broken", 1000).unwrap(), damaged);
        }
    }
}

#[test]
fn without_a_state_before_a_damaged_file_leaves_nothing_and_a_remark() {
    let mut disk = Unsteady::new(true);
    write(&mut disk, NAME, "only\n").unwrap();
    disk.files.last_mut().unwrap().0.pop();
    let (found, remark) = read_text(&mut disk);
    assert_eq!(found, None);
    assert!(remark.unwrap().contains("nothing was found before it"));
    assert_eq!(read_text(&mut disk), (None, None), "it was set aside");
}

#[test]
fn what_a_person_wrote_needs_no_checksum_but_sense() {
    let mut disk = Unsteady::new(true);
    disk.create(NAME, b"[[room]]\nroom = 1\n").unwrap();
    assert_eq!(read_text(&mut disk).0.unwrap(), "[[room]]\nroom = 1\n");
    let senseless = read(&mut disk, NAME, 100, |_| Err::<(), _>("line 2".into())).unwrap();
    assert!(senseless.0.is_none() && senseless.1.unwrap().contains("line 2"));
    disk.create(NAME, &[b'\n'; LINE_BYTES + 101]).unwrap();
    assert!(read_text(&mut disk).1.unwrap().contains("too long"));
}
