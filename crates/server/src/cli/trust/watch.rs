//! Watching a pairing: the steps are checked off as they are seen on the wire, and what hinders them is said when it happens.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::{SeenStep, StepName, Stranger, Trust, TrustStep};
use crate::cli::door::allow_command;
use crate::cli::{Api, Failure, Output};

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);

/// What watches a pairing.
pub(super) fn command(adapter: &str, here: &str) -> String {
    format!("keystead trust watch --adapter {adapter}{here}")
}

/// Watches until all steps were seen, or time is up. What had been seen `before` does not count.
pub(super) async fn run(
    adapter: &str,
    before: Option<Trust>,
    timeout: u64,
    api: &Api<'_>,
    output: Output,
) -> Result<(), Failure> {
    let end = Instant::now() + Duration::from_secs(timeout);
    let mut watch = Watch::new(before);
    output.say("Watching. Ctrl-C ends it, and changes nothing.\n")?;
    loop {
        let state: Trust = api.show(&["adapters", adapter, "trust"]).await?;
        for line in watch.news(&state) {
            output.say(&line)?;
        }
        let missing = watch.missing();
        if missing.is_empty() {
            return output.done(&state, "\nvCenter and this server trust each other, and vCenter has made a key.");
        }
        if Instant::now() >= end {
            output.done(&state, &report(&missing, adapter))?;
            return Err(Failure::silent());
        }
        sleep(EVERY).await;
    }
}

/// What was seen so far.
struct Watch {
    before: Vec<TrustStep>,
    seen: Vec<StepName>,
    strangers: HashMap<String, u64>,
    refusals: Option<HashMap<String, u64>>,
}

impl Watch {
    fn new(before: Option<Trust>) -> Self {
        let strangers = before.iter().flat_map(|state| &state.strangers).map(|s| (s.fingerprint.clone(), s.count));
        let strangers = strangers.collect();
        let refusals = before.as_ref().map(counts);
        Watch { before: before.map(|state| state.steps).unwrap_or_default(), seen: Vec::new(), strangers, refusals }
    }

    /// What is new in `state`, a line each.
    fn news(&mut self, state: &Trust) -> Vec<String> {
        let mut lines = Vec::new();
        for step in &state.steps {
            let Some(seen) = step.seen.as_ref().filter(|_| !self.before.contains(step)) else { continue };
            if !self.seen.contains(&step.step) {
                self.seen.push(step.step);
                lines.push(format!("  [x] {}", sentence(step.step, seen)));
            }
        }
        for stranger in &state.strangers {
            if self.strangers.insert(stranger.fingerprint.clone(), stranger.count) != Some(stranger.count) {
                lines.push(stranger_text(stranger, &state.adapter));
            }
        }
        let now = counts(state);
        let old = self.refusals.replace(now.clone()).unwrap_or_else(|| now.clone());
        let grown = now.iter().filter(|(reason, count)| old.get(*reason).is_none_or(|old| old < count));
        lines.extend(grown.map(|(reason, _)| format!("  [!] a connection was refused: {reason}")));
        lines
    }

    fn missing(&self) -> Vec<StepName> {
        STEPS.into_iter().filter(|step| !self.seen.contains(step)).collect()
    }
}

const STEPS: [StepName; 5] =
    [StepName::Tcp, StepName::Tls, StepName::Certificate, StepName::DiscoverVersions, StepName::Create];

fn counts(state: &Trust) -> HashMap<String, u64> {
    state.refusals.iter().map(|refusal| (refusal.reason.clone(), refusal.count)).collect()
}

fn sentence(step: StepName, SeenStep { address, detail, .. }: &SeenStep) -> String {
    let what = match step {
        StepName::Tcp => "a connection came",
        StepName::Tls => "TLS was agreed on",
        StepName::Certificate => "a client's certificate was admitted",
        StepName::DiscoverVersions => "the client asked for the KMIP versions",
        StepName::Create => "the client had its first key made",
    };
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    format!("{what} (from {address}){detail}")
}

fn stranger_text(stranger: &Stranger, adapter: &str) -> String {
    format!(
        "  [!] a certificate that is on no list came from {}: {}, issued by {}\n      if that is your vCenter: {}",
        stranger.address,
        stranger.facts.subject,
        stranger.facts.issuer,
        allow_command(stranger, adapter)
    )
}

