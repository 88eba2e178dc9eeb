//! [`Slot`]: the server has a certificate for each of two sorts of key, and files for each in the data folder.

/// Which of the server's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The one that vCenter asks for.
    Rsa,
    /// The one for clients that can do with the quicker algorithm.
    Ecdsa,
}

/// The names of a slot's files.
pub(super) struct Files {
    pub(super) certificate: &'static str,
    pub(super) key: &'static str,
    /// What is staged; the key only where it is another one.
    pub(super) next_certificate: &'static str,
    pub(super) next_key: &'static str,
    /// What was served before the last activation; the key only where it was another one.
    pub(super) previous_certificate: &'static str,
    pub(super) previous_key: &'static str,
}

const RSA: Files = Files {
    certificate: "server.crt",
    key: "server.key",
    next_certificate: "server.next.crt",
    next_key: "server.next.key",
    previous_certificate: "server.previous.crt",
    previous_key: "server.previous.key",
};

const ECDSA: Files = Files {
    certificate: "server-ecdsa.crt",
    key: "server-ecdsa.key",
    next_certificate: "server-ecdsa.next.crt",
    next_key: "server-ecdsa.next.key",
    previous_certificate: "server-ecdsa.previous.crt",
    previous_key: "server-ecdsa.previous.key",
};

impl Slot {
    /// Both.
    pub const ALL: [Slot; 2] = [Slot::Rsa, Slot::Ecdsa];

    /// `RSA` or `ECDSA`.
    pub fn name(self) -> &'static str {
        match self {
            Slot::Rsa => "RSA",
            Slot::Ecdsa => "ECDSA",
        }
    }

    /// The slot with this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Slot> {
        Slot::ALL.into_iter().find(|slot| slot.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn files(self) -> &'static Files {
        match self {
            Slot::Rsa => &RSA,
            Slot::Ecdsa => &ECDSA,
        }
    }
}
