//! The closed loop against real TLS peers inside this process: the echo, and a server that answers from a can.

use crate::client::{Lengths, Peer, Session};
use crate::drive::{self, Keys, Sample};
use crate::echo::{self, Respond};
use crate::error::Error;
use crate::process::Process;
use crate::ttlv::{Walk, Writer, tag};
use crate::twin::{KeyKind, self_signed};
use crate::vcenter::Step;
use crate::workload::{ATTRIBUTES, CONVERSATION, CREATE, GET, HANDSHAKE, LOCATE, Workload};
use crate::{fill, idle, tls};
use std::sync::Arc;
use std::time::Duration;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test(flavor = "multi_thread")]
async fn every_workload_runs_against_a_server() {
    let server = peer(can, None).await;
    for workload in [GET, ATTRIBUTES, CREATE, LOCATE, HANDSHAKE, CONVERSATION] {
        check(&server, workload).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workload_runs_against_the_echo() {
    let echo = peer(echo::tests::ECHO, Some([304; Step::COUNT])).await;
    for workload in [GET, ATTRIBUTES, CREATE, LOCATE, HANDSHAKE, CONVERSATION] {
        check(&echo, workload).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_the_run_in_words() {
    let error = check(&peer(refuse, None).await, GET).await.unwrap_err();
    assert!(error.to_string().contains("result reason 1): no such key"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_the_key_does_not_count() {
    // The echo's bytes are no KMIP answer.
    let error = check(&peer(echo::tests::ECHO, None).await, GET).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_learns_the_servers_lengths() {
    let server = peer(can, None).await;
    let mut lengths = Lengths::default();
    drive::learn(&server, CONVERSATION, &keys(), &mut lengths).await.unwrap();
    let echo = peer(echo::tests::ECHO, Some(lengths)).await;
    for step in CONVERSATION.steps() {
        let (theirs, ours) = (answer_length(&server, step).await, answer_length(&echo, step).await);
        assert_eq!(theirs, ours, "{step:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_makes_every_key() {
    let server = peer(can, None).await;
    assert_eq!(fill::unnamed(&server, 300).await.unwrap(), vec![ID; 300]);
    fill::named(&server, 1_000).await.unwrap();
    fill::find(&server, "x").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_take_memory() {
    let idle = idle::measure(&peer(can, None).await, 200).await.unwrap();
    assert!(idle.spoken > 1024, "both ends of the connections are in this process: {idle:?}");
}

async fn check(peer: &Peer, workload: Workload) -> Result<Sample, Error> {
    let sample = drive::measure(peer, workload, &keys(), 3, Duration::from_millis(200)).await?;
    assert!(sample.rate > 0.0 && sample.cpu_us > 0.0, "{} {sample:?}", workload.name);
    assert!(sample.p50_us > 0.0 && sample.p50_us <= sample.p99_us, "{} {sample:?}", workload.name);
    Ok(sample)
}

async fn answer_length(peer: &Peer, step: Step) -> usize {
    let mut session = Session::open(peer).await.unwrap();
    session.ask(peer, step, ID).await.unwrap();
    session.answer_length()
}

fn keys() -> Arc<Keys> {
    Arc::new(Keys { ids: vec![ID.to_owned()], named: 10 })
}

async fn peer(respond: Respond, lengths: Option<Lengths>) -> Peer {
    let identity = self_signed(KeyKind::P256).unwrap();
    let tls = tls::client(&identity.chain, self_signed(KeyKind::P256).unwrap()).unwrap();
    let (listener, address) = echo::listen().unwrap();
    tokio::spawn(echo::serve(listener, tls::server(identity).unwrap(), respond));
    Peer { name: "the peer", process: Process(nix::unistd::getpid()), address, tls, echo: lengths }
}

/// Success for every item, with all that any step asks for.
fn can(frame: &[u8], answer: &mut Vec<u8>) {
    let operations: Vec<u32> =
        Walk::over(frame).filter(|field| field.tag == tag::OPERATION).filter_map(|field| field.number()).collect();
    let mut writer = Writer::default();
    writer.structure(tag::RESPONSE_MESSAGE, |w| operations.iter().for_each(|&operation| item(w, operation)));
    answer.clear();
    answer.extend_from_slice(writer.bytes());
}

fn item(writer: &mut Writer, operation: u32) {
    writer.structure(tag::BATCH_ITEM, |w| {
        w.enumeration(tag::RESULT_STATUS, 0);
        if operation != 30 {
            w.text(tag::UNIQUE_IDENTIFIER, ID);
        }
        match operation {
            10 => w.byte_string(tag::KEY_MATERIAL, &[7; 32]),
            11 => w.structure(tag::ATTRIBUTE, |w| w.text(tag::ATTRIBUTE_NAME, "State")),
            _ => {}
        }
    });
}

/// Success for the greeting, item not found for all else.
fn refuse(frame: &[u8], answer: &mut Vec<u8>) {
    if Walk::over(frame).any(|field| field.tag == tag::OPERATION && field.number() == Some(30)) {
        return can(frame, answer);
    }
    let mut writer = Writer::default();
    writer.structure(tag::RESPONSE_MESSAGE, |w| {
        w.enumeration(tag::RESULT_STATUS, 1);
        w.enumeration(tag::RESULT_REASON, 1);
        w.text(tag::RESULT_MESSAGE, "no such key");
    });
    answer.clear();
    answer.extend_from_slice(writer.bytes());
}
