//! vCenter's whole conversation, step by step, over as many connections as vCenter opens.

use std::time::Duration;

use kmip::enums::{ResultReason, State};
use kmip::{Value, tag};

use super::clock;
use super::identity::Identity;
use super::message::{Ask, Material, Told};
use super::names;
use super::report::{Report, Stopped};
use super::session::{Error, Session};
use super::tls::Target;

/// vSAN's health check gives up on servers that take longer to be ready.
const SLOW: Duration = Duration::from_secs(1);

const PRODUCT: [(&str, &str); 3] =
    [("x-Product_Version", "keystead doctor"), ("x-Vendor", "keystead"), ("x-Product", "keystead doctor")];
const PURPOSE: [(&str, &str); 3] =
    [("x-Identifier", "doctor"), ("x-Component", "Virtual Machine"), ("x-Name", "keystead-doctor-test-key")];

const NOT_TRUSTED: &str = "the key server's status is \"Not connected\" or asks to \"Make KMS trust vCenter\": put this client \
    certificate on the adapter's list (keystead cert add)";
const NO_ANSWER: &str = "the key server's status is \"Not connected\": the server knows this client and fails to answer it, and its \
    log says why";
pub(super) const NO_KEY: &str = "\"Cannot generate key\": encrypting a virtual machine fails at once";
const NO_TAG: &str = "\"Cannot generate key\" in vCenter 7.0 and later: the key is made, but can't be tagged";
const NO_FETCH: &str = "\"Cannot retrieve key\": encrypted virtual machines don't start, hosts stay locked";
pub(super) const NO_LEFTOVER: &str = "nothing; an unused key stays in the server";

/// Goes through all of it. The key that is made is cleaned up also when a step fails.
pub(super) async fn hold(target: &Target, identity: &Identity, keep: bool, report: &mut Report) -> Result<(), Stopped> {
    let call = Call { target, identity };
    call.connect(report).await?;
    let id = call.create(report).await?;
    let outcome = call.use_key(&id, report).await;
    match keep {
        true => report.passed("Clean up", format!("key {id} was kept")),
        false => call.clean_up(&id, report).await?,
    }
    outcome
}

/// What vCenter shows when the first request fails. A client on no list is hung up on; one that gets an answer is trusted.
fn not_connected(greeting: &Result<String, Error>) -> &'static str {
    match greeting {
        Err(Error::Wrong(_) | Error::Silent) => NO_ANSWER,
        Ok(_) | Err(Error::Open(_) | Error::Closed(_)) => NOT_TRUSTED,
    }
}

/// Whom we call, and as whom.
struct Call<'a> {
    target: &'a Target,
    identity: &'a Identity,
}

