//! [`Running`]: everything that a started server holds, in the order in which it is put together and taken apart.

use super::backups::{self, BackupRounds};
use super::canary::Canary;
use super::change::{self, Desk};
use super::clock_check::{self, Patience};
use super::control::Control;
use super::core::Core;
use super::fail_stop::FailStop;
use super::guide::Guide;
use super::listeners::Listeners;
use super::master::{self, Found, Master};
use super::records::{self, Records};
use super::sealed;
use super::signals::Signals;
use super::{Error, process, schedule};
use crate::alarm::Alarms;
use crate::audit::Audit;
use crate::backup::{self, Backups};
use crate::clock;
use crate::config::Config;
use crate::expiry::Sources;
use crate::folder::Folder;
use crate::health::Health;
use crate::http::{self, Administration, Metrics};
use crate::identity::Guesses;
use crate::kmip::{self, Book, Destroys, Port, Refusals, Sightings};
use crate::kmip_service;
use crate::metrics::{self, Surveyor};
use crate::pki::{Pki, ServerCertificate, ServerCertificates, ServerNames};
use crate::telemetry::Telemetry;
use crate::tls::Live;
use engine::Engine;
use std::net::SocketAddr;
use std::sync::Arc;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wrap::primitive::{Random, SealKey, SystemRandom};

/// What a start needs before all else: the folder, and the keys in it, opened.
pub(super) struct Unsealed {
    folder: Folder,
    master: Master,
    control: Option<Control>,
    random: Arc<dyn Random>,
}

impl Unsealed {
    /// Opens the folder and the keys. Where the master key exists as shares, waits for them; none: it was told to stop meanwhile.
    pub(super) async fn wait(config: &Config, signals: &mut Signals) -> Result<Option<Self>, Error> {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let folder = Folder::open(&config.data)?;
        if folder.is_new() {
            // What is in the way is better seen before anything is made.
            drop(Listeners::bind(config)?);
        }
        let control = Control::bind(&folder);
        let master = match master::open(config, &folder, &random)? {
            Found::Open(master) => Some(master),
            Found::Wanted(mark) => {
                // That a port is taken is better known before people come.
                drop(Listeners::bind(config)?);
                let control = control.as_ref().map_err(|error| Error::Control(error.to_string()))?;
                sealed::wait(control, signals, (&folder, &random), mark).await?
            }
        };
        // What can be done without it goes on without it.
        let control = control
            .inspect_err(|error| tracing::warn!(%error, "there is no control socket: the master key can't be changed"))
            .ok();
        Ok(master.map(|master| Unsealed { folder, master, control, random }))
    }
}

/// A started server.
pub(super) struct Running {
    engine: Arc<Engine>,
    seal: SealKey,
    random: Arc<dyn Random>,
    certificates: Arc<ServerCertificates>,
    store: Arc<FailStop>,
    stop: watch::Sender<bool>,
    servers: [JoinHandle<()>; 2],
    records: Records,
}

