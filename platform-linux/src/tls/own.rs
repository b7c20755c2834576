//! The certificate that this machine makes for itself, and makes anew when it is called otherwise or time runs out.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::authority::Authority;
use super::certificate::{self, Said};
use super::local_name::LocalName;
use super::names::{self, Names};
use crate::config::Configuration;
use crate::identity::Identity;
use crate::log;

/// The file, in the state directory.
const FILE: &str = "server.pem";

const DAY_S: u64 = 24 * 60 * 60;

/// A certificate is good so long before it was made, for clocks that are slow.
const BEFORE_S: u64 = 2 * DAY_S;

/// And so long after. Together this is less than the 398 days that browsers take.
const AFTER_S: u64 = 395 * DAY_S;

/// So long before its end a new one is made.
const RENEW_S: u64 = 30 * DAY_S;

/// 2026-01-01: a clock that shows less was never set.
const EARLIEST_S: u64 = 1_767_225_600;

/// The certificate of this machine and who signs it.
pub(super) struct Own {
    directory: PathBuf,
    media: Vec<String>,
    ignored: Vec<String>,
    local: Rc<LocalName>,
    authority: Authority,
    kept: Option<(Identity, Said)>,
}

impl Own {
    /// Reads authority and certificate of the state directory, or makes them. The error is a sentence.
    pub(super) fn open(configuration: &Configuration, local: &Rc<LocalName>) -> Result<Self, String> {
        let directory: &Path = &configuration.state.directory;
        let (authority, remark) = Authority::open(directory, &names::host())?;
        let (kept, other_remark) = Identity::kept(directory, FILE)?;
        for remark in remark.into_iter().chain(other_remark) {
            log::warn("tls", remark);
        }
        let read = |kept: Identity| certificate::read(&kept.certificate).map(|said| (kept, said));
        let kept = kept.and_then(read).filter(|(_, said)| said.issuer == authority.name());
        let mut own = Self {
            directory: directory.into(),
            media: configuration.media.address.clone(),
            ignored: configuration.media.ignore.clone(),
            local: Rc::clone(local),
            authority,
            kept,
        };
        own.renew(now_s())?;
        Ok(own)
    }

    /// The name of the authority and its certificate, in DER.
    pub(super) fn authority(&self) -> (&str, &[u8]) {
        (self.authority.name(), self.authority.certificate())
    }

    /// The certificate and its key.
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.kept.as_ref().map(|(identity, _)| identity)
    }

    /// Makes a new certificate if it is `now_s` and the old one is not good for it; whether that was so. One that
    /// cannot be kept is used all the same. The error is a sentence.
    pub(super) fn renew(&mut self, now_s: u64) -> Result<bool, String> {
        // As long as it is not known whether the local name can be had, an old certificate will do.
        let local = match &self.kept {
            Some(_) => self.local.settled(),
            None => Some(self.local.get()),
        };
        let all = Names::of_machine(local, &self.media, &self.ignored);
        let names = self.authority.permits(all.clone());
        let said = self.kept.as_ref().map(|(_, said)| said);
        if said.is_some_and(|said| said.names.contain(&names) && is_good(said.validity_s, now_s)) {
            return Ok(false);
        }
        let known_s = said.map_or(0, |said| if now_s < EARLIEST_S { said.validity_s.0 + BEFORE_S } else { 0 });
        let from_s = now_s.max(EARLIEST_S).max(known_s);
        let identity = self.authority.sign(&names, (from_s - BEFORE_S, from_s + AFTER_S))?;
        let said = certificate::read(&identity.certificate).ok_or("a certificate of ours cannot be read")?;
        if let Err(why) = identity.keep(&self.directory, FILE) {
            log::warn("tls", format_args!("the new certificate is used, but not kept: {why}"));
        }
        log::info("tls", format_args!("there is a new certificate for {}", said.names));
        if all != names {
            let left = all.without(&names);
            log::warn("tls", format_args!("it cannot be for {left}: the authority vouches for what is private alone"));
        }
        self.kept = Some((identity, said));
        Ok(true)
    }
}

/// Whether a certificate of this validity can be shown for a while yet. A clock that was never set says nothing.
fn is_good(validity_s: (u64, u64), now_s: u64) -> bool {
    now_s < EARLIEST_S || (validity_s.0..validity_s.1 - RENEW_S).contains(&now_s)
}

