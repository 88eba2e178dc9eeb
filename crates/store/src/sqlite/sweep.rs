//! Overwriting what SQLite leaves behind inside the pages of its trees.
//!
//! `secure_delete` overwrites a row where it is deleted. But when a page is split or filled anew, rows move, and what they were stays
//! in the room between the page's cell pointers and its cells, whatever becomes of the rows. No row is ever read from there. The
//! invariant: **only that room is written to, while nobody else writes**: SQLite's own log is empty, and who calls is its writer.
//! Cut off anywhere, the file means what it meant.
//!
//! (The file format: sqlite.org/fileformat2.html, 1.3 and 1.6.)

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The file's header, which page 1 begins with.
const HEADER: usize = 100;
/// Pages that are read in one go.
const READ: usize = 256;
/// An overflow page or one of the free list begins with a page number, which in a file of fewer pages can't look like a tree's page.
const MOST_PAGES: u64 = 1 << 25;

/// The database file, for sweeping. It is kept open as long as the database: closing it would drop SQLite's locks on the file, which
/// POSIX has by process.
pub(crate) struct Sweeper(File);

impl Sweeper {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Sweeper(OpenOptions::new().read(true).write(true).open(path)?))
    }

    /// Overwrites what was left behind, and says in how many pages.
    pub(crate) fn sweep(&self) -> io::Result<u64> {
        let Some(size) = self.page_size()? else { return Ok(0) };
        let pages = self.0.metadata()?.len() / size as u64;
        if pages >= MOST_PAGES {
            return Err(io::Error::new(ErrorKind::Unsupported, "the database is too large to be swept"));
        }
        let (mut buffer, mut swept) = (vec![0; READ * size], 0);
        for first in (0..pages).step_by(READ) {
            let count = usize::try_from(pages - first).unwrap_or(READ).min(READ);
            let buffer = buffer.get_mut(..count * size).unwrap_or_default();
            self.0.read_exact_at(buffer, first * size as u64)?;
            for (number, page) in (first..).zip(buffer.chunks_exact(size)) {
                swept += u64::from(self.sweep_page(number, page)?);
            }
        }
        Ok(swept)
    }

    /// Brings what was overwritten to stable storage.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sweep_page(&self, number: u64, page: &[u8]) -> io::Result<bool> {
        let Some((start, room)) = unused(number, page) else { return Ok(false) };
        if room.iter().all(|byte| *byte == 0) {
            return Ok(false);
        }
        self.0.write_all_at(&vec![0; room.len()], number * page.len() as u64 + start as u64)?;
        Ok(true)
    }

    /// None for a file that holds nothing yet.
    fn page_size(&self) -> io::Result<Option<usize>> {
        let mut size = [0; 2];
        match self.0.read_exact_at(&mut size, 16) {
            Ok(()) => Ok(Some(match u16::from_be_bytes(size) {
                1 => 65_536,
                size => usize::from(size).max(512),
            })),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The room between cell pointers and cells of a tree's page, and where it begins; none for pages of other sorts.
fn unused(number: u64, page: &[u8]) -> Option<(usize, &[u8])> {
    let at = if number == 0 { HEADER } else { 0 };
    let header = match page.get(at)? {
        // Interior pages, of an index and of a table; leaves.
        0x02 | 0x05 => 12,
        0x0a | 0x0d => 8,
        _ => return None,
    };
    let (cells, content) = (two(page, at + 3)?, two(page, at + 5)?);
    let start = at + header + 2 * cells;
    // 0 stands for 65536.
    let end = if content == 0 { page.len() } else { content };
    Some((start, page.get(start..end)?))
}

fn two(page: &[u8], at: usize) -> Option<usize> {
    page.get(at..)?.first_chunk().map(|two| usize::from(u16::from_be_bytes(*two)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_between_pointers_and_cells_is_unused() {
        let page = |at: usize, kind: u8, cells: u8, content: u16| {
            let mut page = vec![0xEE; 512];
            page[at] = kind;
            page[at + 3..at + 5].copy_from_slice(&u16::from(cells).to_be_bytes());
            page[at + 5..at + 7].copy_from_slice(&content.to_be_bytes());
            page
        };
        let check = |number, page: Vec<u8>, expected: Option<(usize, usize)>| {
            let found = unused(number, &page).map(|(start, room)| (start, start + room.len()));
            assert_eq!(found, expected);
        };
        check(1, page(0, 0x0d, 3, 400), Some((14, 400)));
        check(1, page(0, 0x0a, 0, 512), Some((8, 512)));
        check(1, page(0, 0x05, 2, 300), Some((16, 300)));
        check(1, page(0, 0x02, 2, 16), Some((16, 16)));
        check(0, page(100, 0x0d, 1, 500), Some((110, 500)));
        check(1, page(0, 0x00, 3, 400), None);
        check(1, page(0, 0x0d, 255, 400), None);
        check(1, page(0, 0x0d, 3, 600), None);
    }
}
