//! The control socket in the data folder: shares of the master key come in here, and changes of it are asked for.
//!
//! JSON, one request a line, and a line for each answer. The invariant: **only the owner of the data folder, and root, are heard**: the
//! folder is closed to others, the socket too, and the kernel says who is at the other end.

use super::origin::Mark;
use crate::api::PrivateText;
use crate::folder::Folder;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use zeroize::Zeroizing;

/// The socket's name in the data folder.
pub(crate) const SOCKET: &str = "control.sock";
/// Bytes of a request: sixteen shares are the longest.
const LONGEST: usize = 16 * 1024;
/// Connections at a time: people, not programs.
const SEATS: usize = 16;
/// For a line, from the first byte to the last.
const SLOWEST: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Take a share of the master key.
    Share(PrivateText),
    /// Where the master key comes from.
    Show,
    /// Put the keys under another master key.
    Change(Target),
}

/// The source of another master key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// A key file, which is made where there is none.
    File(PathBuf),
    /// A file with a passphrase.
    PassphraseFile(PathBuf),
    /// All shares of a new key; whoever asks has written them down already.
    Shares(Vec<PrivateText>),
}

/// What is answered.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Whether it was done.
    pub(crate) done: bool,
    /// What was done, or why not.
    pub(crate) said: String,
    /// How many more shares are needed; none where no master key is waited for.
    pub(crate) missing: Option<u8>,
    /// Where the master key comes from.
    pub(crate) mark: Option<Mark>,
}

impl Answer {
    pub(super) fn done(said: impl Into<String>) -> Self {
        Answer { done: true, said: said.into(), ..Answer::default() }
    }

    pub(super) fn refused(why: impl ToString) -> Self {
        Answer { said: why.to_string(), ..Answer::default() }
    }
}

/// A request, and where its answer goes.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Answer>,
    /// Comes to its end when the answer was written, or can't be.
    pub(super) written: oneshot::Receiver<()>,
}

/// The socket, listened on. It is removed when this is dropped.
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Listens. What lies in the socket's place is a killed process's: the folder is locked by this one.
    pub(super) fn bind(folder: &Folder) -> std::io::Result<Self> {
        let path = folder.path(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Control { listener, path })
    }

    /// Takes connections, and passes on what they ask, until the receiver is gone.
    pub(super) async fn serve(&self, to: mpsc::Sender<Asked>) {
        let seats = Arc::new(Semaphore::new(SEATS));
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let to = to.clone();
                    tokio::spawn(async move {
                        converse(stream, to).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket takes no connection");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// One connection, to its end.
async fn converse(mut stream: UnixStream, to: mpsc::Sender<Asked>) {
    let me = nix::unistd::geteuid().as_raw();
    match stream.peer_cred().map(|peer| peer.uid()) {
        Ok(uid) if uid == me || uid == 0 => {}
        Ok(uid) => return tracing::warn!(uid, "somebody else was at the control socket, and was not heard"),
        Err(_) => return,
    }
    while let Some(line) = line(&mut stream).await {
        let (_until_written, written) = oneshot::channel();
        let answer = match serde_json::from_slice(&line) {
            Ok(request) => ask(request, written, &to).await,
            Err(_) => Answer::refused("this is no request: use the command line of the server's own version"),
        };
        let Ok(mut text) = serde_json::to_vec(&answer) else { return };
        text.push(b'\n');
        if stream.write_all(&text).await.is_err() {
            return;
        }
    }
}

async fn ask(request: Request, written: oneshot::Receiver<()>, to: &mpsc::Sender<Asked>) -> Answer {
    let (reply, answer) = oneshot::channel();
    if to.send(Asked { request, reply, written }).await.is_err() {
        return Answer::refused("the server is starting or stopping: ask again in a moment");
    }
    answer.await.unwrap_or_else(|_| Answer::refused("the server is starting or stopping: ask again in a moment"))
}

/// A line without its end, in a buffer that is wiped; none at the end, or when it is too long or too slow.
async fn line(stream: &mut UnixStream) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    let reading = async {
        loop {
            let read = stream.read(buffer.get_mut(length..)?).await.ok()?;
            length += read;
            let end = buffer.iter().take(length).position(|byte| *byte == b'\n');
            match (end, read) {
                (Some(end), _) => return Some(end),
                (None, 0) => return None,
                (None, _) => {}
            }
        }
    };
    let end = tokio::time::timeout(SLOWEST, reading).await.ok()??;
    buffer.truncate(end);
    Some(buffer)
}
