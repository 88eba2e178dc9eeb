//! What holds for the bytes, the tables and the text of KMIP. What holds for each structure of the tables is tested beside them,
//! in `src/shape`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attribute;
mod frame;
mod message;
mod object;
mod support;
mod tables;
mod text;
mod ttlv;
