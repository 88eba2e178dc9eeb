//! What systemd is told. Without it, these do nothing.

use sd_notify::NotifyState;
use std::time::Duration;

/// The server answers.
pub(super) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("")]);
}

/// The start waits for people: for what, and for how much longer it is not to be given up.
pub(super) fn waiting(what: &str, at_least: Duration) {
    let time = u32::try_from(at_least.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Status(what), NotifyState::ExtendTimeoutUsec(time)]);
}

/// The server is finishing.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The server reads its configuration again; [`ready`] ends this.
pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// Keeps the watchdog quiet for as long as the runtime turns, until the guard is dropped.
pub(super) fn watchdog() -> Option<Guard> {
    let interval = sd_notify::watchdog_enabled()? / 2;
    Some(Guard(tokio::spawn(feed(interval)).abort_handle()))
}

/// Stops feeding the watchdog when it is dropped.
pub(super) struct Guard(tokio::task::AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn feed(interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd can't be told");
    }
}
