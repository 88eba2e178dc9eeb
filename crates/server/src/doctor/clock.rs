//! The server's clock, by the time stamp of its answers, against this machine's.
//!
//! The invariant: the difference is told with its direction, and never which of the two clocks is wrong, which can't be known here.

use super::report::Report;

pub(super) const NAME: &str = "Clock";
/// Seconds by which libkmip, and what is built on it, lets an answer's time stamp be off.
pub(super) const NOTICED: u64 = 30;
/// Seconds from which the dates of certificates and keys come out differently.
const FAR: u64 = 5 * 60;

/// Judges by how many seconds the server's clock is ahead of ours.
pub(super) fn judge(ahead: Option<i64>, report: &mut Report) {
    let Some(ahead) = ahead else {
        return report.warning(
            NAME,
            "the answers bear no Time Stamp, which every answer has to (KMIP 1.1, 6.5)",
            "nothing; other KMIP clients may refuse the answers",
        );
    };
    let detail = format!("the server's is {} this machine's", difference(ahead));
    match ahead.unsigned_abs() {
        seconds if seconds <= NOTICED => report.passed(NAME, detail),
        seconds if seconds <= FAR => report.warning(
            NAME,
            format!("{detail}: set both by the same source of time"),
            "nothing; KMIP clients that compare the clocks refuse answers that are off by more than 30 s, and audits mislead",
        ),
        _ => report.failed_check(
            NAME,
            format!("{detail}: set both by the same source of time"),
            "a certificate may be valid here and not there: \"Not connected\" without a reason that can be seen",
        ),
    }
}

/// By how much a clock is off, and which way: `42 s ahead of`.
pub(super) fn difference(ahead: i64) -> String {
    let amount = match ahead.unsigned_abs() {
        seconds @ ..300 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    };
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    if ahead.unsigned_abs() <= 1 { "within a second of".to_owned() } else { format!("{amount} {direction}") }
}
