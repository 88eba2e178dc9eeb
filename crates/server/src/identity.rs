//! IAM as clients meet it: tokens for API keys, and the slowing of guesses.

mod guesses;
mod token;

pub use guesses::Guesses;
pub use token::{LIFETIME, LastToken, Tokens};
