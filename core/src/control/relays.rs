//! What forwarders and recordings have in common: m-lines that leave a room without a PeerConnection.

use super::Outlet;
use super::turn::Turn;
use crate::id::{HandleId, RelayId};
use crate::media::Command;
use crate::random::Random;
use crate::room::Relayed;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// The shard of what `handle` publishes.
    pub(crate) fn shard_of(&self, handle: HandleId) -> Option<u8> {
        let entry = self.state.handles.get(handle)?;
        match &entry.peer {
            Some(peer) => Some(peer.shard),
            None => self.state.rooms.get(entry.publisher()?.room?).map(|room| room.shard),
        }
    }

    /// Ends the relays of `handle` that are `meant`; says how many.
    pub(crate) fn remove_relays(&mut self, handle: HandleId, meant: impl Fn(&Relayed) -> bool) -> usize {
        let Some(shard) = self.shard_of(handle) else { return 0 };
        let Some(tables) = self.state.shard_mut(shard) else { return 0 };
        let mut removed = 0;
        for index in 0..tables.relays.capacity() as u16 {
            let is_meant = |relayed: &&Relayed| relayed.handle() == handle && meant(relayed);
            let Some(relayed) = tables.relays.at(index).copied().as_ref().filter(is_meant).copied() else { continue };
            let Some(relay) = tables.relays.id_at(index).map(RelayId::from) else { continue };
            tables.relays.remove(relay);
            removed += 1;
            self.post.out.command(shard, Command::RemoveRelay { relay });
            if matches!(relayed, Relayed::Recording(_)) {
                self.post.out.stop_recording(shard, relay);
            }
        }
        removed
    }
}
