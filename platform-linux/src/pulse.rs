//! Signs of life of both halves, for whoever watches over the process.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use smol::Timer;

/// How often a supervisor hears that all is well. A half that has nothing to do beats more often.
pub const PERIOD: Duration = Duration::from_secs(1);

/// The signs of life of one half.
#[derive(Debug, Default)]
pub struct Pulse {
    beats: AtomicU32,
    is_wedged: AtomicBool,
}

impl Pulse {
    /// Said by the half whenever it went on. Does not return once somebody called [`Self::wedge`].
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
        while self.is_wedged.load(Ordering::Relaxed) {
            std::thread::park();
        }
    }

    /// How often the half went on, wrapping.
    pub fn beats(&self) -> u32 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Stops the half for good at its next beat: to see whether a watchdog notices.
    pub fn wedge(&self) {
        self.is_wedged.store(true, Ordering::Relaxed);
    }
}

/// Watches over the process: a service manager, a watchdog of the board.
pub trait Supervisor {
    /// The server accepts clients. `media` are the pulses of its media threads.
    fn ready(&mut self, media: &[Arc<Pulse>]);

    /// Both halves went on during the last [`PERIOD`]. Who misses this for several periods starts the process again.
    fn alive(&mut self);

    /// The server reads its configuration again; [`Self::reloaded`] follows.
    fn reloading(&mut self) {}

    /// It counts, or the old one goes on.
    fn reloaded(&mut self) {}

    /// The server ends.
    fn stopping(&mut self) {}
}

/// Nobody watches.
pub struct Nobody;

impl Supervisor for Nobody {
    fn ready(&mut self, _media: &[Arc<Pulse>]) {}

    fn alive(&mut self) {}
}

/// Tells `supervisor` of the media threads with these pulses and of the control half, on whose thread this runs.
pub async fn watch(supervisor: Rc<RefCell<dyn Supervisor>>, media: Vec<Arc<Pulse>>) {
    supervisor.borrow_mut().ready(&media);
    let mut observer = Observer::new(media);
    loop {
        Timer::after(PERIOD).await;
        if observer.all_went_on() {
            supervisor.borrow_mut().alive();
        }
    }
}

/// Remembers how often each pulse beat.
struct Observer {
    pulses: Vec<Arc<Pulse>>,
    seen: Vec<u32>,
}

impl Observer {
    fn new(pulses: Vec<Arc<Pulse>>) -> Self {
        let seen = pulses.iter().map(|pulse| pulse.beats()).collect();
        Self { pulses, seen }
    }

    /// Whether each beat since the last call.
    fn all_went_on(&mut self) -> bool {
        let mut all = true;
        for (pulse, seen) in self.pulses.iter().zip(&mut self.seen) {
            let beats = pulse.beats();
            all &= beats != *seen;
            *seen = beats;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_half_that_stands_still_is_noticed() {
        let pulses = [Arc::new(Pulse::default()), Arc::new(Pulse::default())];
        let mut observer = Observer::new(pulses.to_vec());
        assert!(!observer.all_went_on());
        pulses[0].beat();
        assert!(!observer.all_went_on());
        pulses.iter().for_each(|pulse| pulse.beat());
        assert!(observer.all_went_on());
        assert!(!observer.all_went_on());
    }

    #[test]
    fn a_wedged_half_does_not_come_back() {
        let pulse = Arc::new(Pulse::default());
        pulse.wedge();
        let thread = std::thread::spawn({
            let pulse = Arc::clone(&pulse);
            move || pulse.beat()
        });
        std::thread::sleep(Duration::from_millis(50));
        assert!(!thread.is_finished());
        pulse.is_wedged.store(false, Ordering::Relaxed);
        thread.thread().unpark();
        assert!(thread.join().is_ok());
    }
}
