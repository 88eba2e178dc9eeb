//! A server without its master key: it waits for shares, and does nothing else.
//!
//! The invariant: **sealed, nothing is served and nothing is changed**: no port is listened on, and the store is not opened.

use super::control::{Answer, Asked, Control, Request};
use super::master::{self, Master};
use super::origin::{Mark, Marks, Origin};
use super::shared::{Gathered, Step};
use super::signals::{Signal, Signals};
use super::{Error, keys, systemd};
use crate::folder::Folder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wrap::master::MasterKey;
use wrap::primitive::Random;

/// How often it is said what is waited for.
const REMINDER: Duration = Duration::from_secs(60);

/// How long the last answer may take on its way.
const ANSWERED: Duration = Duration::from_secs(1);

/// A sealed server.
struct Sealed<'a> {
    folder: &'a Folder,
    random: &'a Arc<dyn Random>,
    wanted: Mark,
    gathered: Gathered,
}

/// Waits for enough shares. None: it was told to stop.
pub(super) async fn wait(
    control: &Control,
    signals: &mut Signals,
    (folder, random): (&Folder, &Arc<dyn Random>),
    wanted: Mark,
) -> Result<Option<Master>, Error> {
    let mut sealed = Sealed { folder, random, wanted, gathered: Gathered::default() };
    let (to, mut asked) = mpsc::channel(1);
    let mut serving = std::pin::pin!(control.serve(to));
    let mut reminders = tokio::time::interval(REMINDER);
    loop {
        tokio::select! {
            () = &mut serving => {}
            Some(Asked { request, reply, written }) = asked.recv() => {
                let (answer, opened) = sealed.answer(request)?;
                let _ = reply.send(answer);
                if opened.is_some() {
                    // Whatever the start comes to, the holder hears that the share was right.
                    let _ = tokio::time::timeout(ANSWERED, written).await;
                    return Ok(opened);
                }
            }
            _ = reminders.tick() => sealed.remind(),
            signal = signals.next() => match signal {
                Signal::Stop(name) => {
                    tracing::info!("{name}: stopping, still sealed");
                    return Ok(None);
                }
                Signal::Reload => tracing::info!("sealed: there is nothing to reload yet"),
            },
        }
    }
}

impl Sealed<'_> {
    fn answer(&mut self, request: Request) -> Result<(Answer, Option<Master>), Error> {
        Ok(match request {
            Request::Share(text) => return self.take(text.expose()),
            Request::Show => (Answer { mark: Some(self.wanted.clone()), ..self.status() }, None),
            Request::Change(_) => {
                (Answer::refused("the server is sealed: give it the shares of the present master key first"), None)
            }
        })
    }

    fn take(&mut self, text: &str) -> Result<(Answer, Option<Master>), Error> {
        let set = match &self.wanted.origin {
            Origin::Shares { set, .. } => Some(set.clone()),
            Origin::File { .. } | Origin::Passphrase { .. } => None,
        };
        Ok(match self.gathered.take(text, set.as_deref(), Instant::now()) {
            Ok(Step::Whole(key, origin)) => return self.open(&key, origin),
            Ok(Step::More { number, of, missing }) => {
                tracing::info!("share {number} of {of} was taken, {missing} more needed");
                let said = format!("share {number} of {of} taken, {missing} more {} needed", verb(missing));
                (Answer { missing: Some(missing), ..Answer::done(said) }, None)
            }
            Err(why) => {
                tracing::warn!("a share was refused: {why}");
                (Answer { missing: self.status().missing, ..Answer::refused(why) }, None)
            }
        })
    }

    fn open(&self, key: &MasterKey, origin: Origin) -> Result<(Answer, Option<Master>), Error> {
        match keys::open(self.folder, key, self.random) {
            Ok(keys) => {
                let marks = Marks::read(self.folder)?.unwrap_or_else(|| Marks::settled(self.wanted.clone()));
                let master = master::settle(self.folder, &marks, keys, origin)?;
                tracing::info!("the master key is whole: the server starts");
                Ok((Answer::done("the master key is whole: the server is open, and starts to serve"), Some(master)))
            }
            Err(error) => Ok((Answer::refused(error), None)),
        }
    }

    fn status(&self) -> Answer {
        let threshold = match self.wanted.origin {
            Origin::Shares { threshold, .. } => threshold,
            Origin::File { .. } | Origin::Passphrase { .. } => 0,
        };
        let taken = u8::try_from(self.gathered.count()).unwrap_or(u8::MAX);
        let missing = threshold.saturating_sub(taken);
        let said = format!("sealed: waits for {missing} more of {threshold} shares");
        Answer { missing: Some(missing), ..Answer::done(said) }
    }

    fn remind(&mut self) {
        if self.gathered.forget(Instant::now()) {
            tracing::warn!("the next share did not come in ten minutes: those that were taken are forgotten");
        }
        let text = format!("{}; each holder runs `keystead unseal` on this machine", self.status().said);
        tracing::warn!("{text}");
        systemd::waiting(&text, 2 * REMINDER);
    }
}

fn verb(count: u8) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
