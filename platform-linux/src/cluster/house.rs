//! What of the control half a member of a cluster touches.

use std::rc::Rc;

use parlor_core::control::{Refusal, WayOut};
use parlor_core::id::HandleId;
use parlor_core::media::RelayKeys;
use parlor_core::room::Name;

use crate::control::ControlTask;

/// The rooms of this box, and who publishes there.
pub(super) trait House {
    /// See [`parlor_core::control::Control::add_publisher_of_box`].
    fn add(&mut self, room: Name, shown: &[u8], keys: RelayKeys) -> Result<(HandleId, u16), Refusal>;
    /// See [`parlor_core::control::Control::update_publisher_of_box`].
    fn update(&mut self, handle: HandleId, shown: &[u8]) -> Result<(), Refusal>;
    /// See [`parlor_core::control::Control::secure_publisher_of_box`].
    fn secure(&mut self, handle: HandleId, keys: RelayKeys);
    /// See [`parlor_core::control::Control::bound_silence_of_box`].
    fn bound_silence(&mut self, handle: HandleId, silence_ms: u32);
    /// See [`parlor_core::control::Control::remove_publisher_of_box`].
    fn remove(&mut self, handle: HandleId);
    /// See [`parlor_core::control::Control::has_publisher_of_box`].
    fn has(&self, handle: HandleId) -> bool;
    /// See [`parlor_core::control::Control::send_to_box`].
    fn send(&mut self, number: u64, way: &WayOut<'_>) -> Result<(), Refusal>;
    /// See [`parlor_core::control::Control::stop_to_box`].
    fn stop(&mut self, number: u64, name: &str);
}

impl House for Rc<ControlTask> {
    fn add(&mut self, room: Name, shown: &[u8], keys: RelayKeys) -> Result<(HandleId, u16), Refusal> {
        self.with(|control, now, out| control.add_publisher_of_box(now, (room, shown), keys, out))
    }

    fn update(&mut self, handle: HandleId, shown: &[u8]) -> Result<(), Refusal> {
        self.with(|control, now, out| control.update_publisher_of_box(now, handle, shown, out))
    }

    fn secure(&mut self, handle: HandleId, keys: RelayKeys) {
        self.with(|control, now, out| control.secure_publisher_of_box(now, handle, keys, out));
    }

    fn bound_silence(&mut self, handle: HandleId, silence_ms: u32) {
        self.with(|control, now, out| control.bound_silence_of_box(now, handle, silence_ms, out));
    }

    fn remove(&mut self, handle: HandleId) {
        self.with(|control, now, out| control.remove_publisher_of_box(now, handle, out));
    }

    fn has(&self, handle: HandleId) -> bool {
        self.with(|control, _, _| control.has_publisher_of_box(handle))
    }

    fn send(&mut self, number: u64, way: &WayOut<'_>) -> Result<(), Refusal> {
        self.with(|control, now, out| control.send_to_box(now, number, way, out))
    }

    fn stop(&mut self, number: u64, name: &str) {
        self.with(|control, now, out| control.stop_to_box(now, number, name, out));
    }
}