impl Call<'_> {
    /// The connection check that vCenter makes every five minutes, and what it asks when a server is added.
    async fn connect(&self, report: &mut Report) -> Result<(), Stopped> {
        let opened = Session::open(self.target, self.identity).await;
        let shook = |session: &Session| format!("{}, {}", session.shown.protocol, session.shown.cipher);
        let mut session = report.step(names::TLS_CLIENT, opened, shook, NOT_TRUSTED)?;
        let greeting = versions(session.greet().await);
        let first_answer = session.age();
        let hint = not_connected(&greeting);
        report.facts.versions = Some(report.step(names::GREETING, greeting, Clone::clone, hint)?);
        self.measured(session.shown.took, first_answer, report);
        let again = versions(session.ask(Ask::discover_versions()).await);
        let hint = not_connected(&again);
        report.step(names::GREETING_AGAIN, again, Clone::clone, hint)?;
        let vendor = session.ask(Ask::query_server()).await.and_then(|told| vendor(&told).map_err(Error::from));
        report.facts.vendor = Some(report.step(names::QUERY, vendor, Clone::clone, "adding the key server fails")?);
        report.facts.answers = true;
        report.facts.clock_ahead_seconds = session.ahead;
        clock::judge(session.ahead, report);
        Ok(())
    }

    fn measured(&self, handshake: Duration, first_answer: Duration, report: &mut Report) {
        report.measured(handshake, first_answer);
        if handshake > SLOW || first_answer > SLOW {
            let detail = format!("the first answer took {:.1} s", first_answer.as_secs_f64());
            report.warning(names::SPEED, detail, "vSAN's health check may report \"KMS not connected\"");
        }
    }

    async fn create(&self, report: &mut Report) -> Result<String, Stopped> {
        let made = self.asked(Ask::create()).await.and_then(|told| told.identifier().map_err(Error::from));
        report.step(names::CREATE, made, |id| format!("key {id}"), NO_KEY)
    }

    async fn use_key(&self, id: &str, report: &mut Report) -> Result<(), Stopped> {
        report.step(names::TAG, self.tag(id, PRODUCT, true).await, |()| "set and read back".to_owned(), NO_TAG)?;
        report.step(names::NAME, self.tag(id, PURPOSE, false).await, |()| "set and read back".to_owned(), NO_TAG)?;
        let material = report.step(
            names::FETCH,
            self.fetch(id).await,
            |_| "raw AES, 256 bits; Pre-Active, then Active".to_owned(),
            NO_FETCH,
        )?;
        let same = self.fetch_interleaved(id, &material).await;
        report.step(names::FETCH_TWICE, same, |()| "the same bytes".to_owned(), NO_FETCH)?;
        let missing = self.missing().await;
        report.step(
            "Ask for a key that does not exist",
            missing,
            |()| "Item Not Found".to_owned(),
            "a key that is gone is reported as a server that is broken",
        )?;
        Ok(())
    }

    /// Each attribute is asked for first, and must come back as not set; then it is set; then it must be there.
    async fn tag(&self, id: &str, attributes: [(&str, &str); 3], at_once: bool) -> Result<(), Error> {
        let mut session = self.session().await?;
        for (name, _) in attributes.iter().take(if at_once { 1 } else { 3 }) {
            let values = session.ask(Ask::get_attribute(id, name)).await?.attributes(name)?;
            expect(values.is_empty(), || format!("{name} is not set, and yet it has a value"))?;
        }
        let asked = attributes.map(|(name, value)| Ask::add_attribute(id, name, value));
        let told = if at_once { session.ask_all(asked.into()).await? } else { each(&mut session, asked).await? };
        for (told, (name, _)) in told.iter().zip(attributes) {
            let echoed = told.attributes(name)?.len();
            expect(echoed == 1, || {
                format!("the answer to Add Attribute {name} has {echoed} attributes instead of one")
            })?;
        }
        for (name, value) in attributes {
            let values = session.ask(Ask::get_attribute(id, name)).await?.attributes(name)?;
            expect(values == [Value::TextString(value.to_owned())], || format!("{name} is not what was set"))?;
        }
        Ok(())
    }

    /// Get, State, Activate, as for every encrypted virtual machine.
    async fn fetch(&self, id: &str) -> Result<Material, Error> {
        let mut session = self.session().await?;
        let material = session.ask(Ask::get(id)).await?.material()?;
        state(&mut session, id, State::PreActive).await?;
        session.ask(Ask::activate(id)).await?.identifier()?;
        state(&mut session, id, State::Active).await?;
        Ok(material)
    }

    async fn fetch_interleaved(&self, id: &str, material: &Material) -> Result<(), Error> {
        let (mut one, mut other) = (self.session().await?, self.session().await?);
        for _ in 0..2 {
            for session in [&mut one, &mut other] {
                let again = session.ask(Ask::get(id)).await?.material()?;
                expect(again == *material, || "the key is not the same as before".to_owned())?;
            }
        }
        Ok(())
    }

    async fn missing(&self) -> Result<(), Error> {
        let told = self.asked(Ask::get("00000000-0000-4000-8000-000000000000")).await?;
        expect(told.refused_as(ResultReason::ItemNotFound), || told.refusal())
    }

    async fn clean_up(&self, id: &str, report: &mut Report) -> Result<(), Stopped> {
        let outcome = async {
            let mut session = self.session().await?;
            session.ask(Ask::revoke(id)).await?.identifier()?;
            session.ask(Ask::destroy(id)).await?.identifier()?;
            Ok::<_, Error>(())
        };
        report.step("Clean up", outcome.await, |()| format!("key {id} was revoked and destroyed"), NO_LEFTOVER)
    }

    /// A connection of its own for one operation.
    async fn asked(&self, ask: Ask) -> Result<Told, Error> {
        self.session().await?.ask(ask).await
    }

    /// A new connection, greeted.
    async fn session(&self) -> Result<Session, Error> {
        greeted(self.target, self.identity).await
    }
}

/// A new connection, greeted.
pub(super) async fn greeted(target: &Target, identity: &Identity) -> Result<Session, Error> {
    let mut session = Session::open(target, identity).await?;
    versions(session.greet().await)?;
    Ok(session)
}

async fn each(session: &mut Session, asked: impl IntoIterator<Item = Ask>) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for ask in asked {
        told.push(session.ask(ask).await?);
    }
    Ok(told)
}

async fn state(session: &mut Session, id: &str, expected: State) -> Result<(), Error> {
    let found = session.ask(Ask::get_attribute(id, "State")).await?.state()?;
    expect(found == expected, || format!("the key's state is {found:?} instead of {expected:?}"))
}

/// The versions that the server speaks, 1.1 among them.
fn versions(told: Result<Told, Error>) -> Result<String, Error> {
    let told = told?;
    let fields = told.success()?.fields().iter().filter(|(tag, _)| *tag == tag::PROTOCOL_VERSION);
    let number = |value: &Value, tag| value.field(tag).and_then(Value::as_integer).unwrap_or(0);
    let spoken: Vec<_> = fields
        .map(|(_, value)| {
            format!("{}.{}", number(value, tag::PROTOCOL_VERSION_MAJOR), number(value, tag::PROTOCOL_VERSION_MINOR))
        })
        .collect();
    expect(spoken.iter().any(|version| version == "1.1"), || {
        format!("the server speaks {} and not 1.1", spoken.join(", "))
    })?;
    Ok(format!("KMIP {}", spoken.join(", ")))
}

fn vendor(told: &Told) -> Result<String, String> {
    let vendor = told.success()?.field(tag::VENDOR_IDENTIFICATION).and_then(Value::as_text);
    vendor.map(str::to_owned).ok_or_else(|| "the answer has no Vendor Identification".to_owned())
}

/// What must hold of an answer.
fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Wrong(otherwise())) }
}
