//! What a rotation leaves to be done: it goes on after errors and restarts, waits for a key that is disabled, and gives way to a newer
//! one; and versions are retired when nothing is under them any more.

use crate::fake_kmip::FakeKmip;
use crate::{AAD, AT_ONCE, CONTENT, call, call_at, later, make, memory, new, of, open_with, secret, tenant};
use keymanager::{Action, Error, Key, KeyManager, RotationJob, Timers, VersionRefusal, VersionUse};
use std::sync::Arc;
use store::Store;
use wrap::Wrapper;

struct Bench {
    store: Arc<dyn Store>,
    manager: KeyManager,
    kmip: Arc<FakeKmip>,
    key: Key,
}

impl Bench {
    /// A root key with adapters under its first version.
    async fn new(adapters: usize) -> Bench {
        let store = memory().await;
        let manager = open_with(&store, AT_ONCE).await;
        let kmip = FakeKmip::over(&manager);
        let instance = tenant(&manager).await;
        let key = make(&manager, instance, new("crk")).await;
        for number in 0..adapters {
            kmip.register(instance, key.id, &format!("dc{number}"));
            kmip.put_under(&format!("dc{number}"), key.version);
        }
        Bench { store, manager, kmip, key }
    }

    fn id(&self) -> String {
        self.key.id.to_string()
    }

    async fn rotate(&self) -> Key {
        self.manager.rotate(&call(self.key.instance, Action::RotateKey), &self.id(), None).await.unwrap()
    }

    async fn work(&self) -> usize {
        self.manager.work_on_rotations(|| later(9)).await.unwrap()
    }

    async fn job(&self) -> RotationJob {
        self.manager.rotation(&call(self.key.instance, Action::ReadRotation), &self.id()).await.unwrap().1
    }

    async fn check(&self, total: u32, done: u32, failed: u32, is_finished: bool, reason: Option<&str>) {
        let job = self.job().await;
        let seen = (job.total, job.done, job.failed, job.finished.is_some());
        assert_eq!(seen, (total, done, failed, is_finished), "{job:?}");
        assert_eq!(job.reason.is_some(), reason.is_some(), "{job:?}");
        assert!(reason.is_none_or(|reason| job.reason.is_some_and(|said| said.contains(reason))));
    }

    async fn retire(&self, version: &str, seconds: i64) -> Result<VersionUse, Error> {
        let call = call_at(self.key.instance, Action::RetireKeyVersion, later(seconds));
        self.manager.retire_version(&call, &self.id(), version).await
    }

    async fn unretire(&self, version: &str, seconds: i64) -> Result<VersionUse, Error> {
        let call = call_at(self.key.instance, Action::UnretireKeyVersion, later(seconds));
        self.manager.unretire_version(&call, &self.id(), version).await
    }

