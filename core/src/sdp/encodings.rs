//! The encodings of a published m-line, as the offer tells them.

use heapless::Vec;

use super::Section;
use crate::limits::ENCODINGS;
use crate::media::{EncodingParameters, Rid};

/// In which order an offer lists its rids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RidOrder {
    /// As their names tell; where these do not, the highest layer first.
    #[default]
    ByName,
    /// The highest layer first.
    HighestFirst,
    /// The lowest layer first.
    LowestFirst,
}

/// Simulcast by rid (RFC 8853), else by a SIM group of SSRCs, else the one encoding whose SSRC is told; from the
/// lowest layer to the highest. Empty if nothing is told.
pub(super) fn read(offered: &Section<'_>, order: RidOrder) -> Vec<EncodingParameters, ENCODINGS> {
    let rids = by_rid(offered, order);
    if !rids.is_empty() {
        return rids;
    }
    let of_ssrc = |ssrc| EncodingParameters { rid: None, ssrc: Some(ssrc), rtx_ssrc: repair(offered, ssrc) };
    if let Some(group) = offered.ssrc_groups("SIM").next() {
        return group.take(ENCODINGS).map(of_ssrc).collect();
    }
    offered.ssrcs().find(|ssrc| !is_repair(offered, *ssrc)).map(of_ssrc).into_iter().collect()
}

/// The rids, at most [`ENCODINGS`], from the lowest layer to the highest.
fn by_rid(offered: &Section<'_>, order: RidOrder) -> Vec<EncodingParameters, ENCODINGS> {
    let mut names: Vec<&str, ENCODINGS> = Vec::new();
    for rid in offered.rids().take(ENCODINGS) {
        if is_rid(rid) && !names.contains(&rid) {
            // There are at most ENCODINGS.
            let _ = names.push(rid);
        }
    }
    let ladder = LADDERS.iter().find(|ladder| names.iter().all(|name| ladder.contains(name)));
    match (order, ladder) {
        (RidOrder::LowestFirst, _) => {}
        (RidOrder::ByName, Some(ladder)) => {
            names.sort_unstable_by_key(|name| ladder.iter().position(|step| step == name));
        }
        (RidOrder::HighestFirst, _) | (RidOrder::ByName, None) => names.reverse(),
    }
    let encoding = |name: &&str| EncodingParameters { rid: Rid::try_from(*name).ok(), ..Default::default() };
    names.iter().map(encoding).collect()
}

/// Names that tell which layer is higher, from the lowest. Where none fits, the offer lists the highest first.
const LADDERS: [&[&str]; 6] = [
    &["l", "m", "h"],
    &["q", "h", "f"],
    &["lo", "mi", "hi"],
    &["low", "mid", "high"],
    &["r0", "r1", "r2"],
    &["0", "1", "2"],
];

/// RFC 8851 section 10 allows letters, digits, `-` and `_`.
pub(super) fn is_rid(text: &str) -> bool {
    let is_short = (1..=Rid::new().capacity()).contains(&text.len());
    is_short && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The SSRC that repairs `ssrc`, by a FID group (RFC 5576 section 4.2, RFC 4588 section 8).
fn repair(offered: &Section<'_>, ssrc: u32) -> Option<u32> {
    offered.ssrc_groups("FID").find_map(|mut group| (group.next()? == ssrc).then(|| group.next()).flatten())
}

/// Whether `ssrc` repairs another one.
fn is_repair(offered: &Section<'_>, ssrc: u32) -> bool {
    let repairs = |semantics| offered.ssrc_groups(semantics).any(|group| group.skip(1).any(|other| other == ssrc));
    repairs("FID") || repairs("FEC-FR")
}
