//! The way to an end that disturbs nobody: who is in a room stays, nobody new comes, and when the last one left, or at
//! a deadline, the platform is told that it may end.

use super::Outlet;
use super::handle::Handle;
use super::turn::Turn;
use crate::random::Random;
use crate::time::Instant;

/// A drain that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drain {
    /// When it ends even if somebody is left; `None`: never.
    pub(crate) deadline: Option<Instant>,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Begins a drain that waits `wait_s` seconds at most (0: for ever), or ends the one that goes on.
    pub(crate) fn set_drain(&mut self, wait_s: Option<u32>) {
        let deadline = |wait_s: u32| (wait_s > 0).then(|| self.now.after_ms(u64::from(wait_s) * 1000));
        self.state.options.drain = wait_s.map(|wait_s| Drain { deadline: deadline(wait_s) });
        say!(info, "a drain, which takes nobody new and ends with the last one, goes on: {}", wait_s.is_some());
    }

    /// Tells the platform when a drain has nothing left to wait for.
    pub(crate) fn end_drain(&mut self) {
        let Some(drain) = self.state.options.drain else { return };
        let is_over = drain.deadline.is_some_and(|deadline| deadline <= self.now);
        if is_over || !self.state.handles.iter().any(|(_, handle)| is_somebody(handle)) {
            self.post.out.drained();
        }
    }
}

/// Whether `handle` is somebody in a room.
fn is_somebody(handle: &Handle) -> bool {
    let publishes = handle.publisher().is_some_and(|publisher| publisher.room.is_some()) && !handle.is_unattended();
    publishes || handle.peer.is_some() && !handle.is_unattended()
}
