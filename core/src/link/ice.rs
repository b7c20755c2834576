//! ICE-lite (RFC 8445): we never ask, we answer checks and follow the peer's choice. Consent as seen from here is that
//! checks keep coming (RFC 7675).

use heapless::String;

use super::{Credentials, Route};
use crate::drops::Drop;
use crate::time::Instant;
use crate::wire::stun::{ErrorCode, IceRole, Integrity, Request, UnknownAttributes, write_error, write_success};

/// The longest user name fragment of a peer that is accepted.
pub type RemoteUfrag = String<64>;

/// Without a valid check for so long a peer has withdrawn its consent (RFC 7675 section 5.1).
pub const CONSENT_MS: u64 = 30_000;

/// How long a peer whose fragment is known has for its first valid check.
pub const CONNECT_MS: u64 = 30_000;

/// Without a check for so long the selected route gives way to any other that is checked: peers check what they use
/// about every 2.5 s.
pub const SILENT_ROUTE_MS: u64 = 5_000;

/// For so long after a check a nominated route gives way only to one of at least its priority: a peer that nominates
/// everything (RFC 5245 section 8.1.1.2) does so within one burst, and means the best.
pub const BURST_MS: u64 = 500;

/// Room that every reply fits in.
pub const REPLY_BYTES: usize = 128;

/// One link's side of ICE.
pub struct IceAgent {
    current: Session,
    /// What was in use before an ICE restart, until a check with the new credentials selects a route.
    previous: Option<Session>,
    selected: Option<Selected>,
    /// The last check that was authentic before the peer's fragment was known: it counts once it is.
    early: Option<Early>,
    /// When the peer's fragment became known and no route was selected yet.
    waiting_since: Option<Instant>,
    last_check: Instant,
}

/// What a check did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Bytes of the reply; 0 if there is none.
    pub reply_len: usize,
    /// What it meant.
    pub outcome: Outcome,
}

/// What a check meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It proves nothing. The reply, if there is one, is an error.
    Refused(Drop),
    /// It is authentic, but the peer's fragment is not known yet: nothing may be sent on its route but replies.
    Early,
    /// Its route is validated; the selected one stays.
    Validated,
    /// Its route is validated and is the first that was ever selected.
    Connected,
    /// Its route is validated and is selected now in place of another.
    Moved,
}

/// Why a link must close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Checks stopped coming.
    Consent,
    /// The first never came.
    NeverConnected,
}

/// The credentials of both sides between two restarts.
struct Session {
    local: Credentials,
    /// Keyed with the local password.
    integrity: Option<Integrity>,
    remote_ufrag: RemoteUfrag,
}

/// A check that came before the peer's answer, as the two race (RFC 8445 section 7.3).
struct Early {
    /// The fragment that the peer gave for its own.
    asking: RemoteUfrag,
    candidate: Selected,
}

/// The route that our packets take.
#[derive(Clone, Copy)]
struct Selected {
    route: Route,
    nominated: bool,
    priority: u32,
    checked: Instant,
}

impl IceAgent {
    /// An agent with our credentials. An empty `remote_ufrag` is not known yet.
    pub fn new(now: Instant, local: Credentials, remote_ufrag: RemoteUfrag) -> Self {
        let waiting_since = (!remote_ufrag.is_empty()).then_some(now);
        let current = Session::new(local, remote_ufrag);
        Self { current, previous: None, selected: None, early: None, waiting_since, last_check: now }
    }

    /// New credentials (RFC 8445 section 9), or the peer's fragment for those that are ours already. The selected route
    /// and the credentials before go on until a check with the new ones selects a route. Says what a check means that
    /// came before the fragment.
    pub fn restart(&mut self, now: Instant, local: Credentials, remote_ufrag: RemoteUfrag) -> Option<Outcome> {
        if self.selected.is_none() && !remote_ufrag.is_empty() {
            self.waiting_since.get_or_insert(now);
        }
        let early = self.early.take();
        if local == self.current.local {
            self.current.remote_ufrag = remote_ufrag;
            let is_recent = |early: &Early| now.since_us(early.candidate.checked) < SILENT_ROUTE_MS * 1000;
            let early = early.filter(|early| early.asking == self.current.remote_ufrag && is_recent(early))?;
            return Some(self.validated(early.candidate, true));
        }
        let before = core::mem::replace(&mut self.current, Session::new(local, remote_ufrag));
        // Of two restarts in a row, the one in the middle was never used.
        if self.previous.is_none() {
            self.previous = Some(before);
        }
        None
    }

    /// Where packets to the peer go; nothing before the first valid check.
    pub fn route(&self) -> Option<&Route> {
        self.selected.as_ref().map(|selected| &selected.route)
    }

