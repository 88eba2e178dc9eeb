//! How many tests passed, read from what the test runners print.
//!
//! The invariant: a runner's summary is counted once, and a line of a test's own output never is.

use std::ops::AddAssign;

/// Tests by outcome. A skipped one is a test that its runner was told not to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Count {
    pub(crate) const ONE_PASSED: Count = Count { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const ONE_FAILED: Count = Count { passed: 0, failed: 1, skipped: 0 };

    /// What this line of a runner's output says; nothing where it is no summary.
    pub(crate) fn of_line(line: &str) -> Count {
        let line = plain(line);
        let line = line.trim();
        let number = |word| number_before(line, word);
        if line.starts_with("Summary [") || line.starts_with("test result:") || is_bare(line) {
            // Tests that these runners leave out are marked in the source, with the reason beside them.
            Count { passed: number("passed"), failed: number("failed") + number("timed"), skipped: 0 }
        } else if line.starts_with("===") && line.contains(" in ") {
            let failed = number("failed") + number("error") + number("errors");
            Count { passed: number("passed"), failed, skipped: number("skipped") }
        } else {
            of_node(line)
        }
    }
}

/// Node's runner closes its TAP with a comment for each outcome: `# pass 12`.
fn of_node(line: &str) -> Count {
    let words: Vec<&str> = line.split(' ').collect();
    let ["#", outcome, number] = words.as_slice() else { return Count::default() };
    let number = number.parse().unwrap_or(0);
    match *outcome {
        "pass" => Count { passed: number, ..Count::default() },
        "fail" | "cancelled" => Count { failed: number, ..Count::default() },
        "skipped" | "todo" => Count { skipped: number, ..Count::default() },
        _ => Count::default(),
    }
}

/// `N passed, N failed`, alone on a line: what the project's own suites print.
fn is_bare(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    matches!(words.as_slice(), [passed, "passed,", failed, "failed"]
        if passed.parse::<u64>().is_ok() && failed.parse::<u64>().is_ok())
}

fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split([' ', ',', ';', '=']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// The line without terminal colours (`ESC [ ... m`).
fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::Count;

    fn check(line: &str, passed: u64, failed: u64, skipped: u64) {
        assert_eq!(Count::of_line(line), Count { passed, failed, skipped }, "{line}");
    }

    #[test]
    fn summaries_are_counted() {
        check("     Summary [   1.204s] 31 tests run: 29 passed (1 slow), 2 failed, 4 skipped", 29, 2, 0);
        check(
            "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
            3,
            0,
            0,
        );
        check("     Summary [   9.9s] 3 tests run: 1 passed, 1 failed, 1 timed out, 0 skipped", 1, 2, 0);
        check(
            "test result: FAILED. 5 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            5,
            1,
            0,
        );
        check("======= 2 failed, 84 passed, 1 skipped, 3 errors in 9.72s =======", 84, 5, 1);
        check("======= 1 passed, 1 error in 488.72s (0:08:08) =======", 1, 1, 0);
        check("245 passed, 1 failed", 245, 1, 0);
        check("# pass 18", 18, 0, 0);
        check("# fail 2", 0, 2, 0);
        check("# cancelled 1", 0, 1, 0);
        check("# skipped 3", 0, 0, 3);
        check("# todo 4", 0, 0, 4);
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "12 passed",
            "he said 3 passed, 4 failed",
            "=== 5 passed",
            "PASS [ 0.1s] kmip ttlv::tests::passed",
            "",
            "# tests 3",
            "# pass",
        ] {
            check(line, 0, 0, 0);
        }
    }
}
