//! The frame: how long a message says it is, and whether it may be.

use kmip::frame::{self, FrameError, MESSAGE_LIMIT};
use kmip::tag;

use crate::support::hex;

#[test]
fn a_header_tells_how_long_its_message_is() {
    let check = |header: &str, expected| {
        assert_eq!(frame::length(hex(header).try_into().unwrap()), expected, "{header}");
    };
    check("420078 01 00000000", Ok(8));
    check("420078 01 00000090", Ok(0x98));
    check("420078 01 000FFFF8", Ok(MESSAGE_LIMIT));
    check("420078 01 00100000", Err(FrameError::TooLong(0x10_0000)));
    check("420078 01 7FFFFFF8", Err(FrameError::TooLong(0x7FFF_FFF8)));
    check("420078 01 FFFFFFFF", Err(FrameError::TooLong(0xFFFF_FFFF)));
    check("420078 01 00000091", Err(FrameError::Unaligned(0x91)));
    check("42007B 01 00000090", Err(FrameError::NotKmip { tag: tag::RESPONSE_MESSAGE, kind: 1 }));
    check("420078 08 00000090", Err(FrameError::NotKmip { tag: tag::REQUEST_MESSAGE, kind: 8 }));
    // A TLS hello, and HTTP, sent where KMIP is expected.
    check("160301 02 00010001", Err(FrameError::NotKmip { tag: kmip::Tag(0x16_0301), kind: 2 }));
    check("474554 20 2F204854", Err(FrameError::NotKmip { tag: kmip::Tag(0x47_4554), kind: 0x20 }));
}
