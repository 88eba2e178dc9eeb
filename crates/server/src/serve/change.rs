//! Another master key, while the server serves or while it is stopped.
//!
//! The invariant: **the new source is on stable storage before the keys file is put under it, and the mark names both until it is.** So
//! a change that is cut off anywhere leaves a folder that opens with the one or the other, and the next start finds which.

use super::control::{Answer, Asked, Control, Request, Target};
use super::core::Core;
use super::origin::{Mark, Marks, Origin};
use super::{Error, master, shared};
use crate::folder::Folder;
use ::kmip::Timestamp;
use keymanager::{Action, Occurrence, Outcome};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::journal::Journal;
use tokio::sync::mpsc;
use uuid::Uuid;
use wrap::keys::Keys;
use wrap::master::{MasterKey, PassphraseParameters};
use wrap::primitive::Random;

/// Who changes it, in audit events: whoever could open the control socket or the folder.
const INITIATOR: &str = "owner-of-the-data-folder";

/// What a change takes.
pub(super) struct Desk {
    pub(super) folder: Arc<Folder>,
    pub(super) keys: Arc<Keys>,
    pub(super) mark: Mutex<Mark>,
    pub(super) random: Arc<dyn Random>,
    pub(super) journal: Arc<Journal>,
    pub(super) now: fn() -> Timestamp,
}

impl Desk {
    /// Of a server that serves.
    pub(super) fn of(core: &Core, folder: &Arc<Folder>, random: &Arc<dyn Random>) -> Self {
        Desk {
            folder: folder.clone(),
            keys: core.sealed_keys.clone(),
            mark: Mutex::new(core.mark.clone()),
            random: random.clone(),
            journal: core.journal.clone(),
            now: crate::clock::now,
        }
    }

    /// Where the master key comes from.
    pub(super) fn mark(&self) -> Mark {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the keys file under the master key of another source, and gives that.
    ///
    /// # Errors
    /// The present master key is in force still, unless the keys file could not be written: then it is either of the two, and the mark
    /// names both.
    pub(super) fn change(&self, to: &Target) -> Result<Mark, Error> {
        let mut current = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, origin) = self.prepare(to)?;
        if origin == current.origin {
            return Err(Error::MasterSource(format!("the master key is {} already", origin.place())));
        }
        let now = (self.now)();
        let next = Mark { origin, since: Some(crate::api::rfc3339(now.seconds())) };
        Marks { current: current.clone(), next: Some(next.clone()) }.write(&self.folder)?;
        self.keys.change_master(&key)?;
        let former = std::mem::replace(&mut *current, next.clone());
        Marks::settled(next.clone()).write(&self.folder)?;
        master::clear(&self.folder, &next.origin, &[&former.origin])?;
        tracing::warn!("the master key was changed: from {} to {}", former.origin.place(), next.origin.place());
        self.record(&former, &next, now);
        Ok(next)
    }

    /// Makes the new source durable.
    fn prepare(&self, to: &Target) -> Result<(MasterKey, Origin), Error> {
        match to {
            Target::File(path) => {
                check_absolute(path)?;
                if !path.exists() {
                    master::make_key_file(path, &*self.random)?;
                }
                Ok((MasterKey::from_file(path)?, Origin::File { path: path.clone() }))
            }
            Target::PassphraseFile(path) => {
                check_absolute(path)?;
                let parameters = PassphraseParameters::recommended(&*self.random)?;
                let key = MasterKey::from_passphrase(&master::passphrase_file(path)?, &parameters)?;
                Ok((key, Origin::Passphrase { path: Some(path.clone()), parameters: parameters.to_string() }))
            }
            Target::Shares(shares) => shared::from_texts(shares.iter().map(|share| share.expose())),
        }
    }

    /// The change is made by now: that its event can't be written is said, and does not undo it.
    fn record(&self, former: &Mark, next: &Mark, now: Timestamp) {
        let event = keymanager::event(&Occurrence {
            action: Action::ChangeMasterKey,
            instance: Uuid::nil(),
            initiator: INITIATOR,
            address: None,
            correlation: None,
            now,
            outcome: Outcome { status: 200, reason: None },
            target: None,
            request: &[("from", former.origin.place().into()), ("to", next.origin.place().into())],
            response: &[],
        });
        if let Err(error) = self.journal.append(&event).and_then(|()| self.journal.flush()) {
            tracing::error!(%error, "the audit event of the change of master key could not be written");
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        match request {
            Request::Share(_) => Answer::refused("the server is open: no share is needed"),
            Request::Show => Answer { mark: Some(self.mark()), ..Answer::done("open") },
            Request::Change(to) => match self.change(to) {
                Ok(mark) => Answer { mark: Some(mark), ..Answer::done("the master key was changed") },
                Err(error) => {
                    tracing::error!(%error, "the master key was not changed");
                    Answer::refused(error)
                }
            },
        }
    }
}

/// Answers at the control socket until the server stops.
pub(super) async fn attend(control: Control, desk: Arc<Desk>, stopped: impl Future<Output = ()>) {
    let (to, mut asked) = mpsc::channel::<Asked>(1);
    let mut serving = std::pin::pin!(control.serve(to));
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = &mut serving => {}
            Some(Asked { request, reply, .. }) = asked.recv() => {
                let desk = desk.clone();
                // One at a time; while it is done, nothing of it is on the threads that serve.
                if let Ok(answer) = tokio::task::spawn_blocking(move || desk.answer(&request)).await {
                    let _ = reply.send(answer);
                }
            }
        }
    }
}

fn check_absolute(path: &Path) -> Result<(), Error> {
    match path.is_absolute() {
        true => Ok(()),
        false => Err(Error::MasterSource(format!("{} must be a whole path, from the root", path.display()))),
    }
}
