//! Thresholds: how many days before its end a certificate is spoken of, how loudly, and how often.

/// How loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is time to plan.
    Warning,
    /// There is none.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The days that are left at most; 0: none, it has expired.
    pub days: i64,
    /// How loudly it is spoken of.
    pub severity: Severity,
    /// Whether each day, rather than once.
    pub daily: bool,
}

/// The table, the most urgent first.
pub const THRESHOLDS: [Threshold; 6] = [
    Threshold { days: 0, severity: Severity::Error, daily: true },
    Threshold { days: 1, severity: Severity::Error, daily: true },
    Threshold { days: 7, severity: Severity::Warning, daily: true },
    Threshold { days: 14, severity: Severity::Warning, daily: false },
    Threshold { days: 30, severity: Severity::Warning, daily: false },
    Threshold { days: 90, severity: Severity::Warning, daily: false },
];

/// The threshold that a certificate with so many seconds left has crossed last, if any. It is valid through its last second (RFC 5280,
/// 4.1.2.5).
pub fn threshold(seconds_left: i64) -> Option<Threshold> {
    THRESHOLDS.into_iter().find(|row| match row.days {
        0 => seconds_left < 0,
        days => seconds_left <= days * 86_400,
    })
}
