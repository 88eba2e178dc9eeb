//! Protocol versions. The invariant: versions are ordered, and the order is the order of publication.

/// A protocol version that Keystead speaks (KMIP 1.4, 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// KMIP 1.0 (2010).
    V1_0,
    /// KMIP 1.1 (2013): what vCenter sends.
    V1_1,
    /// KMIP 1.2 (2015).
    V1_2,
    /// KMIP 1.3 (2016).
    V1_3,
    /// KMIP 1.4 (2017).
    V1_4,
}

impl Version {
    /// Every version, the newest first, as Discover Versions lists them (KMIP 1.4, 4.26).
    pub const ALL: [Version; 5] = [Version::V1_4, Version::V1_3, Version::V1_2, Version::V1_1, Version::V1_0];

    /// The newest version.
    pub const NEWEST: Version = Version::V1_4;

    /// The version with this major and minor number, if Keystead speaks it.
    pub fn from_numbers(major: i32, minor: i32) -> Option<Version> {
        Version::ALL.into_iter().find(|version| major == 1 && version.minor() == minor)
    }

    /// The major number.
    pub fn major(self) -> i32 {
        1
    }

    /// The minor number.
    pub fn minor(self) -> i32 {
        match self {
            Version::V1_0 => 0,
            Version::V1_1 => 1,
            Version::V1_2 => 2,
            Version::V1_3 => 3,
            Version::V1_4 => 4,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major(), self.minor())
    }
}