impl Running {
    /// Starts everything; when this returns, both ports answer.
    pub(super) async fn start(config: &Config, unsealed: Unsealed, telemetry: &Telemetry) -> Result<Self, Error> {
        let now = clock::now();
        let Unsealed { mut folder, master, control, random } = unsealed;
        let first = folder.is_new();
        let doubt = clock_check::check(&folder, now)?;
        let listeners = Listeners::bind(config)?;
        let refusals = Arc::<Refusals>::default();
        let numbers = Arc::new(metrics::Metrics::new(now, refusals.clone()));
        let alarms = Arc::<Alarms>::default();
        let destroys = Arc::new(Destroys::new(config.limits.destroys_per_hour, alarms.clone()));
        let told = kmip_service::Told { metrics: numbers.clone(), destroys: destroys.clone() };
        let core = Core::open(config, &folder, master, &random, told).await?;
        telemetry.begin_traces(&core.journal, &numbers);
        let certificates = Pki::open(&folder, &core.seal, &names(config), &random, now)?;
        let url = listeners.admin_url()?;
        core.furnish(&folder, (url.clone(), certificates.authority.certificate_pem().to_owned()), now).await?;
        // Before anything is sealed as an older version could not read it: from now on it refuses the folder.
        if first || folder.is_old() {
            folder.finish()?;
        }
        let tls = Arc::new(Live::new(&certificates.server.identity)?);
        let kmip = listeners.kmip_address()?;
        let stop = watch::Sender::new(false);
        let names = certificates.server.names.clone();
        let folder = Arc::new(folder);
        let own = ServerCertificates::new(folder.clone(), certificates.authority.clone(), tls.clone(), names);
        let own = Arc::new(own);
        let told = (alarms.clone(), numbers.clone());
        let (audit, records) = Records::start(config, &core, &folder, told, &stop).await?;
        tokio::spawn(records::tell(audit.clone(), numbers.clone(), stopped(&stop)));
        backups::tell_restored(&folder)?;
        let told = backup::Told { alarms: alarms.clone(), metrics: numbers.clone() };
        let backups = Arc::new(backups::of(config, &folder, &core, told));
        let parts = (refusals, &numbers, (&alarms, destroys), &backups);
        let servers = serve(config, listeners, (&core, audit), &own, (&tls, &stop), parts);
        let patience = Patience::new(doubt.is_some(), now, Instant::now());
        let clock = (folder.clone(), patience);
        let rotating = (core.keys.clone(), core.kmip.clone(), numbers.clone());
        tokio::spawn(schedule::rotate(rotating, config.schedule, stopped(&stop)));
        tokio::spawn(schedule::write_uses(core.engine.clone(), config.usage, stopped(&stop)));
        let engine = core.engine.clone();
        tokio::spawn(schedule::keep(
            core.keys.clone(),
            core.kmip.clone(),
            engine,
            clock,
            config.schedule,
            stopped(&stop),
        ));
        if let Some(control) = control {
            let desk = Arc::new(Desk::of(&core, &folder, &random));
            tokio::spawn(change::attend(control, desk, stopped(&stop)));
        }
        let sources = Sources { engine: core.engine.clone(), keys: core.keys.clone(), certificates: own.clone() };
        tokio::spawn(schedule::watch_expiry(sources, alarms.clone(), stopped(&stop)));
        let rounds = BackupRounds { backups, alarms: alarms.clone(), metrics: numbers.clone() };
        tokio::spawn(rounds.keep(config.backup.every, stopped(&stop)));
        let canary = Canary { engine: core.engine.clone(), alarms, metrics: numbers };
        tokio::spawn(canary.keep(config.canary, stopped(&stop)));
        log_new_names(&certificates.server);
        log_doubt(doubt.as_deref());
        guide(config, (kmip, &url), &core, &certificates.server, first).print();
        Ok(Running {
            engine: core.engine,
            seal: core.seal,
            random,
            certificates: own,
            store: core.store,
            stop,
            servers,
            records,
        })
    }

    /// Waits for what must not happen: that the storage fails, or that a port is no longer served. Says what it was.
    pub(super) async fn failed(&mut self) -> Error {
        let [kmip, admin] = &mut self.servers;
        tokio::select! {
            reason = self.store.failed() => Error::Storage(reason),
            _ = kmip => Error::Unserved("KMIP"),
            _ = admin => Error::Unserved("administration"),
        }
    }

    /// Takes names and server certificate anew.
    pub(super) fn reload(&self, config: &Config) -> Result<(), Error> {
        let server = self
            .certificates
            .reload(|folder| Pki::open(folder, &self.seal, &names(config), &self.random, clock::now()))?;
        log_new_names(&server);
        Ok(())
    }

    /// Stops taking connections, lets requests in progress finish, and closes the store.
    pub(super) async fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        for server in self.servers.into_iter().filter(|server| !server.is_finished()) {
            let _ = server.await; // a panic in it was logged
        }
        if let Err(fault) = self.engine.write_uses().await {
            tracing::error!(%fault, "the use of keys could not be written down; the audit has it");
        }
        self.records.stop().await;
        Ok(self.store.close().await?)
    }
}

