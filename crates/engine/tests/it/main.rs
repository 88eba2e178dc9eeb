//! What the engine promises, seen from outside: bytes in, bytes out, over a real store, a real key manager and a real journal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ask;
mod bench;
mod golden;
mod lifecycle;
mod meddler;
mod versions;

#[tokio::test]
async fn smoke() {
    let bench = bench::Bench::new().await;
    let key = bench.key(&[]).await;
    assert_eq!(bench.material(&key).await.len(), 32);
    let bench = bench::Bench::on_disk().await;
    let key = bench.key(&[]).await;
    let bytes = bench.material(&key).await;
    let bench = bench.restarted().await;
    assert_eq!(bench.material(&key).await, bytes);
    println!("{:?}", bench.journaled());
}
