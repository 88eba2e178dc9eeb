//! The servers of one key provider beside each other: vCenter asks now this one, now that one, so that all must hold the same keys, and
//! each must be able to make them.
//!
//! The invariant: **keys are compared and never shown**, and each that is made here is destroyed again.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kmip::enums::ResultReason;

use super::clock;
use super::conversation::{NO_KEY, NO_LEFTOVER, greeted};
use super::identity::Identity;
use super::message::{Ask, Material};
use super::names::SAME_KEYS;
use super::report::{Facts, Report};
use super::session::{Error, Session};
use super::tls::Target;

const MADE: &str = "A key made at each";
const GONE: &str = "Destroyed at one, gone at all";

const APART: &str = "encrypted VMs fail to power on when vCenter reaches the other server (\"Cannot retrieve key\"): every server of a \
    key provider must hold the same keys. Make a key provider of each, or let them serve one store";
const LATE: &str =
    "encrypting a virtual machine fails now and then: vCenter makes the key at one server and fetches it at another";
const UNDEAD: &str = "a key that was destroyed goes on being served";

/// A server, and what its own examination found.
pub(super) struct Examined<'a> {
    pub(super) target: &'a Target,
    pub(super) facts: &'a Facts,
}

/// What another server says of a key that was made at the first.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Same,
    Other,
    Missing,
}

