//! Which alarm stands when, and when it is logged.

use super::*;
use crate::pki::Slot;

const DAY: i64 = 86_400;
const END: i64 = 1_900_000_000;

fn watched(not_after: i64) -> Watched {
    let what = What::Served(Slot::Rsa, false);
    Watched { what, fingerprint: [1; 32], subject: "CN=kms".into(), not_after, entry: None }
}

fn at(seconds_left: i64) -> Timestamp {
    Timestamp::from_millis((END - seconds_left) * 1000)
}

#[test]
fn each_threshold_is_crossed_at_its_day() {
    let cases = [
        (91 * DAY, None),
        (90 * DAY + 1, None),
        (90 * DAY, Some((90, Severity::Warning))),
        (30 * DAY + 1, Some((90, Severity::Warning))),
        (30 * DAY, Some((30, Severity::Warning))),
        (14 * DAY + 1, Some((30, Severity::Warning))),
        (14 * DAY, Some((14, Severity::Warning))),
        (7 * DAY + 1, Some((14, Severity::Warning))),
        (7 * DAY, Some((7, Severity::Warning))),
        (DAY + 1, Some((7, Severity::Warning))),
        (DAY, Some((1, Severity::Error))),
        (0, Some((1, Severity::Error))),
        (-1, Some((0, Severity::Error))),
        (i64::MIN, Some((0, Severity::Error))),
        (i64::MAX, None),
    ];
    for (left, expected) in cases {
        assert_eq!(threshold(left).map(|row| (row.days, row.severity)), expected, "{left} seconds");
    }
}

#[test]
fn a_crossing_is_logged_once_and_the_last_week_daily() {
    let mut diary = Diary::default();
    let mut logged = Vec::new();
    for hours_left in (-60..=100 * 24).rev() {
        let now = at(hours_left * 3600);
        for alarm in diary.due(&alarms([watched(END)], now), now) {
            logged.push((alarm.threshold.days, alarm.days));
        }
    }
    let first: Vec<i64> = logged.iter().map(|(threshold, _)| *threshold).take(4).collect();
    assert_eq!(first, [90, 30, 14, 7]);
    let count = |threshold: i64| logged.iter().filter(|(at, _)| *at == threshold).count();
    assert_eq!([count(90), count(30), count(14)], [1, 1, 1]);
    // Six days from the seventh to the last one touch seven calendar days; then the last day, then two and a half after it.
    assert_eq!([count(7), count(1), count(0)], [7, 2, 4], "{logged:?}");
}

#[test]
fn what_is_mended_is_forgotten_and_told_again_when_it_comes_back() {
    let mut diary = Diary::default();
    let now = at(20 * DAY);
    let standing = alarms([watched(END)], now);
    assert_eq!(diary.due(&standing, now).len(), 1);
    assert_eq!(diary.due(&standing, now).len(), 0);
    assert_eq!(diary.due(&[], now).len(), 0);
    assert_eq!(diary.due(&standing, now).len(), 1);
}

#[test]
fn the_words_say_what_and_when() {
    let entry = Entry { instance: Uuid::nil(), adapter: "dc1".into(), name: "vc".into() };
    let client = Watched { what: What::Client, entry: Some(entry), ..watched(END) };
    let cases = [
        (watched(END), 10 * DAY, "the server's RSA certificate expires in 10 days, on 2030-03-17T17:46:40Z"),
        (client.clone(), DAY, "client certificate vc of adapter dc1 (CN=kms) expires in 1 day, on"),
        (client.clone(), DAY - 1, "expires within a day"),
        (client.clone(), -1, "expired on 2030"),
    ];
    for (watched, left, part) in cases {
        let message = alarms([watched], at(left))[0].message();
        assert!(message.contains(part), "{message}");
    }
    assert!(client.advice().contains("keystead cert add --adapter dc1"));
    assert!(watched(END).advice().contains("keystead tls renew"));
}
