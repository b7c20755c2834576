//! Tests of the floor as a whole: offers of real clients, what a reference server answered, what is written and read.

mod answers;
mod clients;
mod properties;
mod redundancy;
mod renegotiation;
mod subscribers;

use core::net::SocketAddr;
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::id::LinkId;
use crate::link::{Credentials, Fingerprint};

const FINGERPRINT: Fingerprint = Fingerprint { sha256: [0xab; 32] };

/// Calls `use_local` with our end of a PeerConnection.
fn with_local<T>(version: u64, use_local: impl FnOnce(&LocalTransport<'_>) -> T) -> T {
    let credentials = Credentials::new(LinkId::new(3, 1), [7; 25]);
    let candidates: [SocketAddr; 2] = [SocketAddr::from(([192, 0, 2, 7], 7000)), "[2001:db8::7]:7000".parse().unwrap()];
    use_local(&LocalTransport {
        most_message_bytes: 65_536,
        session_id: 77,
        version,
        credentials: &credentials,
        fingerprint: FINGERPRINT,
        candidates: &candidates,
    })
}

/// The answer to `offer` under `policy`.
fn answer(offer: &str, policy: &Policy<'_>) -> String {
    let offer = Description::parse(offer).unwrap();
    let sections = negotiate(&offer, policy).unwrap();
    let role = offer.transport(Side::Offer).unwrap().role;
    let mut text = String::new();
    with_local(1, |local| write_answer(&mut text, &offer, &sections, local, role)).unwrap();
    text
}

/// The lines of the m-line number `index`, the m-line first.
fn section_lines(text: &str, index: usize) -> Vec<&str> {
    let start = text.match_indices("m=").filter(|(at, _)| text[..*at].ends_with('\n')).nth(index).unwrap().0;
    let lines = text[start..].lines();
    lines.enumerate().take_while(|(at, line)| *at == 0 || !line.starts_with("m=")).map(|(_, line)| line).collect()
}
