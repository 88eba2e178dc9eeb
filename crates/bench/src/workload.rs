//! The workloads: which steps, over which connections.
//!
//! Invariant: a workload is data. What drives it doesn't know which one it is.

use crate::vcenter::Step;

/// What is measured in cells of workload and connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The steps of each connection in turn; together they are one unit of work.
    pub(crate) connections: &'static [&'static [Step]],
    /// Whether each unit opens its connections anew; if not, one connection does all units.
    pub(crate) fresh: bool,
    /// The server's CPU as a multiple of the echo's that the project aims for.
    pub(crate) aim: Option<f64>,
}

use Step::{Activate, Create, Discover, Get, Greet, Locate, ProductVersion, State, Tag};

pub(crate) const GET: Workload = steady("get", &[&[Get]], Some(1.5));
pub(crate) const ATTRIBUTES: Workload = steady("attributes", &[&[State]], None);
pub(crate) const CREATE: Workload = steady("create", &[&[Create]], None);
pub(crate) const LOCATE: Workload = steady("locate", &[&[Locate]], Some(3.0));
pub(crate) const HANDSHAKE: Workload =
    Workload { name: "handshake", connections: &[&[Get]], fresh: true, aim: Some(1.1) };
/// Make a key, tag it, fetch it and enable it, as vCenter does when it encrypts the first virtual machine.
pub(crate) const CONVERSATION: Workload = Workload {
    name: "conversation",
    connections: &[&[Greet, Discover], &[Greet, Create], &[Greet, ProductVersion, Tag], &[Greet, Get, State, Activate]],
    fresh: true,
    aim: Some(1.3),
};

impl Workload {
    /// All steps of one unit.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        self.connections.iter().flat_map(|steps| steps.iter().copied())
    }

    /// Requests in one unit.
    pub(crate) fn requests(&self) -> usize {
        self.steps().count()
    }

    /// Whether its subject is a key's name rather than its identifier.
    pub(crate) fn by_name(&self) -> bool {
        self.steps().any(|step| step == Locate)
    }

    /// Whether each unit waits for the disk.
    pub(crate) fn writes(&self) -> bool {
        *self == CREATE
    }
}

const fn steady(name: &'static str, connections: &'static [&'static [Step]], aim: Option<f64>) -> Workload {
    Workload { name, connections, fresh: false, aim }
}
