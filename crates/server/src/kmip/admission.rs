//! [`Admission`]: whether a client is let in at a door, asked at first, again whenever the lists may have changed, and again when a
//! certificate's time is over.
//!
//! The invariant: **a certificate on a list is the client, one that is denied is none, and only then authorities are asked**; and each
//! client comes in by the doors of its adapter alone.

mod refused;
mod reminders;

pub(super) use refused::Refused;
pub(super) use reminders::Reminders;

use super::House;
use super::sightings::{Step, Track};
use super::visitor::Visitor;
use crate::crowd::Share;
use crate::metrics::Tally;
use crate::pki::{self, NotVouched};
use ::kmip::Timestamp;
use ::kmip::enums::Operation;
use engine::exchange::{Operations, Reply};
use engine::registry::{Client, Expired, Fingerprint};
use rustls::pki_types::CertificateDer;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long it is served without another question when its certificate's dates don't hold, in seconds.
const HOUR: i64 = 3600;

/// A client that was let in when the registry had a certain epoch.
pub(super) struct Admission {
    identity: Identity,
    epoch: u64,
    /// The last moment for which the answer holds, in seconds since the Unix epoch.
    until: i64,
    client: Client,
    share: Share<Uuid>,
    track: Arc<Track>,
    tally: Tally,
}

/// What is read from a client's own certificate once.
#[derive(Clone, Copy)]
struct Identity {
    fingerprint: Fingerprint,
    not_before: i64,
    not_after: i64,
}

impl Identity {
    /// What bears no dates that can be read is taken as always valid: the list decides.
    fn of(leaf: &[u8], fingerprint: [u8; 32]) -> Self {
        let facts = pki::facts(leaf).ok();
        let (not_before, not_after) = facts.map_or((i64::MIN, i64::MAX), |facts| (facts.not_before, facts.not_after));
        Identity { fingerprint: Fingerprint(fingerprint), not_before, not_after }
    }
}

impl Admission {
    /// Lets a client in. None: it is not, which was logged with what can be done about it.
    pub(super) fn ask(visitor: &Visitor<'_>, fingerprint: [u8; 32], house: &House) -> Option<Self> {
        let now = (house.port.now)();
        match Self::try_ask(visitor, Identity::of(visitor.leaf(), fingerprint), house, now) {
            Ok(admission) => {
                admission.saw(Step::Certificate, now, visitor.came.from.ip(), || admission.who());
                Some(admission)
            }
            Err(refused) => {
                refused.tell(visitor, house, now);
                None
            }
        }
    }

    fn try_ask(visitor: &Visitor<'_>, identity: Identity, house: &House, now: Timestamp) -> Result<Self, Refused> {
        // Read before the list is: if that changes in between, it is asked once more, never once too few.
        let epoch = house.port.engine.registry().epoch();
        let (client, until) = decide(&identity, visitor, house, now)?;
        let adapter = client.adapter().id;
        let share = house.shares.take(adapter).map_err(Refused::Full)?;
        let track = house.port.sightings.of_adapter(adapter);
        Ok(Admission { identity, epoch, until, client, share, track, tally: Tally::default() })
    }

    /// The client, if it is let in at this moment. Who comes by is the same as ever.
    pub(super) fn renew(&mut self, visitor: &Visitor<'_>, house: &House, now: Timestamp) -> Result<&Client, Refused> {
        let epoch = house.port.engine.registry().epoch();
        if epoch != self.epoch || now.seconds() > self.until {
            let (client, until) = decide(&self.identity, visitor, house, now)?;
            let adapter = client.adapter().id;
            if adapter != self.share.whose() {
                self.share = house.shares.take(adapter).map_err(Refused::Full)?;
                self.track = house.port.sightings.of_adapter(adapter);
            }
            (self.client, self.until, self.epoch) = (client, until, epoch);
        }
        Ok(&self.client)
    }

