//! What an answer holds, read in one walk.
//!
//! Invariant: key bytes are counted, never kept.

use crate::ttlv::{Walk, tag};

/// A summary of one response message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer<'a> {
    /// Batch items with Result Status Success.
    pub(crate) successes: usize,
    /// Unique Identifiers in the whole message, and the first of them.
    pub(crate) identifiers: usize,
    pub(crate) identifier: Option<&'a str>,
    /// Attributes in the whole message.
    pub(crate) attributes: usize,
    /// Bytes of key material.
    pub(crate) material: usize,
    /// Result Reason and Result Message of the first item that failed.
    pub(crate) reason: Option<u32>,
    pub(crate) message: Option<&'a str>,
}

impl<'a> Answer<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Self {
        let mut answer = Self::default();
        for field in Walk::over(message) {
            match field.tag {
                tag::RESULT_STATUS => answer.successes += usize::from(field.number() == Some(0)),
                tag::UNIQUE_IDENTIFIER => {
                    answer.identifiers += 1;
                    answer.identifier = answer.identifier.or_else(|| field.text());
                }
                tag::ATTRIBUTE => answer.attributes += 1,
                tag::KEY_MATERIAL => answer.material = field.value.len(),
                tag::RESULT_REASON => answer.reason = answer.reason.or_else(|| field.number()),
                tag::RESULT_MESSAGE => answer.message = answer.message.or_else(|| field.text()),
                _ => {}
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ttlv::Writer;

    #[test]
    fn reads_success_and_failure() {
        check(
            |w| {
                w.enumeration(tag::RESULT_STATUS, 0);
                w.text(tag::UNIQUE_IDENTIFIER, "a");
                w.byte_string(tag::KEY_MATERIAL, &[7; 32]);
            },
            &Answer { successes: 1, identifiers: 1, identifier: Some("a"), material: 32, ..Answer::default() },
        );
        check(
            |w| {
                w.enumeration(tag::RESULT_STATUS, 1);
                w.enumeration(tag::RESULT_REASON, 1);
                w.text(tag::RESULT_MESSAGE, "no such key");
            },
            &Answer { reason: Some(1), message: Some("no such key"), ..Answer::default() },
        );
    }

    fn check(fill: impl FnOnce(&mut Writer), expected: &Answer<'_>) {
        let mut writer = Writer::default();
        writer.structure(tag::RESPONSE_MESSAGE, |w| w.structure(tag::BATCH_ITEM, fill));
        assert_eq!(&Answer::read(writer.bytes()), expected);
    }
}