/// Compares what was found of each, then has each make a key that the others must know.
pub(super) async fn judge(servers: &[Examined<'_>], identity: Option<&Identity>, report: &mut Report) {
    differences(servers, report);
    let Some(identity) = identity else {
        return report.skipped(SAME_KEYS, "give a client certificate with --cert and --key");
    };
    let (answering, silent): (Vec<_>, Vec<_>) = servers.iter().partition(|server| server.facts.answers);
    if !silent.is_empty() {
        let names: Vec<_> = silent.iter().map(|server| server.target.to_string()).collect();
        report.skipped(SAME_KEYS, format!("not compared, since vCenter can't use it by itself: {}", names.join(", ")));
    }
    for home in &answering {
        let others: Vec<_> =
            answering.iter().filter(|other| !std::ptr::eq(other.target, home.target)).map(|it| it.target).collect();
        if !others.is_empty() {
            round(home.target, &others, identity, report).await;
        }
    }
}

/// A key made at `home`, looked for at all others, destroyed at `home`, and gone at the others.
async fn round(home: &Target, others: &[&Target], identity: &Identity, report: &mut Report) {
    // They are connected to beforehand, so that they are asked at once.
    let waiting = join_all(others.iter().map(|other| greeted(other, identity))).await;
    let (id, material) = match make(home, identity).await {
        Ok(made) => made,
        Err(error) => return report.failed_check(MADE, format!("at {home}: {error}"), NO_KEY),
    };
    report.passed(MADE, format!("at {home}: key {id}"));
    let mut holders = Vec::new();
    for (other, session) in others.iter().copied().zip(waiting) {
        let found = match session {
            Ok(session) => look(session, &id, &material).await,
            Err(error) => Err(error),
        };
        if matches!(found, Ok(Found::Same)) {
            holders.push(other);
        }
        say(found, home, other, report);
    }
    let destroyed = destroy(home, identity, &id).await;
    match destroyed {
        Ok(()) => gone(&id, home, &holders, identity, report).await,
        Err(error) => report.failed_check(GONE, format!("key {id} is still at {home}: {error}"), NO_LEFTOVER),
    }
}

async fn make(home: &Target, identity: &Identity) -> Result<(String, Material), Error> {
    let mut session = greeted(home, identity).await?;
    let id = session.ask(Ask::create()).await?.identifier()?;
    let material = session.ask(Ask::get(&id)).await.and_then(|told| told.material().map_err(Error::from));
    match material {
        Ok(material) => Ok((id, material)),
        Err(error) => {
            // Nobody can be told of it but by this error, so it must not stay.
            let _ = destroy(home, identity, &id).await;
            Err(error)
        }
    }
}

async fn look(mut session: Session, id: &str, expected: &Material) -> Result<Found, Error> {
    let told = session.ask(Ask::get(id)).await?;
    if told.refused_as(ResultReason::ItemNotFound) {
        return Ok(Found::Missing);
    }
    Ok(if told.material()? == *expected { Found::Same } else { Found::Other })
}

fn say(found: Result<Found, Error>, home: &Target, other: &Target, report: &mut Report) {
    match found {
        Ok(Found::Same) => {
            report.passed(SAME_KEYS, format!("the key made at {home} is at {other}, at once and with the same bytes"));
        }
        Ok(Found::Missing) => {
            let detail =
                format!("{other} does not know the key made at {home}: two installations, or one that lags behind");
            report.failed_check(SAME_KEYS, detail, APART);
        }
        Ok(Found::Other) => {
            let detail =
                format!("{other} has other bytes for the key made at {home}: one of them can't unlock anything");
            report.failed_check(SAME_KEYS, detail, APART);
        }
        Err(error) => {
            report.failed_check(SAME_KEYS, format!("{other} can't give the key made at {home}: {error}"), LATE)
        }
    }
}

/// The key was never activated, so that it can be destroyed as it is (KMIP 1.1, 3.22).
async fn destroy(home: &Target, identity: &Identity, id: &str) -> Result<(), Error> {
    greeted(home, identity).await?.ask(Ask::destroy(id)).await?.identifier()?;
    Ok(())
}

async fn gone(id: &str, home: &Target, holders: &[&Target], identity: &Identity, report: &mut Report) {
    let mut still = Vec::new();
    for holder in holders {
        match is_gone(holder, identity, id).await {
            Ok(true) => {}
            Ok(false) => still.push(holder.to_string()),
            Err(error) => still.push(format!("{holder} ({error})")),
        }
    }
    match still.is_empty() {
        true => report.passed(GONE, format!("key {id}, destroyed at {home}")),
        false => {
            report.failed_check(GONE, format!("key {id}, destroyed at {home}, is at {}", still.join(", ")), UNDEAD)
        }
    }
}

async fn is_gone(holder: &Target, identity: &Identity, id: &str) -> Result<bool, Error> {
    Ok(greeted(holder, identity).await?.ask(Ask::get(id)).await?.is_refused())
}

/// What is different about them without being wrong in itself.
fn differences(servers: &[Examined<'_>], report: &mut Report) {
    type Read = fn(&Facts) -> Option<String>;
    let rows: [(&str, Read); 3] = [
        ("What they call themselves", |facts| facts.vendor.clone()),
        ("KMIP versions", |facts| facts.versions.clone()),
        ("Issuers of their certificates", |facts| facts.certificate_issuer.clone()),
    ];
    for (name, read) in rows {
        let found = servers.iter().filter_map(|server| Some((server.target.to_string(), read(server.facts)?)));
        let found: Vec<_> = found.collect();
        let different: BTreeSet<_> = found.iter().map(|(_, value)| value).collect();
        match different.first() {
            Some(value) if different.len() == 1 => report.passed(name, value),
            Some(_) => report.noted(name, listed(&found)),
            None => {}
        }
    }
    clocks(servers, report);
}

fn clocks(servers: &[Examined<'_>], report: &mut Report) {
    const NAME: &str = "Their clocks";
    let ahead = || servers.iter().filter_map(|server| Some((server.target, server.facts.clock_ahead_seconds?)));
    let (Some(last), Some(first)) =
        (ahead().min_by_key(|(_, seconds)| *seconds), ahead().max_by_key(|(_, seconds)| *seconds))
    else {
        return;
    };
    let apart = first.1.saturating_sub(last.1);
    let detail = format!("{} is {} {}", first.0, clock::difference(apart), last.0);
    match apart.unsigned_abs() {
        ..=clock::NOTICED => report.passed(NAME, "together"),
        _ => report.warning(NAME, detail, "nothing; a key's dates take effect at one server and not yet at the other"),
    }
}

fn listed(found: &[(String, String)]) -> String {
    found.iter().map(|(server, value)| format!("{server}: {value}")).collect::<Vec<_>>().join("; ")
}
