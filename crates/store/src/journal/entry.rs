//! What a record of the journal is: an event, or one of the journal's own.
//!
//! ```text
//! an event:  the caller's bytes, of which the first is no number below
//! a change:  1 | sequence number in the store, 8 bytes | the caller's bytes
//! a head:    2 | the caller's bytes: a signed statement of the digest just before it
//! a gap:     3 | how many events are missing, 8 bytes | length of the first, 4 bytes | the first | the last
//! ```
//!
//! Numbers are big-endian. The invariant: **a change is in the journal once**, under the number that it has in the store.

const CHANGE: u8 = 1;
const HEAD: u8 = 2;
const GAP: u8 = 3;

/// A record's body, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The event of what changed nothing.
    Event(&'a [u8]),
    /// The event of a change, which was in the store first.
    Change {
        /// Its number there.
        sequence: u64,
        /// The event.
        event: &'a [u8],
    },
    /// A signed statement of where the journal stood just before it.
    Head(&'a [u8]),
    /// Events that could not be written, for want of room, while the answers went on.
    Gap {
        /// How many.
        missed: u64,
        /// The first of them.
        first: &'a [u8],
        /// The last of them.
        last: &'a [u8],
    },
}

impl<'a> Entry<'a> {
    /// Reads a body. What is none of the journal's own is an event.
    pub fn decode(body: &'a [u8]) -> Self {
        match body.split_first() {
            Some((&CHANGE, rest)) => change(rest).unwrap_or(Entry::Event(body)),
            Some((&HEAD, rest)) => Entry::Head(rest),
            Some((&GAP, rest)) => gap(rest).unwrap_or(Entry::Event(body)),
            Some(_) | None => Entry::Event(body),
        }
    }

    /// The body of a record.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Entry::Event(event) => event.to_vec(),
            Entry::Change { sequence, event } => [&[CHANGE], &sequence.to_be_bytes()[..], event].concat(),
            Entry::Head(head) => [&[HEAD], *head].concat(),
            Entry::Gap { missed, first, last } => {
                let length = u32::try_from(first.len()).unwrap_or(0);
                let first = first.get(..length as usize).unwrap_or_default();
                [&[GAP], &missed.to_be_bytes()[..], &length.to_be_bytes(), first, last].concat()
            }
        }
    }
}

fn change(rest: &[u8]) -> Option<Entry<'_>> {
    let (sequence, event) = rest.split_first_chunk::<8>()?;
    Some(Entry::Change { sequence: u64::from_be_bytes(*sequence), event })
}

fn gap(rest: &[u8]) -> Option<Entry<'_>> {
    let (missed, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (first, last) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some(Entry::Gap { missed: u64::from_be_bytes(*missed), first, last })
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn entries_come_back() {
        let event = b"{\"action\":\"kms.kmip.get\"}".as_slice();
        for entry in [
            Entry::Event(event),
            Entry::Event(b""),
            Entry::Change { sequence: u64::MAX, event },
            Entry::Head(event),
            Entry::Gap { missed: 7, first: event, last: b"" },
        ] {
            assert_eq!(Entry::decode(&entry.encode()), entry);
        }
        for odd in [&[1u8, 0, 0][..], &[3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 9]] {
            assert_eq!(Entry::decode(odd), Entry::Event(odd));
        }
    }
}