/// Seconds since 1970, as far as this machine knows.
pub(super) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// 2026-07-01
    const SUMMER_S: u64 = 1_782_864_000;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("parlor-tls-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn own(&self, local: &Rc<LocalName>) -> Own {
            let mut configuration = Configuration::default();
            configuration.state.directory = self.0.clone();
            Own::open(&configuration, local).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn said(own: &Own) -> &Said {
        &own.kept.as_ref().unwrap().1
    }

    #[test]
    fn a_restart_keeps_both_certificates_for_our_eyes_only() {
        let scratch = Scratch::new("restart");
        let local = Rc::new(LocalName::given("parlor"));
        let first = scratch.own(&local);
        let second = scratch.own(&local);
        assert_eq!(first.authority(), second.authority());
        assert_eq!(first.identity().unwrap().certificate, second.identity().unwrap().certificate);
        for file in ["authority.pem", FILE] {
            let mode = fs::metadata(scratch.0.join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        fs::write(scratch.0.join("authority.pem"), "gone").unwrap();
        fs::remove_file(scratch.0.join("authority.pem.old")).ok();
        let third = scratch.own(&local);
        assert_ne!(first.authority(), third.authority());
        assert_ne!(first.identity().unwrap().certificate, third.identity().unwrap().certificate);
    }

    #[test]
    fn it_is_renewed_in_time_and_taken_by_browsers() {
        let scratch = Scratch::new("time");
        let mut own = scratch.own(&Rc::new(LocalName::given("parlor")));
        let (from_s, to_s) = said(&own).validity_s;
        assert!(to_s - from_s <= 398 * DAY_S, "{} days", (to_s - from_s) / DAY_S);
        assert!(!own.renew(to_s - RENEW_S - 1).unwrap());
        assert!(own.renew(to_s - RENEW_S).unwrap());
        assert_eq!(said(&own).validity_s.0, to_s - RENEW_S - BEFORE_S);
        // A clock that was wrong is set.
        assert!(own.renew(SUMMER_S).unwrap());
        assert_eq!(said(&own).validity_s.0, SUMMER_S - BEFORE_S);
        // And one that was never set does not count, where time is known to be later.
        assert!(!own.renew(0).unwrap());
        own.local.settle("other.local");
        assert!(own.renew(0).unwrap());
        assert_eq!(said(&own).validity_s.0, SUMMER_S - BEFORE_S);
    }

    #[test]
    fn it_follows_the_name_and_the_authority_stays() {
        let scratch = Scratch::new("name");
        let local = Rc::new(LocalName::wanted("parlor"));
        let mut own = scratch.own(&local);
        let authority = own.authority().1.to_vec();
        assert!(said(&own).names.hosts.contains(&"parlor.local".into()));
        assert!(!own.renew(now_s()).unwrap());
        local.settle("parlor-2.local");
        assert!(own.renew(now_s()).unwrap());
        assert!(said(&own).names.hosts.contains(&"parlor-2.local".into()));
        assert!(!said(&own).names.hosts.contains(&"parlor.local".into()));
        // The next start does not know yet whether the first name can be had.
        let mut again = scratch.own(&Rc::new(LocalName::wanted("parlor")));
        assert_eq!(said(&again), said(&own));
        assert!(!again.renew(now_s()).unwrap());
        assert_eq!(again.authority().1, authority);
    }

    #[test]
    fn the_authority_signs_what_is_private_and_nothing_else() {
        let scratch = Scratch::new("private");
        let own = scratch.own(&Rc::new(LocalName::given("parlor")));
        let names = Names {
            hosts: ["parlor.local", "bank.example", "notlocal", "box.lan", "localhost"].map(Into::into).into(),
            addresses: ["192.168.1.5", "8.8.8.8", "172.32.0.1", "172.31.0.1", "fd00::5", "2001:db8::1", "::1"]
                .map(|address| address.parse().unwrap())
                .into(),
        };
        let permitted = own.authority.permits(names);
        assert_eq!(permitted.hosts, ["parlor.local", "box.lan", "localhost"]);
        let addresses: Vec<_> = permitted.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["192.168.1.5", "172.31.0.1", "fd00::5", "::1"]);
    }
}
