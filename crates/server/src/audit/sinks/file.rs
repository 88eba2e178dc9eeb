//! A file of JSON lines, with rotation.
//!
//! The invariant: **a line is whole, and on stable storage before the cursor passes it**. Whoever moves the file away gets a new one
//! made: each batch looks whether the name still leads to the file that is open.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use store::journal::At;

use super::{Line, Sink};
use crate::config::AuditFile;

/// See the module.
pub(super) struct FileSink(Arc<Mutex<Lines>>);

struct Lines {
    path: PathBuf,
    most: u64,
    keep: u32,
    open: Option<File>,
}

impl FileSink {
    pub(super) fn new(path: PathBuf, settings: &AuditFile) -> Self {
        let most = u64::from(settings.megabytes) << 20;
        FileSink(Arc::new(Mutex::new(Lines { path, most, keep: settings.keep, open: None })))
    }
}

#[async_trait]
impl Sink for FileSink {
    async fn deliver(&mut self, lines: &Arc<[Line]>) -> Result<(), String> {
        let (file, lines) = (self.0.clone(), lines.clone());
        let written = tokio::task::spawn_blocking(move || file.lock().write(&lines)).await;
        written.map_err(|error| error.to_string())?
    }

    fn safe(&self) -> Option<At> {
        None
    }

    async fn close(&mut self) -> bool {
        true
    }
}

impl Lines {
    fn write(&mut self, lines: &[Line]) -> Result<(), String> {
        let written = self.append(lines);
        if written.is_err() {
            self.open = None;
        }
        written.map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line.event)?;
            text.push(b'\n');
        }
        let (mut file, size) = self.current()?;
        if size > 0 && size + text.len() as u64 > self.most {
            drop(file);
            self.rotate()?;
            file = self.current()?.0;
        }
        let size = file.metadata()?.len();
        // What was written in part would spoil the next line.
        file.write_all(&text).inspect_err(|_| drop(file.set_len(size)))?;
        file.sync_data()
    }

    /// The file under the name, and how long it is.
    fn current(&mut self) -> io::Result<(File, u64)> {
        if let Some(file) = self.open.as_ref().filter(|file| leads_to(&self.path, file)) {
            return Ok((file.try_clone()?, file.metadata()?.len()));
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let size = file.metadata()?.len();
        self.open = Some(file.try_clone()?);
        Ok((file, size))
    }

    /// `audit.jsonl` becomes `audit.jsonl.1`, that one `.2`, and so on; the oldest goes.
    fn rotate(&mut self) -> io::Result<()> {
        self.open = None;
        for number in (1..self.keep).rev() {
            move_if_there(&numbered(&self.path, number), &numbered(&self.path, number + 1))?;
        }
        if self.keep == 0 {
            std::fs::remove_file(&self.path)
        } else {
            move_if_there(&self.path, &numbered(&self.path, 1))
        }
    }
}

fn leads_to(path: &Path, file: &File) -> bool {
    let ids = |metadata: io::Result<std::fs::Metadata>| metadata.ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let there = ids(std::fs::metadata(path));
    there.is_some() && there == ids(file.metadata())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64) -> Line {
        let event = serde_json::json!({ "number": number, "fill": "x".repeat(1000) });
        let at = At { segment: 1, offset: number };
        Line { at, millis: None, action: String::new(), severity: String::new(), event }
    }

    fn numbers(path: &Path) -> Vec<u64> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["number"].as_u64().unwrap();
        text.lines().map(line).collect()
    }

    #[test]
    fn files_are_rotated_and_those_that_are_moved_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut lines = Lines { path: path.clone(), most: 2500, keep: 2, open: None };
        (0..9).for_each(|number| lines.write(&[line(number)]).unwrap());
        let there =
            || [path.clone(), numbered(&path, 1), numbered(&path, 2), numbered(&path, 3)].map(|path| numbers(&path));
        assert_eq!(there(), [vec![8], vec![6, 7], vec![4, 5], vec![]]);
        let moved = folder.path().join("moved");
        std::fs::rename(&path, &moved).unwrap();
        lines.write(&[line(9)]).unwrap();
        assert_eq!((numbers(&moved), numbers(&path)), (vec![8], vec![9]));
        std::fs::remove_file(&path).unwrap();
        lines.write(&[line(10)]).unwrap();
        assert_eq!(numbers(&path), [10]);
    }

    #[test]
    fn what_can_t_be_written_is_said_with_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = Lines { path: folder.path().to_owned(), most: 2500, keep: 2, open: None };
        assert!(lines.write(&[line(0)]).unwrap_err().contains(&*folder.path().to_string_lossy()));
    }
}
