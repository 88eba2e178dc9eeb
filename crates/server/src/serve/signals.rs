//! Signals: stop, stop at once, reload.

use std::io;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
pub(super) enum Signal {
    /// To stop, and what asked for it.
    Stop(&'static str),
    /// To read configuration and certificates again.
    Reload,
}

/// The signals that the server listens to.
pub(super) struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hangup: Stream,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Signal::Stop("SIGINT"),
            _ = self.hangup.recv() => Signal::Reload,
        }
    }

    /// From now on, whoever asks to stop once more does not want to wait. What was answered is on stable storage already.
    pub(super) fn exit_at_the_next(mut self) {
        tokio::spawn(async move {
            loop {
                if let Signal::Stop(name) = self.next().await {
                    tracing::warn!("{name} once more: requests in progress are cut off");
                    std::process::exit(1);
                }
            }
        });
    }
}
