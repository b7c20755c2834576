//! The loop of a shard over what its platform gives.

use crate::link::{Gcm, Outbox};
use crate::media::{Media, Port};
use crate::random::Random;
use crate::time::Instant;

/// Runs a shard until its port says that it was asked to end. Allocates nothing, and waits nowhere but in
/// [`Port::wait`].
pub async fn run<G: Gcm, R: Random>(media: &mut Media<'_, G, R>, port: &mut impl Port) {
    let mut show_due = Instant::default();
    while !port.stopped() {
        let now = port.now();
        if now >= show_due {
            port.show(&media.totals());
            show_due = now.after_ms(SHOW_MS);
        }
        for _ in 0..COMMANDS_A_ROUND {
            let Some(command) = port.command() else { break };
            media.command(now, command);
        }
        for _ in 0..DATAGRAMS_A_ROUND {
            let Some(datagram) = port.dtls() else { break };
            media.send_dtls(&datagram, port.outbox());
        }
        let now = port.now();
        let received = port.receive(|datagram, outbox| media.receive(now, datagram, outbox))
            + port.receive_ingress(|link, datagram, outbox| media.receive_ingress(now, link, datagram, outbox));
        media.leave(now, port.outbox());
        media.tick(now, port.outbox());
        port.outbox().flush();
        let all_told = media.notices(|notice| port.notice(notice));
        if received == 0 {
            // A full queue of notices is tried again soon.
            let until = if all_told { media.due() } else { media.due().min(now.after_ms(NOTICE_RETRY_MS)) };
            port.wait(until).await;
        }
    }
}

/// Commands that are applied before packets have their turn.
const COMMANDS_A_ROUND: usize = 64;

/// DTLS datagrams that are sent before packets have their turn.
const DATAGRAMS_A_ROUND: usize = 64;

const NOTICE_RETRY_MS: u64 = 10;

const SHOW_MS: u64 = 1000;
