//! A group as the commit log holds it, and where a file of the log ends.
//!
//! ```text
//! frame: "KSL1" | payload's length, 4 bytes | position, 8 bytes | checksum, 8 bytes | payload
//! ```
//!
//! Files are written over again, so old frames stand behind the new ones; the position tells them apart. The invariant: **a frame
//! verifies only in the database's own log, at its own position, if every byte of it is there**.

use super::codec;
use crate::Batch;

const MAGIC: &[u8; 4] = b"KSL1";
const HEADER: usize = 4 + 4 + 8 + 8;

/// Batches that were made durable together, and their place in the order of all groups.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) position: u64,
    pub(crate) batches: Vec<Batch>,
}

impl Frame {
    /// About how many bytes it holds, at least 1.
    pub(crate) fn weight(&self) -> usize {
        1 + self.batches.iter().map(Batch::size).sum::<usize>()
    }
}

/// Puts the frame into the buffer.
pub(super) fn encode(batches: &[Batch], position: u64, identity: u64, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(HEADER, 0);
    codec::encode(batches, buffer);
    let (header, payload) = buffer.split_at_mut(HEADER);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    header[..4].copy_from_slice(MAGIC);
    header[4..8].copy_from_slice(&length.to_le_bytes());
    header[8..16].copy_from_slice(&position.to_le_bytes());
    header[16..].copy_from_slice(&checksum(payload, position, identity).to_le_bytes());
}

/// The frames at the front of a file, whose positions follow each other, and where they end.
///
/// # Errors
///
/// The offset of a frame that doesn't verify though the one that follows it does: that is no end, but damage.
pub(super) fn read_all(file: &[u8], identity: u64) -> Result<Vec<Frame>, usize> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut offset = 0;
    while let Some((payload, found)) = at(file, offset) {
        let due = frames.last().map_or(found.position, |last| last.position + 1);
        if found.position != due || found.sum != checksum(payload, due, identity) {
            let next = offset + HEADER + payload.len();
            return if verifies(file, next, due + 1, identity) { Err(offset) } else { Ok(frames) };
        }
        let Some(batches) = codec::decode(payload) else { return Err(offset) };
        frames.push(Frame { position: due, batches });
        offset += HEADER + payload.len();
    }
    Ok(frames)
}

struct Header {
    position: u64,
    sum: u64,
}

/// What looks like a frame at an offset.
fn at(file: &[u8], offset: usize) -> Option<(&[u8], Header)> {
    let (length, rest) = file.get(offset..)?.strip_prefix(MAGIC)?.split_first_chunk()?;
    let (position, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    Some((payload, Header { position: u64::from_le_bytes(*position), sum: u64::from_le_bytes(*sum) }))
}

fn verifies(file: &[u8], offset: usize, position: u64, identity: u64) -> bool {
    at(file, offset).is_some_and(|(payload, header)| {
        header.position == position && header.sum == checksum(payload, position, identity)
    })
}

/// Detects what a power cut leaves: 64 bits that depend on every byte, its place, the length, the position and the database. It is
/// no defence against an adversary, who could as well write to the database.
fn checksum(payload: &[u8], position: u64, identity: u64) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let (words, rest) = payload.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let start = mix(mix(identity, position), payload.len() as u64);
    let sum = words.iter().chain([&last]).fold(start, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    mix(sum, sum >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: u64 = 77;

    /// Frames of one event each, at these positions.
    fn file(positions: &[u64]) -> (Vec<u8>, Vec<usize>) {
        let (mut file, mut ends, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
        for position in positions {
            let batch = Batch { changes: vec![], events: vec![vec![7; 40]] };
            encode(&[batch], *position, IDENTITY, &mut buffer);
            file.extend(&buffer);
            ends.push(file.len());
        }
        (file, ends)
    }

    fn positions(file: &[u8], identity: u64) -> Result<Vec<u64>, usize> {
        Ok(read_all(file, identity)?.iter().map(|frame| frame.position).collect())
    }

    #[test]
    fn old_frames_behind_the_new_ones_are_not_read() {
        for (written, read) in [(vec![], vec![]), (vec![5, 6], vec![5, 6]), (vec![9, 10, 3, 4], vec![9, 10])] {
            assert_eq!(positions(&file(&written).0, IDENTITY), Ok(read));
        }
        assert_eq!(positions(&file(&[5, 6]).0, IDENTITY + 1), Ok(vec![]), "another database's log");
    }

    #[test]
    fn a_torn_frame_is_the_end() {
        let (whole, ends) = file(&[5, 6, 7]);
        for cut in ends[1]..whole.len() {
            assert_eq!(positions(&whole[..cut], IDENTITY), Ok(vec![5, 6]));
            let zeroed = [&whole[..cut], &vec![0; 5000]].concat();
            assert_eq!(positions(&zeroed, IDENTITY), Ok(vec![5, 6]));
        }
    }

    /// Any flipped bit is noticed; where a frame that verifies follows, as damage (unless it hides that by its length or mark).
    #[test]
    fn a_changed_frame_is_noticed() {
        let (whole, ends) = file(&[5, 6, 7]);
        for at in ends[0]..ends[1] {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            let hidden = at < ends[0] + 8;
            let expected = if hidden { Ok(vec![5]) } else { Err(ends[0]) };
            assert_eq!(positions(&changed, IDENTITY), expected, "byte {at}");
        }
    }
}
