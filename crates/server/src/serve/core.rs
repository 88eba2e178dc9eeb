//! [`Core`]: keys and records. Each part needs the one before it.

use super::fail_stop::FailStop;
use super::master::Master;
use super::origin::Mark;
use super::{Error, first};
use crate::audit::JOURNAL;
use crate::config::{Config, JournalFlush, Without};
use crate::folder::Folder;
use crate::identity::Tokens;
use crate::kmip_service::{Kmip, Told};
use crate::metrics::Storage;
use ::kmip::Timestamp;
use engine::Engine;
use keymanager::{KeyManager, KmipService};
use std::sync::Arc;
use std::time::Duration;
use store::journal::{Flush, Journal};
use tokio::time::Instant;
use uuid::Uuid;
use wrap::Secret;
use wrap::keys::Keys;
use wrap::primitive::sign::SigningKey;
use wrap::primitive::{Random, SealKey};
use zeroize::Zeroizing;

pub(super) use crate::folder::DATABASE;

const NODE: &str = "node";
const JOURNAL_CHECK: Duration = Duration::from_secs(5);
/// What the key that seals the authority's is derived for. Part of the data format.
const AUTHORITY_SEAL: &str = "keystead authority seal";

/// What the key that signs identity tokens is derived for: every node of an installation derives the same one.
const TOKENS: &str = "keystead identity token";

/// Keys and records, opened.
pub(super) struct Core {
    pub(super) engine: Arc<Engine>,
    /// Held for the key manager, which refers to it weakly.
    pub(super) kmip: Arc<dyn KmipService>,
    pub(super) keys: Arc<KeyManager>,
    pub(super) store: Arc<FailStop>,
    pub(super) journal: Arc<Journal>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) signer: Arc<SigningKey>,
    pub(super) seal: SealKey,
    /// The keys file, whose master key can be changed.
    pub(super) sealed_keys: Arc<Keys>,
    /// Where the master key comes from.
    pub(super) mark: Mark,
}

impl Core {
    /// With the keys of the master key: store, key manager, engine: each needs the one before it.
    pub(super) async fn open(
        config: &Config,
        folder: &Folder,
        master: Master,
        random: &Arc<dyn Random>,
        told: Told,
    ) -> Result<Self, Error> {
        let Master { keys: sealed_keys, mark } = master;
        let keys = sealed_keys.clone();
        let seal = authority_seal(keys.installation())?;
        let tokens = keys.installation().token_key(TOKENS).map_err(wrap::master::Error::from)?;
        let signer = Arc::new(keys.signing_key()?);
        let address = format!("sqlite:{}", folder.path(DATABASE).display());
        let metrics = told.metrics.clone();
        let store = FailStop::new(store::open(&address).await?, metrics.storage.clone());
        let keys = Arc::new(KeyManager::open(store.clone(), keys, random.clone(), config.timers).await?);
        let journal = open_journal(config, folder, &**random)?;
        tokio::spawn(watch_journal(journal.clone(), store.clone(), metrics.storage.clone()));
        let parts = engine::Parts {
            store: store.clone(),
            wrapper: keys.clone(),
            random: random.clone(),
            journal: journal.clone(),
        };
        let engine = Engine::open(parts).await.map_err(|error| Error::Engine(error.to_string()))?;
        engine.registry().allow_adapters(config.limits.adapters_per_instance);
        let (engine, tokens) = (Arc::new(engine), Arc::new(Tokens::new(tokens)));
        let kmip: Arc<dyn KmipService> = Arc::new(Kmip::new(engine.clone(), Some(told)));
        keys.serve_kmip(Arc::downgrade(&kmip));
        Ok(Core { engine, kmip, keys, store, journal, tokens, signer, seal, sealed_keys, mark })
    }

    /// What a first start makes, and what later ones keep true.
    pub(super) async fn furnish(
        &self,
        folder: &Folder,
        (url, ca): (String, String),
        now: Timestamp,
    ) -> Result<(), Error> {
        if folder.is_new() {
            let instance = first::furnish(&self.keys, &self.engine, now).await?;
            first::appoint(&self.keys, folder, instance, (url.clone(), ca.clone()), now).await?;
        }
        first::refresh(folder, url, ca)
    }
}

/// The authority's key has a sealing key of its own, so that the installation's can go to the key manager for good.
fn authority_seal(installation: &SealKey) -> Result<SealKey, Error> {
    let derived = Zeroizing::new(installation.tag(AUTHORITY_SEAL, &[]).map_err(wrap::master::Error::from)?);
    let secret = Secret::new(Zeroizing::new(derived.to_vec()));
    Ok(SealKey::new(&secret).map_err(wrap::master::Error::from)?)
}

pub(super) fn open_journal(config: &Config, folder: &Folder, random: &dyn Random) -> Result<Arc<Journal>, Error> {
    let flush = match config.journal {
        JournalFlush::Interval => Flush::Soon,
        JournalFlush::Each => Flush::Each,
    };
    let node = node(folder, random)?;
    let journal = Journal::open(&folder.path(JOURNAL), node, wrap::primitive::digest, flush)?;
    match config.audit.when_full {
        Without::Refuse => {}
        Without::Serve => journal.go_on_when_full(),
    }
    Ok(Arc::new(journal))
}

/// This node's identifier, made once.
fn node(folder: &Folder, random: &dyn Random) -> Result<[u8; 16], Error> {
    let known = folder.read(NODE)?.and_then(|text| std::str::from_utf8(&text).ok()?.trim().parse::<Uuid>().ok());
    if let Some(node) = known {
        return Ok(node.into_bytes());
    }
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(wrap::master::Error::from)?;
    let node = uuid::Builder::from_random_bytes(bytes).into_uuid();
    folder.write(NODE, format!("{node}\n").as_bytes())?;
    Ok(node.into_bytes())
}

/// The journal flushes on its own; that it could not is seen here.
async fn watch_journal(journal: Arc<Journal>, store: Arc<FailStop>, metrics: Arc<Storage>) {
    loop {
        tokio::time::sleep(JOURNAL_CHECK).await;
        let (journal, begun) = (journal.clone(), Instant::now());
        match tokio::task::spawn_blocking(move || journal.flush()).await {
            Ok(Err(error)) => store.fail(&error),
            Ok(Ok(())) | Err(_) => metrics.flushed(begun.elapsed()),
        }
    }
}
