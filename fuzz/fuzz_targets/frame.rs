//! Any bytes, as they come from the wire: the frame's length, the message's envelope, and the readable dump of it all.

#![no_main]

use kmip::message::{RequestMessage, ResponseMessage};
use kmip::{frame, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(header) = bytes.first_chunk() {
        if let Ok(length) = frame::length(*header) {
            assert!((frame::HEADER..=frame::MESSAGE_LIMIT).contains(&length));
        }
    }
    let _ = RequestMessage::decode(bytes);
    let _ = ResponseMessage::decode(bytes);
    // A dump that hides a secret can't be read back; every other one is the same bytes again.
    if let Ok(read_back) = text::parse(&text::dump(bytes)) {
        assert!(read_back == bytes, "the dump reads back as other bytes");
    }
});
