//! [`Quiet`]: strangers can make us log, but not flood the log.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many lines in so much time.
const LINES: u32 = 50;
const WINDOW: Duration = Duration::from_secs(10);

/// A limit on the lines that unknown peers cause.
#[derive(Default)]
pub(crate) struct Quiet(Mutex<Option<Window>>);

struct Window {
    began: Instant,
    lines: u32,
}

impl Quiet {
    /// Writes a line, unless there were too many of late; the next line then says how many were not written.
    pub(crate) fn line(&self, write: impl FnOnce()) {
        let (unsaid, say) = self.count();
        if unsaid > 0 {
            tracing::warn!(unsaid, "more lines about unknown peers were not logged");
        }
        if say {
            write();
        }
    }

    fn count(&self) -> (u32, bool) {
        let now = Instant::now();
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = slot.get_or_insert(Window { began: now, lines: 0 });
        let mut unsaid = 0;
        if now - window.began >= WINDOW {
            unsaid = window.lines.saturating_sub(LINES);
            *window = Window { began: now, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        (unsaid, window.lines <= LINES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_and_counted() {
        let quiet = Quiet::default();
        let written = |lines: u32| (0..lines).filter(|_| quiet.count().1).count();
        assert_eq!(written(LINES + 30), LINES as usize);
        tokio::time::advance(WINDOW).await;
        assert_eq!(quiet.count(), (30, true), "what was left out is told of, and there is room again");
        assert_eq!(written(LINES), LINES as usize - 1);
    }
}
