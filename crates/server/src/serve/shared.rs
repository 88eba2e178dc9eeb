//! Shares of the master key: read from files, gathered one by one, joined.
//!
//! The invariant: **what is gathered is wiped when the key is joined, when it turns out wrong, and when the next share does not come in
//! time.** A share that is refused leaves those that were taken before as they are.

use super::Error;
use super::origin::Origin;
use crate::folder::Folder;
use crate::pki::hexadecimal;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;
use wrap::master::MasterKey;
use wrap::primitive::Random;
use wrap::shares::{self, Kind, Share};
use zeroize::Zeroizing;

/// How long a share waits for the next one.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// A file with a share is no longer.
const LONGEST: u64 = 4096;

/// What a share led to.
pub(super) enum Step {
    /// More are needed.
    More {
        /// The share that was taken.
        number: u8,
        /// How many there are.
        of: u8,
        /// How many more are needed.
        missing: u8,
    },
    /// There are enough: the key, and where it comes from.
    Whole(MasterKey, Origin),
}

/// Shares on their way to a key.
#[derive(Default)]
pub(super) struct Gathered {
    shares: Vec<Share>,
    last: Option<Instant>,
}

impl Gathered {
    /// Takes a share of the set that is wanted.
    pub(super) fn take(&mut self, text: &str, wanted: Option<&str>, now: Instant) -> Result<Step, String> {
        self.forget(now);
        let share = Share::from_text(line_of(text)).map_err(|error| error.to_string())?;
        if let Some(set) = wanted.filter(|set| *set != hexadecimal(&share.set())) {
            return Err(format!(
                "share {} is of the set {}, and this server's master key is the set {set}: give a share of that one",
                share.number(),
                hexadecimal(&share.set())
            ));
        }
        let (number, of) = (share.number(), share.of());
        self.shares.push(share);
        match self.join() {
            Ok((key, origin)) => {
                self.shares.clear();
                Ok(Step::Whole(key, origin))
            }
            Err(shares::Error::TooFew { given, threshold }) => {
                self.last = Some(now);
                Ok(Step::More { number, of, missing: threshold.saturating_sub(given) })
            }
            Err(error @ shares::Error::Wrong) => {
                self.shares.clear();
                Err(format!("{error}; all of them were forgotten: begin again"))
            }
            Err(error) => {
                self.shares.pop();
                Err(error.to_string())
            }
        }
    }

    /// Wipes what has waited too long. Whether there was anything.
    pub(super) fn forget(&mut self, now: Instant) -> bool {
        let is_old = self.last.is_some_and(|last| now.duration_since(last) >= PATIENCE) && !self.shares.is_empty();
        if is_old {
            self.shares.clear();
        }
        is_old
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.shares.len()
    }

    fn join(&self) -> Result<(MasterKey, Origin), shares::Error> {
        let key = shares::join(Kind::Master, &self.shares)?;
        let first = self.shares.first().ok_or(shares::Error::None)?;
        let key = MasterKey::new(&key).map_err(|error| shares::Error::Fault(error.to_string()))?;
        Ok((key, origin_of(first)))
    }
}

/// A new master key as shares, and where it comes from.
pub(crate) fn split(of: u8, threshold: u8, random: &dyn Random) -> Result<(MasterKey, Vec<Share>, Origin), Error> {
    let failed = |error: shares::Error| Error::MasterSource(error.to_string());
    let key = wrap::primitive::random_secret(random, 32).map_err(wrap::master::Error::from)?;
    let shares = shares::split(Kind::Master, &key, threshold, of, random).map_err(failed)?;
    let first = shares.first().ok_or_else(|| failed(shares::Error::Numbers))?;
    let origin = origin_of(first);
    Ok((MasterKey::new(&key)?, shares, origin))
}

/// The key out of share files.
pub(super) fn from_files(paths: &[PathBuf]) -> Result<(MasterKey, Origin), Error> {
    let mut gathered = Gathered::default();
    let now = Instant::now();
    let mut problem = shares::Error::None.to_string();
    for path in paths {
        let read = read(path).map_err(|error| format!("{} can't be read: {error}", path.display()));
        match read.and_then(|text| gathered.take(&text, None, now).map_err(|why| format!("{}: {why}", path.display())))
        {
            Ok(Step::Whole(key, origin)) => return Ok((key, origin)),
            Ok(Step::More { missing, .. }) => {
                problem = format!("master_key.share_files: {missing} more of the same set is needed");
            }
            Err(why) => tracing::warn!("a share file was of no use: {why}"),
        }
    }
    Err(Error::MasterSource(problem))
}

/// The key out of shares as text: what another program was sent.
pub(super) fn from_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Result<(MasterKey, Origin), Error> {
    let unusable = |why: String| Error::MasterSource(why);
    let read = |text| Share::from_text(line_of(text)).map_err(|error| unusable(error.to_string()));
    let gathered = Gathered { shares: texts.map(read).collect::<Result<_, _>>()?, last: None };
    gathered.join().map_err(|error| unusable(error.to_string()))
}

/// The share among the lines of a file, which may say more about it.
fn line_of(text: &str) -> &str {
    let is_share = |line: &&str| line.trim_start().to_ascii_lowercase().starts_with("keystead-share-");
    text.lines().find(is_share).unwrap_or(text)
}

fn read(path: &PathBuf) -> std::io::Result<Zeroizing<String>> {
    use std::io::Read;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn origin_of(share: &Share) -> Origin {
    Origin::Shares { set: hexadecimal(&share.set()), threshold: share.threshold(), of: share.of() }
}

/// Whether a new master key may be made here: nothing was ever sealed under another.
pub(super) fn is_blank(folder: &Folder) -> bool {
    let held = [super::keys::FILE, super::core::DATABASE, super::master::KEY_FILE, super::master::PARAMETERS_FILE];
    folder.is_new() && !held.iter().any(|name| folder.path(name).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wrap::primitive::SystemRandom;

    fn texts(of: u8, threshold: u8) -> Vec<Zeroizing<String>> {
        split(of, threshold, &SystemRandom).unwrap().1.iter().map(Share::to_text).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_waits_ten_minutes_for_the_next_one() {
        let texts = texts(3, 2);
        let check = |wait: u64, expected: bool| {
            let (mut gathered, begun) = (Gathered::default(), Instant::now());
            assert!(matches!(gathered.take(&texts[0], None, begun), Ok(Step::More { missing: 1, .. })));
            let step = gathered.take(&texts[1], None, begun + Duration::from_secs(wait));
            assert_eq!(matches!(step, Ok(Step::Whole(..))), expected, "{wait} s");
        };
        check(0, true);
        check(599, true);
        check(600, false);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_share_leaves_what_was_taken() {
        let (texts, others) = (texts(3, 3), texts(3, 3));
        let mut gathered = Gathered::default();
        let mut take = |text: &str| {
            let said = gathered.take(text, None, Instant::now()).map(|step| matches!(step, Step::Whole(..)));
            (said, gathered.count())
        };
        let refused = |(said, count): (Result<bool, String>, usize), expected: &str| {
            assert!(said.unwrap_err().contains(expected), "{expected}");
            assert_eq!(count, 1);
        };
        assert_eq!(take(&format!("# a note\n{}\n", *texts[0])), (Ok(false), 1));
        refused(take(&texts[0]), "given twice");
        refused(take(&others[1]), "of another set");
        refused(take("nonsense"), "no key share");
        assert_eq!(take(&texts[2]), (Ok(false), 2));
        assert_eq!(take(&texts[1]), (Ok(true), 0));
    }
}
