//! How fast the server is there, what it takes at rest, and what a key takes on the disk.
//!
//! Invariant: every round begins with an empty folder.

use crate::error::{Doing, Error};
use crate::keystead::Keystead;
use crate::process::folder_bytes;
use crate::stats::median;
use crate::{fill, report};
use std::path::Path;
use std::time::Duration;

/// Keys to spread the disk's page sizes over.
const KEYS: u32 = 2_048;

/// Medians over the rounds.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Starts {
    /// From the start in an empty folder until the server's certificate is served, in seconds.
    pub(crate) first_s: f64,
    /// From the second start until Discover Versions is answered, in seconds.
    pub(crate) second_s: f64,
    /// Resident memory one second after that, in bytes.
    pub(crate) rest_bytes: f64,
    /// What the data folder grows by for each key made, in bytes, measured between two clean stops.
    pub(crate) key_bytes: f64,
}

/// Starts, stops and starts again, in folders of its own below `parent`.
pub(crate) async fn measure(binary: &Path, parent: &Path, rounds: usize) -> Result<Starts, Error> {
    let mut all = Vec::new();
    for round in 1..=rounds {
        report::say(&format!("start: round {round} of {rounds}"));
        all.push(once(binary, parent).await?);
    }
    let middle = |value: fn(&Starts) -> f64| median(all.iter().map(value));
    Ok(Starts {
        first_s: middle(|s| s.first_s),
        second_s: middle(|s| s.second_s),
        rest_bytes: middle(|s| s.rest_bytes),
        key_bytes: middle(|s| s.key_bytes),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
async fn once(binary: &Path, parent: &Path) -> Result<Starts, Error> {
    let folder = tempfile::tempdir_in(parent).doing(|| format!("making a folder in {}", parent.display()))?;
    let keystead = Keystead::new(binary, folder.path())?;
    let (child, client, first) = keystead.install().await?;
    child.stop();
    let size = || folder_bytes(&keystead.data()).doing(|| format!("measuring {}", keystead.data().display()));
    let empty = size()?;
    let (child, second) = keystead.restart(&client).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rest = child.process().resident()?;
    fill::unnamed(&keystead.peer(&child, client), KEYS.into()).await?;
    child.stop();
    let grown = size()?.saturating_sub(empty);
    Ok(Starts {
        first_s: first.as_secs_f64(),
        second_s: second.as_secs_f64(),
        rest_bytes: rest as f64,
        key_bytes: grown as f64 / f64::from(KEYS),
    })
}