    async fn refused(&self, version: &str) -> VersionRefusal {
        match self.retire(version, 1).await {
            Err(Error::Version { refusal, .. }) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_job_is_there_from_the_first_moment_to_the_last() {
    let bench = Bench::new(40).await;
    let never = bench.manager.rotation(&call(bench.key.instance, Action::ReadRotation), &bench.id()).await;
    assert!(matches!(never, Err(Error::NotFound { .. })));
    let rotated = bench.rotate().await;
    bench.check(40, 0, 0, false, None).await;
    let job = bench.job().await;
    assert_eq!((job.key, job.from, job.to), (bench.key.id, bench.key.version, rotated.version));
    assert_eq!(bench.work().await, 0);
    bench.check(40, 40, 0, true, None).await;
    assert_eq!(bench.work().await, 0);
    assert_eq!(bench.job().await.finished, Some(later(9)));
}

#[tokio::test]
async fn a_job_goes_on_after_errors_and_restarts() {
    let bench = Bench::new(3).await;
    bench.rotate().await;
    bench.kmip.fail();
    for _ in 0..2 {
        assert_eq!(bench.work().await, 1);
        bench.check(3, 0, 3, false, Some("")).await;
    }
    let again = open_with(&bench.store, AT_ONCE).await;
    let service: Arc<dyn keymanager::KmipService> = bench.kmip.clone();
    again.serve_kmip(Arc::downgrade(&service));
    bench.kmip.mend();
    assert_eq!(again.work_on_rotations(|| later(9)).await.unwrap(), 0);
    bench.check(3, 3, 0, true, None).await;
}

/// An adapter that came under an older version at the very moment of a rotation is found without a job.
#[tokio::test]
async fn what_is_left_is_seen_on_the_adapters() {
    let bench = Bench::new(2).await;
    let rotated = bench.rotate().await;
    bench.work().await;
    bench.kmip.put_under("dc1", bench.key.version);
    assert_eq!(bench.refused("1").await, VersionRefusal::InUse("dc1".into()));
    bench.work().await;
    assert_eq!(bench.retire("1", 1).await.unwrap().adapters, [""; 0]);
    assert_eq!(bench.job().await.to, rotated.version);
}

#[tokio::test]
async fn a_job_waits_for_a_disabled_key_and_gives_way_to_a_newer_one() {
    let bench = Bench::new(2).await;
    bench.rotate().await;
    bench.manager.disable(&call(bench.key.instance, Action::DisableKey), &bench.id()).await.unwrap();
    assert_eq!(bench.work().await, 0);
    bench.check(2, 0, 0, false, Some("disabled")).await;
    assert!(bench.kmip.rewraps().is_empty());
    bench.manager.enable(&call(bench.key.instance, Action::EnableKey), &bench.id()).await.unwrap();
    bench.manager.rotation_wanted().await;
    bench.rotate().await;
    bench.work().await;
    bench.check(2, 2, 0, true, None).await;
    let all = bench.manager.rotations(&call(bench.key.instance, Action::ListRotations)).await.unwrap();
    let reasons: Vec<_> = all.iter().map(|(_, job)| (job.finished.is_some(), job.reason.as_deref())).collect();
    assert_eq!(reasons, [(true, None), (true, Some("a newer rotation took over"))]);
}

#[tokio::test]
async fn what_is_retired_does_not_unwrap_until_it_is_taken_back() {
    let bench = Bench::new(1).await;
    let wrapped = bench.manager.wrap(&of(&bench.key), &secret(CONTENT), AAD).await.unwrap();
    bench.manager.unwrap(&of(&bench.key), &wrapped, AAD).await.unwrap();
    assert_eq!(bench.refused("1").await, VersionRefusal::Newest);
    bench.rotate().await;
    assert_eq!(bench.refused("1").await, VersionRefusal::InUse("dc0".into()));
    bench.work().await;
    let epoch = bench.manager.epoch();
    let retired = bench.retire(&bench.key.version.to_string(), 1).await.unwrap();
    assert_eq!((retired.retired, retired.retired_by.as_deref()), (Some(later(1)), Some("somebody")));
    assert!(bench.manager.epoch() > epoch, "who had it open opens it anew");
    assert_eq!(bench.retire("1", 5).await.unwrap().retired, Some(later(1)), "since the first time");
    let unwrapped = bench.manager.unwrap(&of(&bench.key), &wrapped, AAD).await;
    assert!(matches!(unwrapped, Err(wrap::Error::Disabled(_))));
    bench.unretire("1", 6).await.unwrap();
    let unwrapped = bench.manager.unwrap(&of(&bench.key), &wrapped, AAD).await.unwrap();
    assert_eq!(unwrapped.plaintext.expose(), CONTENT);
    let twice = bench.unretire("1", 6).await;
    assert!(matches!(twice, Err(Error::Version { refusal: VersionRefusal::NotRetired, .. })));
}

#[tokio::test]
async fn what_was_retired_long_ago_is_erased_unless_something_is_under_it() {
    let bench = Bench::new(1).await;
    let manager = open_with(&bench.store, Timers { restorable: 10_000, ..AT_ONCE }).await;
    let service: Arc<dyn keymanager::KmipService> = bench.kmip.clone();
    manager.serve_kmip(Arc::downgrade(&service));
    let bench = Bench { manager, ..bench };
    bench.rotate().await;
    bench.work().await;
    bench.retire("1", 0).await.unwrap();
    let examined = async || bench.manager.examine().await.unwrap().versions;
    assert_eq!(examined().await, 2, "a version that can be taken back must open in a backup");
    let round = async |seconds| bench.manager.do_what_is_due(later(seconds)).await.unwrap();
    assert_eq!(round(10).await.purged, 0);
    bench.kmip.put_under("dc0", bench.key.version);
    assert_eq!((round(11).await.purged, round(11).await.failed), (0, 1), "never while an adapter is under it");
    bench.work().await;
    bench.kmip.put_under("dc0", bench.job().await.to);
    assert_eq!((round(11).await.purged, round(12).await.purged), (1, 0));
    assert_eq!(examined().await, 1, "and one that is erased keeps no backup from being verified");
    let gone = bench.unretire("1", 12).await;
    assert!(matches!(gone, Err(Error::Version { refusal: VersionRefusal::Erased, .. })));
    let call = call(bench.key.instance, Action::ListVersionUse);
    let versions = bench.manager.version_use(&call, &bench.id()).await.unwrap().1;
    assert_eq!(versions.iter().map(|each| each.erased.is_some()).collect::<Vec<_>>(), [false, true]);
}