/// What watches over the ports.
type Watchers<'a> = (Arc<Refusals>, &'a Arc<metrics::Metrics>, (&'a Arc<Alarms>, Arc<Destroys>), &'a Arc<Backups>);

/// Serves both ports, each in a task of its own.
fn serve(
    config: &Config,
    listeners: Listeners,
    (core, audit): (&Core, Arc<Audit>),
    certificates: &Arc<ServerCertificates>,
    (tls, stop): (&Arc<Live>, &watch::Sender<bool>),
    (refusals, numbers, (alarms, destroys), backups): Watchers<'_>,
) -> [JoinHandle<()>; 2] {
    let Listeners { kmip, admin, metrics } = listeners;
    let (engine, keys, authority) = (core.engine.clone(), core.keys.clone(), certificates.issuer());
    let (book, sightings) = (Arc::<Book>::default(), Arc::<Sightings>::default());
    let port = Port {
        engine: engine.clone(),
        tls: tls.clone(),
        limits: config.limits.within(process::open_files()),
        proxies: config.proxies.clone(),
        refusals: refusals.clone(),
        book: book.clone(),
        sightings: sightings.clone(),
        destroys: destroys.clone(),
        metrics: numbers.kmip.clone(),
        now: clock::now,
    };
    let sources = Sources { engine: engine.clone(), keys: keys.clone(), certificates: certificates.clone() };
    let (data, last) = (config.data.clone(), Arc::default());
    let surveyor = Surveyor { sources, alarms: alarms.clone(), metrics: numbers.clone(), data, last };
    let (store, journal) = (core.store.clone(), core.journal.clone());
    let health = Health::new((engine.clone(), keys.clone()), (store, journal), config.data.clone(), numbers.clone());
    let administration = Arc::new(Administration {
        engine,
        keys,
        kmip: core.kmip.clone(),
        authority,
        certificates: certificates.clone(),
        audit,
        tokens: core.tokens.clone(),
        guesses: Guesses::new(),
        backups: backups.clone(),
        alarms: alarms.clone(),
        destroys,
        metrics: Metrics::default(),
        quarantine_day: i64::try_from(config.quarantine_day.as_millis()).unwrap_or(i64::MAX),
        installation: numbers.clone(),
        surveyor: Arc::new(surveyor),
        health: Arc::new(health),
        book,
        sightings,
        refusals,
        port: config.admin_listen.port(),
        kmip_port: kmip.local_addr().map_or(config.kmip_listen.port(), |address| address.port()),
        now: clock::now,
    });
    if let Some(metrics) = metrics {
        tokio::spawn(http::serve_plainly(metrics, administration.clone(), stopped(stop)));
    }
    [
        tokio::spawn(kmip::serve(kmip, port, stopped(stop))),
        tokio::spawn(http::serve(admin, tls.clone(), administration, stopped(stop))),
    ]
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut stop = stop.subscribe();
    async move {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

/// The names that were given, and the addresses that are listened on, where they are particular ones.
fn names(config: &Config) -> ServerNames {
    let listening = [config.kmip_listen.ip(), config.admin_listen.ip()];
    let particular = listening.into_iter().filter(|address| !address.is_unspecified());
    ServerNames { given: config.names.clone(), addresses: particular.collect() }
}

fn guide<'a>(
    config: &'a Config,
    (kmip, admin_url): (SocketAddr, &'a str),
    core: &'a Core,
    server: &'a ServerCertificate,
    first: bool,
) -> Guide<'a> {
    let certificate = server.identity.certificate();
    let (data, master_key) = (&config.data, core.mark.origin.place());
    Guide { kmip, admin_url, names: &server.names, certificate, data, master_key, first }
}

fn log_doubt(doubt: Option<&str>) {
    if let Some(doubt) = doubt {
        tracing::error!(
            "{doubt}: set the clock. Clients are served all the same; what falls due by itself waits for a day"
        );
    }
}

fn log_new_names(server: &ServerCertificate) {
    if server.renamed {
        let names = server.names.join(", ");
        tracing::warn!(
            names,
            "the names changed, so there is a new server certificate, on the same key; vCenter may ask to trust it"
        );
    }
}
