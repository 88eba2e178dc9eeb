//! The store from outside: one model for all back ends, and what happens when things go wrong.

mod conformance;
mod crash;
mod durability;
mod journal;
mod model;
