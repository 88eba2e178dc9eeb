//! Rotations as they go on, and the versions that they leave.
//!
//! The invariant: **the rotation is the server's**: whoever stops looking stops nothing.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Found, Sort, Wish, find};
use crate::api::{RootKeyVersion, Rotation};
use crate::cli::confirm::Consent;
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// A line for those who have no terminal, at most so often.
const LINE: u32 = 25;

const SHOWN: [Column<Rotation>; 9] = [
    Column("Root key", |rotation| format!("{} ({})", rotation.key_name, rotation.key_id)),
    Column("State", |rotation| rotation.state.clone()),
    Column("Adapters", |rotation| format!("{} of {} done", rotation.done, rotation.total)),
    Column("Failed", |rotation| if rotation.failed == 0 { String::new() } else { rotation.failed.to_string() }),
    Column("Why", |rotation| rotation.reason.clone().unwrap_or_default()),
    Column("From version", |rotation| rotation.from.clone()),
    Column("To version", |rotation| rotation.to.clone()),
    Column("Started", |rotation| format!("{} by {}", rotation.started, rotation.by)),
    Column("Finished", |rotation| rotation.finished.clone().unwrap_or_default()),
];

const VERSIONS: [Column<RootKeyVersion>; 6] = [
    Column("No.", |version| version.number.to_string()),
    Column("Id", |version| version.id.clone()),
    Column("State", |version| version.state.clone()),
    Column("Adapters", |version| version.used_by.to_string()),
    Column("Created", |version| version.created.clone()),
    Column("Can be taken back until", |version| version.retrievable_until.clone().unwrap_or_default()),
];

/// How far the newest rotation of a key has come.
pub(super) async fn show(api: &Api<'_>, name: &str, output: Output) -> Result<(), Failure> {
    let key = find(api, Sort::Root, name, Wish::Live).await?;
    let rotation: Rotation =
        api.own().show(&["keys", &key.id, "rotation"]).await.map_err(|failure| never(&key, failure))?;
    output.show(&rotation, &SHOWN)
}

fn never(key: &Found, failure: Failure) -> Failure {
    if !failure.is_not_found() {
        return failure;
    }
    Failure::not_found(
        format!("root key {} has no rotation to show", key.name),
        "it was never rotated, or before this version of Keystead; its versions: keystead rootkey versions",
    )
}

/// Looks on until a key's rotation is finished, or has met something that needs somebody. None: the caller may not look.
pub(super) async fn follow(api: &Api<'_>, key: &Found) -> Result<Option<Rotation>, Failure> {
    let (api, sight) = (api.own(), Sight::new());
    let mut last = u32::MAX;
    loop {
        let rotation: Rotation = match api.show(&["keys", &key.id, "rotation"]).await {
            Ok(rotation) => rotation,
            Err(failure) if failure.is_no_access() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        sight.tell(&rotation, &mut last);
        if rotation.state != "running" {
            sight.end();
            return Ok(Some(rotation));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a rotation came to, as a sentence.
pub(super) fn outcome(key: &Found, rotation: &Rotation) -> Result<String, Failure> {
    let Rotation { total, done, failed, reason, .. } = rotation;
    let why = reason.as_deref().unwrap_or_default();
    match rotation.state.as_str() {
        "failed" => Err(Failure::new(
            format!("{failed} of {total} adapters are still under an older version, which goes on unwrapping: {why}"),
            format!("the server tries again by itself; look again with: keystead rootkey rotation {}", key.id),
        )),
        "waiting" => Ok(format!("{done} of {total} adapters are done; {why}.")),
        _ => Ok(format!("{total} of {total} adapters are under it; no client noticed.")),
    }
}

/// A bar on a terminal, else lines; on standard error.
enum Sight {
    Bar(ProgressBar),
    Lines,
}

impl Sight {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Sight::Lines;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} adapters, {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Sight::Bar(bar)
    }

    fn tell(&self, rotation: &Rotation, last: &mut u32) {
        match self {
            Sight::Bar(bar) => {
                bar.set_length(rotation.total.into());
                bar.set_position(rotation.done.into());
            }
            Sight::Lines if rotation.total > 0 && *last != rotation.done && is_worth_a_line(rotation, *last) => {
                *last = rotation.done;
                // Nobody is left to tell when standard error is closed.
                let _ = writeln!(std::io::stderr(), "{} of {} adapters", rotation.done, rotation.total);
            }
            Sight::Lines => {}
        }
    }

    fn end(&self) {
        match self {
            Sight::Bar(bar) => bar.finish_and_clear(),
            Sight::Lines => {}
        }
    }
}

fn is_worth_a_line(rotation: &Rotation, last: u32) -> bool {
    last == u32::MAX || rotation.done == rotation.total || rotation.done.saturating_sub(last) >= LINE
}

pub(super) async fn versions(api: &Api<'_>, name: &str, output: Output) -> Result<(), Failure> {
    let key = find(api, Sort::Root, name, Wish::Live).await?;
    let versions: Vec<RootKeyVersion> = api.own().list(&["keys", &key.id, "versions"]).await?;
    output.list(&versions, &VERSIONS, &format!("Root key {} has no versions.", key.name))
}

pub(super) async fn retire(
    api: &Api<'_>,
    (name, version): (&str, &str),
    consent: Consent,
    output: Output,
) -> Result<(), Failure> {
    let key = find(api, Sort::Root, name, Wish::Live).await?;
    consent.obtain(&format!(
        "Version {version} of root key {key} will unwrap no more. Adapters don't need it, or this is refused; but what was wrapped \
         under it over the API can't be unwrapped any more. It can be taken back for 30 days, then its material is erased."
    ))?;
    let retired: RootKeyVersion = api.own().post(&["keys", &key.id, "versions", version, "retire"], &()).await?;
    let until = retired.retrievable_until.as_deref().unwrap_or_default();
    let back = format!("keystead rootkey unretire {} {}{}", key.id, retired.number, api.here());
    output.done(
        &retired,
        &format!("Version {} of root key {} is retired. Until {until}: {back}", retired.number, key.name),
    )
}

pub(super) async fn unretire(api: &Api<'_>, (name, version): (&str, &str), output: Output) -> Result<(), Failure> {
    let key = find(api, Sort::Root, name, Wish::Live).await?;
    let back: RootKeyVersion = api.own().post(&["keys", &key.id, "versions", version, "unretire"], &()).await?;
    output.done(&back, &format!("Version {} of root key {} unwraps again.", back.number, key.name))
}
