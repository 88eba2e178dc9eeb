//! [`Book`]: the certificates that came to a door and were on no list, so that an administrator can let one in without moving files.
//!
//! The invariant: **strangers fill the book and nothing else.** It is bounded, in all and for an address, and one address can't push
//! another's out of it. It is kept in memory, and what it holds opens nothing.

use crate::pki::{self, CertificateFacts};
use engine::registry::Fingerprint;
use kmip::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use uuid::Uuid;

/// How many certificates are kept.
const ALL: usize = 512;
/// How many of them came from one address.
const EACH: usize = 8;
/// The longest certificate that is kept, in bytes of DER.
const LONGEST: usize = 16 * 1024;

/// A certificate that came, with a handshake signed under its key, and was on no list.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// The SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// The certificate.
    pub der: Vec<u8>,
    /// What it says of itself.
    pub facts: CertificateFacts,
    /// Where it came from last.
    pub address: IpAddr,
    /// The adapter whose own door it came to last; none: the shared one.
    pub door: Option<Uuid>,
    /// When it came first.
    pub first: Timestamp,
    /// When it came last.
    pub last: Timestamp,
    /// How often it came.
    pub count: u64,
}

/// See the module.
#[derive(Default)]
pub struct Book(Mutex<HashMap<Fingerprint, Stranger>>);

impl Book {
    /// Everybody in the book, who came last first.
    pub fn strangers(&self) -> Vec<Stranger> {
        let mut strangers: Vec<_> = self.0.lock().values().cloned().collect();
        strangers.sort_by_key(|stranger| (std::cmp::Reverse(stranger.last), stranger.fingerprint.0));
        strangers
    }

    /// The certificate with this fingerprint, if it came.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<Stranger> {
        self.0.lock().get(fingerprint).cloned()
    }

    /// Strikes a certificate out, for it was let in or is not wanted.
    pub fn forget(&self, fingerprint: &Fingerprint) {
        self.0.lock().remove(fingerprint);
    }

    /// Notes that a certificate came. One that is too long, or can't be read, is not noted.
    pub fn note(&self, der: &[u8], address: IpAddr, door: Option<Uuid>, now: Timestamp) {
        let fingerprint = Fingerprint::of(der);
        if let Some(known) = self.0.lock().get_mut(&fingerprint) {
            known.count = known.count.saturating_add(1);
            (known.address, known.door, known.last) = (address, door, now);
            return;
        }
        if der.len() > LONGEST {
            return;
        }
        let Ok(facts) = pki::facts(der) else { return };
        let der = der.to_vec();
        let stranger = Stranger { fingerprint, der, facts, address, door, first: now, last: now, count: 1 };
        insert(&mut self.0.lock(), stranger);
    }
}

/// Makes room where there is none: the oldest of its own address goes, or else the oldest of the address that has most.
fn insert(strangers: &mut HashMap<Fingerprint, Stranger>, new: Stranger) {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    strangers.values().for_each(|stranger| *counts.entry(network(stranger.address)).or_default() += 1);
    let own = network(new.address);
    if counts.get(&own).is_some_and(|count| *count >= EACH) {
        strike_oldest(strangers, |stranger| network(stranger.address) == own);
    } else if strangers.len() >= ALL {
        let most = counts.values().copied().max().unwrap_or(0);
        strike_oldest(strangers, |stranger| counts.get(&network(stranger.address)) == Some(&most));
    }
    strangers.insert(new.fingerprint, new);
}

fn strike_oldest(strangers: &mut HashMap<Fingerprint, Stranger>, among: impl Fn(&Stranger) -> bool) {
    let oldest = strangers.values().filter(|stranger| among(stranger)).min_by_key(|stranger| stranger.last);
    if let Some(fingerprint) = oldest.map(|stranger| stranger.fingerprint) {
        strangers.remove(&fingerprint);
    }
}

/// What counts as one address: an IPv6 host has a whole /64 to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn certificates(count: usize) -> Vec<Vec<u8>> {
        let key = KeyPair::generate().unwrap();
        let made = |number: usize| {
            let params = CertificateParams::new([format!("c{number}")]).unwrap();
            params.self_signed(&key).unwrap().der().to_vec()
        };
        (0..count).map(made).collect()
    }

    fn at(seconds: usize) -> Timestamp {
        Timestamp::from_millis(1000 * i64::try_from(seconds).unwrap())
    }

    /// Who came to a book as (certificate, address), and how many of each address are in it then.
    fn check(came: &[(usize, &str)], expected: &[(&str, usize)]) -> Book {
        let certificates = certificates(1 + came.iter().map(|(certificate, _)| *certificate).max().unwrap());
        let book = Book::default();
        for (time, (certificate, address)) in came.iter().enumerate() {
            book.note(&certificates[*certificate], address.parse().unwrap(), None, at(time));
        }
        let strangers = book.strangers();
        for (address, count) in expected {
            let address: IpAddr = address.parse().unwrap();
            let there = strangers.iter().filter(|stranger| network(stranger.address) == network(address)).count();
            assert_eq!(there, *count, "{address}");
        }
        assert!(strangers.len() <= ALL);
        book
    }

    #[test]
    fn a_certificate_that_comes_again_is_counted() {
        let book =
            check(&[(0, "192.0.2.1"), (1, "192.0.2.1"), (0, "192.0.2.2")], &[("192.0.2.1", 1), ("192.0.2.2", 1)]);
        let [again, once] = &book.strangers()[..] else { panic!() };
        assert_eq!((again.count, again.first, again.last), (2, at(0), at(2)));
        assert_eq!((once.count, once.first, once.last), (1, at(1), at(1)));
        assert_eq!(book.find(&again.fingerprint).unwrap().der, again.der);
        book.forget(&again.fingerprint);
        assert!(book.find(&again.fingerprint).is_none());
    }

    #[test]
    fn one_address_has_its_share_and_pushes_nobody_else_out() {
        let flood = (1..100).map(|number| (number, "192.0.2.66"));
        let came: Vec<_> = [(0, "192.0.2.1")].into_iter().chain(flood).collect();
        check(&came, &[("192.0.2.1", 1), ("192.0.2.66", EACH)]);
        let addresses: Vec<_> = (1..100).map(|number| format!("2001:db8:0:1::{number}")).collect();
        let flood = addresses.iter().enumerate().map(|(number, address)| (number + 1, &**address));
        let came: Vec<_> = [(0, "2001:db8::1")].into_iter().chain(flood).collect();
        check(&came, &[("2001:db8::1", 1), ("2001:db8:0:1::", EACH)]);
    }

    #[test]
    fn when_it_is_full_who_has_most_gives_way() {
        let greedy: Vec<_> = (0..=ALL / 7).map(|number| format!("10.0.0.{number}")).collect();
        let flood = (0..ALL).map(|number| (number + 1, &*greedy[number / 7]));
        let came: Vec<_> = [(0, "192.0.2.1")].into_iter().chain(flood).collect();
        check(&came, &[("192.0.2.1", 1), ("10.0.0.0", 6), ("10.0.0.1", 7)]);
    }

    #[test]
    fn what_is_too_long_or_no_certificate_is_not_kept() {
        let book = Book::default();
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = (0..2000).map(|number| format!("name{number}.example.com")).collect();
        let long = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        assert!(long.der().len() > LONGEST);
        for der in [long.der(), &b"no certificate"[..]] {
            book.note(der, IpAddr::from([192, 0, 2, 1]), None, at(0));
        }
        assert!(book.strangers().is_empty());
    }
}