/// What is missing at the end, and what that means. The first that is missing is what hinders the others.
fn report(missing: &[StepName], adapter: &str) -> String {
    let lines = missing.iter().map(|step| format!("  [ ] {}\n", waited_for(*step))).collect::<String>();
    let meaning = missing.first().map_or("", |step| meaning(*step));
    format!("\nTime is up, and this was not seen:\n\n{lines}\n{meaning}\nAdapter: {adapter}")
}

fn waited_for(step: StepName) -> &'static str {
    match step {
        StepName::Tcp => "a connection",
        StepName::Tls => "a TLS handshake",
        StepName::Certificate => "a client's certificate that is on the list",
        StepName::DiscoverVersions => "the first KMIP request (Discover Versions)",
        StepName::Create => "a key that a client had made (Create)",
    }
}

fn meaning(step: StepName) -> &'static str {
    match step {
        StepName::Tcp => {
            "Nobody connected: check address and port in vCenter, and the firewalls between. vCenter tries every five minutes, and when a key server is added or edited."
        }
        StepName::Tls => {
            "Somebody connected and left before TLS was agreed on: vCenter does not trust the server yet (Establish Trust > Make vCenter Trust KMS), or something between the two is in the way."
        }
        StepName::Certificate => {
            "Nobody showed a certificate that is on the list: vCenter was not told to yet (Establish Trust > Make KMS trust vCenter), or shows another one: see `keystead door list`."
        }
        StepName::DiscoverVersions => {
            "The certificate was admitted, and no KMIP request went well: does the adapter demand a user name and password (`keystead adapter door`)? The server's log says more."
        }
        StepName::Create => {
            "vCenter is connected. It makes its first key when the first virtual machine is encrypted, or vSAN encryption is turned on."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CertificateFacts, RefusalCount};

    fn state(seen: &[(StepName, i64)], strangers: &[(&str, u64)], refusals: &[(&str, u64)]) -> Trust {
        let at = |step| seen.iter().find(|(name, _)| *name == step).map(|(_, at_ms)| *at_ms);
        let seen = |at_ms| SeenStep { at_ms, address: "192.0.2.1".into(), detail: "d".into() };
        let stranger = |(fingerprint, count): &(&str, u64)| Stranger {
            fingerprint: (*fingerprint).to_owned(),
            facts: CertificateFacts::default(),
            address: "192.0.2.9".into(),
            door: None,
            first: String::new(),
            last: String::new(),
            count: *count,
        };
        let refusal = |(reason, count): &(&str, u64)| RefusalCount {
            label: String::new(),
            reason: (*reason).to_owned(),
            count: *count,
        };
        Trust {
            adapter: "a".into(),
            address: "kms".into(),
            port: 5696,
            user: None,
            server_certificates: Vec::new(),
            steps: STEPS.map(|step| TrustStep { step, seen: at(step).map(seen) }).into(),
            strangers: strangers.iter().map(stranger).collect(),
            refusals: refusals.iter().map(refusal).collect(),
        }
    }

    /// The news of each state in turn, by a word of each line.
    fn check(before: Option<Trust>, states: &[(Trust, &[&str])], missing: usize) {
        let mut watch = Watch::new(before);
        for (state, expected) in states {
            let lines = watch.news(state);
            assert_eq!(lines.len(), expected.len(), "{lines:?}");
            for (line, part) in lines.iter().zip(*expected) {
                assert!(line.contains(part), "`{part}` is not in {lines:?}");
            }
        }
        assert_eq!(watch.missing().len(), missing);
    }

    #[test]
    fn steps_are_checked_off_once_and_what_hinders_is_said() {
        let all: Vec<(StepName, i64)> = STEPS.into_iter().zip(1..).collect();
        let words = ["connection", "TLS", "admitted", "versions", "key made"];
        check(None, &[(state(&all, &[], &[]), &words), (state(&all, &[], &[]), &[])], 0);
        check(Some(state(&all, &[], &[])), &[(state(&all, &[], &[]), &[])], 5);
        let again = [(StepName::Tcp, 99)];
        check(Some(state(&all, &[], &[])), &[(state(&again, &[], &[]), &["connection"])], 4);
        let came = state(&[], &[("abcdef0123456789", 1)], &[]);
        check(None, &[(came.clone(), &["door allow abcdef0123456789 --adapter a"]), (came.clone(), &[])], 5);
        check(Some(came), &[(state(&[], &[("abcdef0123456789", 2)], &[]), &["192.0.2.9"])], 5);
        let refused = |count| state(&[], &[], &[("no cipher", count)]);
        check(None, &[(refused(3), &[]), (refused(4), &["refused: no cipher"]), (refused(4), &[])], 5);
    }
}
