//! Batches as the commit log holds them.
//!
//! Numbers are little-endian; lengths come before what they measure. The invariant: **decoding gives what was encoded, or
//! nothing**.

use crate::{Batch, Change, Expect, Key, Kind, Space, Term};

const PUT: u8 = 1;
const DELETE: u8 = 2;
const CHECK: u8 = 3;

/// Appends the batches to a buffer.
pub(super) fn encode(batches: &[Batch], out: &mut Vec<u8>) {
    length(batches.len(), out);
    for batch in batches {
        length(batch.changes.len(), out);
        batch.changes.iter().for_each(|change| encode_change(change, out));
        length(batch.events.len(), out);
        batch.events.iter().for_each(|event| bytes(event, out));
    }
}

/// The batches that were encoded.
pub(super) fn decode(encoded: &[u8]) -> Option<Vec<Batch>> {
    let mut input = Input(encoded);
    let batches = input.list(|input| {
        Some(Batch { changes: input.list(decode_change)?, events: input.list(|input| Some(input.bytes()?.to_vec()))? })
    })?;
    input.0.is_empty().then_some(batches)
}

fn encode_change(change: &Change, out: &mut Vec<u8>) {
    let sort = match change {
        Change::Put { .. } => PUT,
        Change::Delete { .. } => DELETE,
        Change::Check { .. } => CHECK,
    };
    let key = change.key();
    out.push(sort);
    out.extend(key.space.0);
    out.push(key.kind.0);
    out.extend(key.id);
    out.extend(change.expect().version().to_le_bytes());
    if let Change::Put { body, terms, .. } = change {
        bytes(body, out);
        length(terms.len(), out);
        terms.iter().for_each(|term| out.extend(term.0));
    }
}

fn decode_change(input: &mut Input<'_>) -> Option<Change> {
    let [sort] = *input.array::<1>()?;
    let space = Space(*input.array()?);
    let [kind] = *input.array::<1>()?;
    let key = Key { space, kind: Kind(kind), id: *input.array()? };
    let version = u64::from_le_bytes(*input.array()?);
    let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
    match sort {
        PUT => {
            let body = input.bytes()?.to_vec();
            let terms = input.list(|input| Some(Term(*input.array()?)))?;
            Some(Change::Put { key, expect, body, terms })
        }
        DELETE => Some(Change::Delete { key, version }),
        CHECK => Some(Change::Check { key, expect }),
        _ => None,
    }
}

/// A batch is far below 4 GiB: what is queued altogether is bounded by less.
fn length(length: usize, out: &mut Vec<u8>) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    length(bytes.len(), out);
    out.extend(bytes);
}

/// What is left to decode.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(*self.array()?)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Each item takes a byte at least, so a length that lies allocates nothing.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.length()?).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches() -> Vec<Batch> {
        let key = |id| Key { space: Space([1; 16]), kind: Kind(2), id: [id; 16] };
        let put = |id, expect, terms: &[u8]| {
            let terms = terms.iter().map(|term| Term([*term; 16])).collect();
            Change::Put { key: key(id), expect, body: vec![id; usize::from(id)], terms }
        };
        let changes = vec![
            put(0, Expect::Absent, &[]),
            put(200, Expect::Version(u64::MAX), &[1, 2, 3]),
            Change::Delete { key: key(3), version: 7 },
            Change::Check { key: key(4), expect: Expect::Absent },
            Change::Check { key: key(5), expect: Expect::Version(1) },
        ];
        vec![Batch { changes, events: vec![vec![], vec![9; 300]] }, Batch::default()]
    }

    #[test]
    fn batches_come_back_whole_or_not_at_all() {
        let mut encoded = Vec::new();
        encode(&batches(), &mut encoded);
        assert_eq!(decode(&encoded), Some(batches()));
        for cut in 0..encoded.len() {
            assert_eq!(decode(&encoded[..cut]), None, "cut at {cut}");
        }
        encoded.push(0);
        assert_eq!(decode(&encoded), None);
    }
}