    /// Counts an answer, and how long it took.
    pub(super) fn count(&mut self, reply: &Reply, time: Duration, house: &House) {
        house.port.metrics.answered(&mut self.tally, self.client.adapter().id, &reply.outcomes, time);
    }

    /// Notes what succeeded, where it is a step of the pairing.
    pub(super) fn succeeded(&self, operations: Operations, now: Timestamp, address: IpAddr) {
        let steps = [(Operation::DiscoverVersions, Step::DiscoverVersions), (Operation::Create, Step::Create)];
        for (_, step) in steps.into_iter().filter(|(operation, _)| operations.contains(*operation)) {
            self.saw(step, now, address, String::new);
        }
    }

    fn saw(&self, step: Step, now: Timestamp, address: IpAddr, detail: impl FnOnce() -> String) {
        self.track.note(step, now, address, detail);
    }

    fn who(&self) -> String {
        let entry = self.client.certificate();
        match entry.fingerprint == self.identity.fingerprint {
            true => entry.name.clone(),
            false => format!("{}, vouched for by {}", self.identity.fingerprint, entry.name),
        }
    }
}

/// The client, and the last second for which that holds unless the registry's epoch moves.
fn decide(who: &Identity, visitor: &Visitor<'_>, house: &House, now: Timestamp) -> Result<(Client, i64), Refused> {
    let (client, until) = match house.port.engine.registry().admit(&who.fingerprint) {
        Some(client) => {
            let until = in_time(who, &client, house, now)?;
            (client, until)
        }
        None => vouched(who, visitor, house, now)?,
    };
    match visitor.door(house) {
        Some(own) if own != client.adapter().id => Err(Refused::Elsewhere),
        None if !client.adapter().door.shared => Err(Refused::NotShared),
        Some(_) | None => Ok((client, until)),
    }
}

/// Whether a certificate on a list is served at this time. A clock that is wrong must not shut everybody out, so who has none of the
/// dates on its side is served unless the adapter says otherwise, and the log tells of it.
fn in_time(who: &Identity, client: &Client, house: &House, now: Timestamp) -> Result<i64, Refused> {
    let seconds = now.seconds();
    let remind = |what: &str| {
        if house.reminders.is_due(who.fingerprint, seconds) {
            let (fingerprint, name, adapter) = (who.fingerprint, &client.certificate().name, &client.adapter().name);
            house.quiet.line(|| tracing::warn!(%fingerprint, name, adapter, "a client is served though {what}"));
        }
        Ok(seconds.saturating_add(HOUR))
    };
    match (seconds > who.not_after, client.adapter().door.expired) {
        (true, Expired::Refused) => Err(Refused::Expired),
        (true, Expired::Served) => remind("its certificate has expired: have it renewed"),
        (false, _) if seconds < who.not_before => {
            remind("its certificate is not valid yet: see whether this machine's clock is right")
        }
        (false, _) => Ok(who.not_after),
    }
}

/// A client that an authority vouches for. Any certificate of the chain can be denied.
fn vouched(who: &Identity, visitor: &Visitor<'_>, house: &House, now: Timestamp) -> Result<(Client, i64), Refused> {
    let registry = house.port.engine.registry();
    let chain = visitor.chain();
    let rules = house.rules.now(registry);
    let is_denied = |der: &CertificateDer<'_>| registry.is_denied(&Fingerprint::of(der)) || rules.denies(der);
    if chain.iter().take(pki::LONGEST_CHAIN).any(is_denied) {
        return Err(Refused::Denied);
    }
    let authorities = rules.authorities(visitor.door(house));
    let vouchers: Vec<_> = authorities.iter().map(|(_, voucher)| voucher).collect();
    let (place, until) = pki::vouch(&vouchers, chain, now).map_err(Refused::Stranger)?;
    let authority = authorities.get(place).map(|(client, _)| client);
    let authority = authority.ok_or(Refused::Stranger(NotVouched::Nobody))?;
    Ok((authority.standing_for(who.fingerprint), until))
}
