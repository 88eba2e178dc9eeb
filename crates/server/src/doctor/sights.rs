//! What an administrator will see in vCenter and vSAN, as far as the checks let it be said.
//!
//! The invariant: nothing is said that no check has shown. The table is all there is to it: a place, the check that must have gone well
//! for it to look well, and which outcomes of which checks make it look otherwise.

use serde::Serialize;

use super::names::*;
use super::report::{Outcome, Report};

/// A place, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Sight {
    /// Which server it is about: none where it is about all of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    pub(super) place: &'static str,
    pub(super) shows: &'static str,
}

struct Row {
    place: &'static str,
    /// All is well if this check was made and nothing below holds.
    proof: &'static str,
    well: &'static str,
    /// The first that holds counts.
    otherwise: &'static [(&'static str, Outcome, &'static str)],
}

const UNKNOWN: &str = "not known: the checks did not get that far";

const NOT_CONNECTED: &str = "\"Not connected\"";
const NO_TRUST: &str = "\"Not connected\", or \"Make KMS trust vCenter\"";
const NOT_REACHED: &str = "\"KMS not connected\"";
const NOW_AND_THEN: &str = "\"KMS not connected\" now and then: handshakes are slow (VMware KB 67115)";
const CANNOT_MAKE: &str = "fails at once: \"Cannot generate key\"";
const CANNOT_FETCH: &str = "fails: \"Cannot retrieve key\"";

use Outcome::{Failed, Noted, Passed, Skipped, Warning};

/// Of each server.
const ROWS: &[Row] = &[
    Row {
        place: "Key Providers, connection status",
        proof: QUERY,
        well: "\"Connected\"",
        otherwise: &[
            (TCP, Failed, NOT_CONNECTED),
            (TLS_PROBE, Failed, NOT_CONNECTED),
            (TLS_CLIENT, Failed, NO_TRUST),
            (GREETING, Failed, NO_TRUST),
            (GREETING_AGAIN, Failed, NOT_CONNECTED),
            (QUERY, Failed, "the key server can't be added"),
            (LOAD, Failed, "changes between \"Connected\" and \"Not connected\" when many connect"),
        ],
    },
    Row {
        place: "Key Providers, certificate status of the server",
        proof: DATES,
        well: "valid",
        otherwise: &[
            (TLS_PROBE, Failed, "none: the certificate can't be fetched"),
            (SERVER_CERTIFICATE, Failed, "none: the certificate can't be shown"),
            (CHAIN, Failed, "not \"Trusted\", where its CA was uploaded instead of its certificate"),
            (DATES, Failed, "\"Expired\", or not valid yet"),
            (DATES, Warning, "valid, with an alarm that it will expire soon"),
        ],
    },
    Row {
        place: "Key Providers, certificate status of vCenter",
        proof: CLIENT_DATES,
        well: "valid",
        otherwise: &[(CLIENT_DATES, Warning, "an alarm that it expires or has expired, or is not valid yet")],
    },
    Row {
        place: "Encrypting a virtual machine",
        proof: NAME,
        well: "works",
        otherwise: &[(CREATE, Failed, CANNOT_MAKE), (TAG, Failed, CANNOT_MAKE), (NAME, Failed, CANNOT_MAKE)],
    },
    Row {
        place: "Powering on an encrypted virtual machine",
        proof: FETCH_TWICE,
        well: "works",
        otherwise: &[(FETCH, Failed, CANNOT_FETCH), (FETCH_TWICE, Failed, CANNOT_FETCH)],
    },
    Row {
        place: "vSAN health, vCenter KMS status",
        proof: QUERY,
        well: "green",
        otherwise: &[
            (TCP, Failed, NOT_REACHED),
            (TLS_PROBE, Failed, NOT_REACHED),
            (TLS_CLIENT, Failed, NOT_REACHED),
            (GREETING, Failed, NOT_REACHED),
            (GREETING_AGAIN, Failed, NOT_REACHED),
            (QUERY, Failed, NOT_REACHED),
            (SPEED, Warning, NOW_AND_THEN),
            (LOAD, Failed, NOW_AND_THEN),
            (LOAD, Warning, NOW_AND_THEN),
        ],
    },
    Row {
        place: "vSAN health, hosts' KMS status",
        proof: FETCH_TWICE,
        well: "green for each host that reaches this port: every host connects by itself, with this client certificate",
        otherwise: &[
            (TCP, Failed, NOT_REACHED),
            (TLS_PROBE, Failed, NOT_REACHED),
            (TLS_CLIENT, Failed, NOT_REACHED),
            (GREETING, Failed, NOT_REACHED),
            (FETCH, Failed, "hosts stay locked: \"Cannot retrieve key\""),
            (FETCH_TWICE, Failed, "hosts stay locked: \"Cannot retrieve key\""),
            (LOAD, Failed, "\"KMS not connected\" when a cluster starts (VMware KB 67115)"),
            (LOAD, Warning, "\"KMS not connected\" when a cluster starts (VMware KB 67115)"),
        ],
    },
];

/// Of all servers together.
const TOGETHER: &[Row] = &[Row {
    place: "Powering on an encrypted virtual machine, whichever server vCenter reaches",
    proof: SAME_KEYS,
    well: "works",
    otherwise: &[
        (SAME_KEYS, Failed, "fails when vCenter reaches the other server: \"Cannot retrieve key\""),
        (SAME_KEYS, Skipped, UNKNOWN),
    ],
}];

/// What will be seen of this server.
pub(super) fn of(report: &Report) -> Vec<Sight> {
    ROWS.iter().map(|row| row.read(report, Some(report.server.clone()))).collect()
}

/// What will be seen of the servers as one key provider.
pub(super) fn together(report: &Report) -> Vec<Sight> {
    TOGETHER.iter().map(|row| row.read(report, None)).collect()
}

impl Row {
    fn read(&self, report: &Report, server: Option<String>) -> Sight {
        let holds = |(check, outcome, _): &&(&str, Outcome, &str)| report.outcome(check) == Some(*outcome);
        let shows = match (self.otherwise.iter().find(holds), report.outcome(self.proof)) {
            (Some((.., shows)), _) => shows,
            (None, Some(Passed | Warning)) => self.well,
            (None, Some(Failed | Noted | Skipped) | None) => UNKNOWN,
        };
        Sight { server, place: self.place, shows }
    }
}
