//! A readable text form of TTLV: [`dump`] writes it, [`parse`] reads it. For logs, for `doctor`, for golden sessions.
//!
//! The invariant: **a dump never shows a secret's bytes.** It shows how many there are, and `parse` takes no such line. Whatever else
//! a dump shows, `parse` reads back to the same bytes.
//!
//! # The form
//!
//! One item a line, its fields below it, indented deeper than it (a dump indents by two spaces). Empty lines, and lines that start
//! with `#`, say nothing.
//!
//! ```text
//! Request Message
//!   Request Header
//!     Protocol Version
//!       Protocol Version Major: 1
//!       Protocol Version Minor: 1
//!     Batch Count: 1
//!   Batch Item
//!     Operation: Activate
//!     Unique Batch Item ID = 514c4b4301000000
//!     Request Payload
//!       Unique Identifier: "3f1c"
//! ```
//!
//! A line is one of
//!
//! - `TAG`: a Structure, also an empty one;
//! - `TAG: VALUE`: an item, whose type is told by how its value is written;
//! - `TAG = HEX`: a Byte String;
//! - `TAG: <32 bytes>`: a secret that a dump hides. To send one, write `TAG = HEX`, or `Password: "..."`;
//! - `! WHAT`: in a dump, that the bytes there are not TTLV.
//!
//! `TAG` is the specification's name of the tag or, for others, its number: `0x540001`. `VALUE` is
//!
//! | written | type |
//! | --- | --- |
//! | `-12` | Integer |
//! | `Long Integer -12` | Long Integer |
//! | `Big Integer 00000000075bcd15` | Big Integer: its bytes in hex |
//! | `Symmetric Key` | Enumeration: the specification's name of a value that the tag, or the attribute named just before, can have |
//! | `Enumeration 0x80000001` | Enumeration: any other number |
//! | `true`, `false` | Boolean |
//! | `"Hello \"World\""` | Text String: escapes are `\"`, `\\`, `\n`, `\r`, `\t`, `\0` and `\u{1f511}` |
//! | `2008-03-14T11:56:40Z` | Date-Time; `Date-Time 253402300800`, in seconds since 1970, where the year has not four digits |
//! | `864000 s` | Interval |

mod dump;
mod moment;
mod parse;

pub use dump::dump;
pub use parse::{ParseError, parse};
