//! The repository's text files in memory.
//!
//! The invariant: paths are relative to the root and written with `/`, so that a rule can name a file.

use std::path::Path;
use std::{fmt, fs, io};

/// Folders that hold nothing of the project's own writing.
const SKIPPED: [&str; 8] = [".git", ".venv", "target", "corpus", "artifacts", "coverage", "__pycache__", "seeds"];

/// A text file.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// All text files.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

/// Where a rule is broken.
pub(super) struct Offence {
    path: String,
    line: usize,
    what: String,
}

impl Tree {
    pub(super) fn read(root: &Path) -> io::Result<Tree> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    /// The files with this ending.
    pub(super) fn ending(&self, end: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    /// A tree for a rule's own test.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
        Tree { files: files.iter().map(file).collect() }
    }
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() && name != "Cargo.lock" {
            // What is not text (an image, say) has no words.
            files.extend(String::from_utf8(fs::read(entry.path())?).ok().map(|text| File { path, text }));
        }
    }
    Ok(())
}

impl File {
    /// An offence in this file; lines count from 1.
    pub(super) fn offence(&self, line: usize, what: impl Into<String>) -> Offence {
        Offence { path: self.path.clone(), line, what: what.into() }
    }
}

impl Offence {
    /// An offence that no line of a file is guilty of.
    pub(super) fn general(what: impl Into<String>) -> Offence {
        Offence { path: String::new(), line: 0, what: what.into() }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}", self.what),
            line => write!(out, "{}:{line}: {}", self.path, self.what),
        }
    }
}
