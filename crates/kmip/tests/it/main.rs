//! What holds for the bytes, the tables and the text of KMIP. What holds for each structure of the tables is tested beside them,
//! in `src/shape`.

mod attribute;
mod frame;
mod message;
mod support;
mod tables;
mod text;
mod ttlv;
