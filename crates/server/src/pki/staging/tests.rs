//! Activation, cut off at every one of its file operations.

use super::*;
use crate::pki::{Pki, ServerCertificates, ServerNames, State, read_identity};
use crate::tls::Live;
use kmip::Timestamp;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use std::sync::Arc;
use wrap::Secret;
use wrap::primitive::{SealKey, SystemRandom};
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn open(folder: &Folder) -> Pki {
    let seal = SealKey::new(&Secret::new(Zeroizing::new(vec![7; 32]))).unwrap();
    let names = ServerNames { given: vec!["kms.example.com".into()], addresses: Vec::new() };
    let random: Arc<dyn wrap::primitive::Random> = Arc::new(SystemRandom);
    Pki::open(folder, &seal, &names, &random, NOW).unwrap()
}

fn certificates(folder: &Arc<Folder>) -> ServerCertificates {
    let pki = open(folder);
    let live = Arc::new(Live::new(&pki.server.identity).unwrap());
    ServerCertificates::new(folder.clone(), pki.authority, live, pki.server.names)
}

/// A chain of another CA's and its key.
fn brought() -> (String, String) {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(vec!["kms.example.com".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Performs the first `count` operations and no more, then starts anew. Whether what is served is new then.
fn check_cut_off(count: usize, new_key: bool) -> bool {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(&place.path().join("data")).unwrap());
    let all = certificates(&folder);
    let before = open(&folder).server.identity.certificate().to_vec();
    match new_key {
        true => {
            let (chain, key) = brought();
            all.stage(chain.as_bytes(), Some(key.as_bytes()), NOW).unwrap();
        }
        false => drop(all.renew(NOW).unwrap()),
    }
    for step in steps(&folder, Slot::Rsa).unwrap().into_iter().take(count) {
        perform(&folder, step).unwrap();
    }
    open(&folder); // it reads certificate and key, and holds them against each other
    let identity = read_identity(&folder).unwrap();
    let der = certificate(&folder, "server.crt").unwrap().unwrap();
    assert!(fits(&der, &key(&folder, Slot::Rsa).unwrap()), "after {count} operations");
    assert_eq!(identity.certificate(), der);
    let shown = certificates(&folder).shown().unwrap();
    let staged = shown.iter().any(|shown| shown.slot == Slot::Rsa && shown.state == State::Staged);
    assert_eq!(staged, der == before, "after {count} operations it is either still staged or served");
    der != before
}

#[test]
fn an_activation_that_is_cut_off_leaves_a_working_pair() {
    let outcomes = |new_key, count| (0..=count).map(|cut| check_cut_off(cut, new_key)).collect::<Vec<_>>();
    assert_eq!(outcomes(false, 3), [false, false, false, true]);
    // From the moment that the new key is in place, the next start ends what was begun.
    assert_eq!(outcomes(true, 4), [false, false, false, true, true]);
}

#[test]
fn a_key_without_its_certificate_is_not_staged() {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(&place.path().join("data")).unwrap());
    let all = certificates(&folder);
    folder.write("server.next.key", brought().1.as_bytes()).unwrap();
    assert!(all.activate(NOW).is_err_and(|error| error.to_string().contains("nothing is staged")));
    all.renew(NOW).unwrap();
    all.activate(NOW).unwrap();
    assert!(folder.read("server.next.key").unwrap().is_none());
}
