//! Grouped flushes: the rate at which this disk takes records that are each on stable storage before their writer
//! goes on. It bounds what any durable server can do.
//!
//! Invariant: no record is answered before the `fdatasync` that covers it has come back.

use crate::error::{Doing, Error};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Records a second: so many writers hand in records of so many bytes; one committer appends whatever is queued,
/// flushes once, and answers all.
pub(crate) fn grouped(folder: &Path, writers: usize, bytes: usize, window: Duration) -> Result<f64, Error> {
    let file = tempfile::tempfile_in(folder).doing(|| format!("making a file in {}", folder.display()))?;
    let (submit, queue) = channel();
    let (answers, waits): (Vec<_>, Vec<_>) = (0..writers).map(|_| sync_channel(1)).unzip();
    let begin = Instant::now();
    let records = thread::scope(|scope| {
        for (writer, wait) in waits.into_iter().enumerate() {
            let submit = submit.clone();
            scope.spawn(move || write_until(begin + window, writer, &submit, &wait));
        }
        drop(submit);
        commit(file, queue, answers, bytes)
    });
    let records = records.doing(|| format!("flushing in {}", folder.display()))?;
    Ok(f64::from(records) / begin.elapsed().as_secs_f64())
}

fn write_until(end: Instant, writer: usize, submit: &Sender<usize>, wait: &Receiver<()>) {
    while Instant::now() < end {
        if submit.send(writer).is_err() || wait.recv().is_err() {
            return;
        }
    }
}

/// Takes both ends of the writers' channels, so that a failure sets all of them free.
fn commit(mut file: File, queue: Receiver<usize>, answers: Vec<SyncSender<()>>, bytes: usize) -> io::Result<u32> {
    let mut records = 0;
    let mut group = Vec::new();
    let buffer = vec![0xA5; bytes * answers.len()];
    while let Ok(first) = queue.recv() {
        group.push(first);
        group.extend(queue.try_iter());
        file.write_all(&buffer[..bytes * group.len()])?;
        file.sync_data()?;
        for writer in group.drain(..) {
            records += 1;
            // A writer that has gone needs no answer.
            let _ = answers[writer].send(());
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_in_the_file_and_answered_once() {
        let (path, file) = tempfile::NamedTempFile::new().unwrap().keep().map(|(file, path)| (path, file)).unwrap();
        let (submit, queue) = channel();
        let (answers, waits): (Vec<_>, Vec<_>) = (0..3).map(|_| sync_channel(1)).unzip();
        for writer in [0, 1, 2] {
            submit.send(writer).unwrap();
        }
        drop(submit);
        assert_eq!(commit(file, queue, answers, 100).unwrap(), 3);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 300);
        assert!(waits.iter().all(|wait| wait.recv().is_ok()));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_window_with_many_writers_ends() {
        let rate = grouped(&std::env::temp_dir(), 8, 1024, Duration::from_millis(50)).unwrap();
        assert!(rate > 0.0);
    }
}