    /// When [`Self::expired`] will say something if no check comes before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.selected {
            Some(_) => Some(self.last_check.after_ms(CONSENT_MS)),
            None => self.waiting_since.map(|since| since.after_ms(CONNECT_MS)),
        }
    }

    /// Why the link must close, if it must.
    pub fn expired(&self, now: Instant) -> Option<Expiry> {
        if now < self.deadline()? {
            return None;
        }
        Some(if self.selected.is_some() { Expiry::Consent } else { Expiry::NeverConnected })
    }

    /// Answers `request`, which came on `route` and names a fragment of ours, into `reply` of at least
    /// [`REPLY_BYTES`].
    ///
    /// A wrong name or password is answered by 401 as RFC 8489 section 9.1.3 has it: the answer is shorter than any
    /// such request, tells nothing that the asking one did not know, and lets an honest peer with old credentials
    /// give up early.
    pub fn check(&mut self, now: Instant, request: &Request<'_>, route: &Route, reply: &mut [u8]) -> Check {
        let Some((asked, asking)) = request.fragments().filter(|_| request.has_integrity) else {
            return refusal(request, ErrorCode::BadRequest, None, reply);
        };
        let is_current = asked == self.current.local.ufrag.as_bytes();
        let session = if is_current { Some(&self.current) } else { self.previous.as_ref() };
        let Some(session) = session.filter(|session| session.admits(asked, asking, request)) else {
            return refusal(request, ErrorCode::Unauthenticated, None, reply);
        };
        if !request.unknown.is_empty() {
            return refusal(request, ErrorCode::UnknownAttribute, session.integrity.as_ref(), reply);
        }
        // A lite agent is always the controlled one and cannot change (RFC 8445 section 6.1.1).
        if let Some(IceRole::Controlled(_)) = request.role {
            return refusal(request, ErrorCode::RoleConflict, session.integrity.as_ref(), reply);
        }
        let Some(reply_len) = write_success(reply, &request.transaction, route.remote, session.integrity.as_ref())
        else {
            return Check { reply_len: 0, outcome: Outcome::Refused(Drop::TooLong) };
        };
        let candidate = Selected {
            route: *route,
            nominated: request.use_candidate,
            priority: request.priority.unwrap_or(0),
            checked: now,
        };
        if session.remote_ufrag.is_empty() {
            let asking = core::str::from_utf8(asking).ok().and_then(|asking| RemoteUfrag::try_from(asking).ok());
            self.early = asking.map(|asking| Early { asking, candidate });
            return Check { reply_len, outcome: Outcome::Early };
        }
        Check { reply_len, outcome: self.validated(candidate, is_current) }
    }

    /// Takes in that a check of `candidate` was valid.
    fn validated(&mut self, candidate: Selected, is_current: bool) -> Outcome {
        self.last_check = candidate.checked;
        let Some(selected) = &mut self.selected else {
            self.selected = Some(candidate);
            self.previous = None;
            return Outcome::Connected;
        };
        if selected.route == candidate.route {
            selected.checked = candidate.checked;
            selected.nominated |= candidate.nominated;
            selected.priority = candidate.priority;
            // On one route the new credentials take over when the peer has chosen it under them.
            if is_current && candidate.nominated {
                self.previous = None;
            }
            return Outcome::Validated;
        }
        let is_restarted = is_current && self.previous.is_some();
        if selected.gives_way(&candidate, is_restarted) {
            *selected = candidate;
            if is_current {
                self.previous = None;
            }
            return Outcome::Moved;
        }
        Outcome::Validated
    }
}

impl Session {
    fn new(local: Credentials, remote_ufrag: RemoteUfrag) -> Self {
        let integrity = Integrity::new(local.password.as_bytes());
        Self { local, integrity, remote_ufrag }
    }

    /// Whether `request` has both names and our password.
    fn admits(&self, asked: &[u8], asking: &[u8], request: &Request<'_>) -> bool {
        asked == self.local.ufrag.as_bytes()
            && (self.remote_ufrag.is_empty() || asking == self.remote_ufrag.as_bytes())
            && self.integrity.as_ref().is_some_and(|integrity| request.is_authentic(integrity))
    }
}

impl Selected {
    /// Whether `other`, checked just now, is to be used instead. The newest nomination counts, so that a phone that
    /// changes network goes on at once.
    fn gives_way(&self, other: &Self, is_restarted: bool) -> bool {
        let silent_us = other.checked.since_us(self.checked);
        if !other.nominated {
            return silent_us >= SILENT_ROUTE_MS * 1000;
        }
        !self.nominated || is_restarted || other.priority >= self.priority || silent_us >= BURST_MS * 1000
    }
}

/// An error reply to `request`.
fn refusal(request: &Request<'_>, code: ErrorCode, integrity: Option<&Integrity>, reply: &mut [u8]) -> Check {
    let none = UnknownAttributes::new();
    let unknown = if code == ErrorCode::UnknownAttribute { &request.unknown } else { &none };
    let reply_len = write_error(reply, &request.transaction, code, unknown, integrity).unwrap_or(0);
    Check { reply_len, outcome: Outcome::Refused(Drop::StunRefused) }
}

#[cfg(test)]
mod tests;
