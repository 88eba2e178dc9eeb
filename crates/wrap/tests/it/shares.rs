//! Key shares: any threshold of them make the key, fewer and wrong ones none, and each mistake has its own words.

use wrap::Secret;
use wrap::primitive::{SystemRandom, random_secret};
use wrap::shares::{Error, Kind, Share, Unreadable, join, split};

fn key() -> Secret {
    random_secret(&SystemRandom, 32).unwrap()
}

fn shares(key: &Secret, threshold: u8, of: u8) -> Vec<Share> {
    split(Kind::Recovery, key, threshold, of, &SystemRandom).unwrap()
}

fn joined(shares: &[Share]) -> Result<Vec<u8>, Error> {
    join(Kind::Recovery, shares).map(|key| key.expose().to_vec())
}

#[test]
fn any_threshold_of_them_make_the_key() {
    for (threshold, of) in [(2, 2), (2, 3), (3, 5), (5, 5), (2, 16), (16, 16)] {
        let key = key();
        let all = shares(&key, threshold, of);
        for start in 0..usize::from(of) {
            let chosen = |count: u8| -> Vec<Share> {
                all.iter().cycle().skip(start).take(usize::from(count)).cloned().collect()
            };
            for enough in threshold..=of {
                assert_eq!(joined(&chosen(enough)).unwrap(), key.expose(), "{enough} of {of}");
            }
            let few = threshold - 1;
            let expected = Error::TooFew { given: few, threshold };
            assert_eq!(joined(&chosen(few)).unwrap_err(), if few == 0 { Error::None } else { expected });
        }
    }
}

#[test]
fn fewer_say_nothing_of_the_key() {
    // With one share of two, each value of a byte of the key goes with exactly one other share: over many splittings of one key, a
    // share's byte takes all values.
    let key = Secret::new(vec![0; 32].into());
    let mut seen = [false; 256];
    for _ in 0..200 {
        for byte in shares(&key, 2, 2)[0].to_text().split("key=").nth(1).unwrap().as_bytes()[..64].chunks(2) {
            let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 16).unwrap();
            seen[usize::from(byte)] = true;
        }
    }
    assert!(seen.iter().all(|seen| *seen));
}

#[test]
fn each_mistake_has_its_words() {
    let (mine, other) = (key(), key());
    let (a, b) = (shares(&mine, 2, 3), shares(&other, 2, 3));
    let again = shares(&mine, 2, 3);
    let master = split(Kind::Master, &mine, 2, 3, &SystemRandom).unwrap();
    let cases: [(Vec<Share>, Error); 5] = [
        (vec![], Error::None),
        (vec![a[0].clone(), a[0].clone()], Error::Twice(1)),
        (vec![a[0].clone(), b[1].clone()], Error::OtherSet(2)),
        (vec![a[0].clone(), again[1].clone()], Error::OtherSet(2)),
        (vec![a[0].clone(), master[1].clone()], Error::OtherKind(2, "recovery key")),
    ];
    for (shares, expected) in cases {
        assert_eq!(joined(&shares).unwrap_err(), expected);
    }
    for (threshold, of) in [(1, 1), (1, 3), (4, 3), (2, 17), (0, 0)] {
        assert_eq!(split(Kind::Master, &mine, threshold, of, &SystemRandom).err(), Some(Error::Numbers));
    }
}

#[test]
fn a_share_is_a_line_of_text() {
    let key = key();
    let texts: Vec<_> = shares(&key, 2, 3).iter().map(Share::to_text).collect();
    let read: Vec<Share> = texts.iter().map(|text| Share::from_text(text).ok().unwrap()).collect();
    assert_eq!(joined(&read[1..]).unwrap(), key.expose());
    let loud = format!("  {}\n", texts[0].to_uppercase().replace(' ', "  "));
    assert!(Share::from_text(&loud).is_ok(), "blanks and case are forgiven");
    let text = texts[0].as_str();
    for at in text.find("set=").unwrap() + 4..text.len() {
        let old = &text[at..=at];
        let new = if old == "0" { "1" } else { "0" };
        let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
        if changed != text {
            assert!(Share::from_text(&changed).is_err(), "{changed}");
        }
        assert!(Share::from_text(&text[..at]).is_err());
    }
    assert_eq!(Share::from_text("hello").err(), Some(Unreadable::Form));
    let slip = text.replacen("of=3", "of=4", 1);
    assert_eq!(Share::from_text(&slip).err(), Some(Unreadable::Sum));
}
