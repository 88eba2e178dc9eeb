//! The allow-lists: certificates put on them and taken off.
//!
//! The invariant: certificates that are added together are added all or not at all, each with its audit event.

use std::mem::discriminant;

use kmip::Timestamp;
use store::{Batch, Change, Expect};
use uuid::Uuid;

use super::change::{CREATE, DELETE, What};
use super::{Actor, Certificate, Fingerprint, Registry, Standing, name, record};
use crate::manage::Error;

/// The most certificates on an adapter's list (Key Protect's limit), of each standing: none takes another's room.
const CERTIFICATES: usize = 200;
/// The most patterns of an authority.
const PATTERNS: usize = 16;
/// How many bytes a pattern may have.
const PATTERN: std::ops::RangeInclusive<usize> = 1..=256;

/// What puts a certificate on a list.
pub struct NewCertificate {
    /// The adapter.
    pub adapter: Uuid,
    /// The entry's name: as an adapter's. None: `kmip_cert_<random>`.
    pub name: Option<String>,
    /// The certificate.
    pub der: Vec<u8>,
    /// What the entry says of it. The caller has seen that an authority's certificate is one.
    pub standing: Standing,
}

impl<'a> What<'a> {
    fn certificate(action: &'a str, entry: &'a Certificate) -> Self {
        let message = match &entry.standing {
            Standing::Listed => None,
            Standing::Authority(_) => Some("an authority that vouches for clients"),
            Standing::Denied => Some("a certificate that is denied"),
        };
        What { action, id: entry.id(), name: &entry.name, message }
    }
}

impl Registry {
    /// Puts a certificate on an adapter's list: [`Registry::add_certificates`] of one.
    ///
    /// # Errors
    /// As there.
    pub async fn add_certificate(&self, new: NewCertificate, by: &Actor, now: Timestamp) -> Result<Certificate, Error> {
        let added = self.add_certificates(vec![new], by, now).await?;
        added.into_iter().next().ok_or(Error::NotFound("certificate"))
    }

    /// Puts certificates on lists, in one commit: all of them, or none. What the entries say is in force as soon as this returns.
    ///
    /// # Errors
    /// A name that is not allowed or taken, a certificate that is on a list already or given twice, too many entries of a sort, patterns
    /// that are not allowed, failures of the store.
    pub async fn add_certificates(
        &self,
        new: Vec<NewCertificate>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Certificate>, Error> {
        let _changing = self.changing.lock().await;
        let (mut added, mut batch) = (Vec::new(), Batch::default());
        for new in new {
            let entry = self.make_entry(new, by, now)?;
            self.check_certificate(&entry, &added)?;
            self.put_entry(&entry, &mut batch, by, now).await?;
            added.push(entry);
        }
        if !added.is_empty() {
            self.commit_all(batch).await?;
        }
        Ok(added)
    }

    fn make_entry(&self, new: NewCertificate, by: &Actor, now: Timestamp) -> Result<Certificate, Error> {
        let NewCertificate { adapter, name, der, standing } = new;
        let name = name::given_or_random(name, "kmip_cert", &*self.random)?;
        let (fingerprint, created_at, created_by) = (Fingerprint::of(&der), now, by.id.clone());
        Ok(Certificate { adapter, name, fingerprint, der, created_at, created_by, standing })
    }

    async fn put_entry(&self, entry: &Certificate, batch: &mut Batch, by: &Actor, now: Timestamp) -> Result<(), Error> {
        let adapter = self.current(entry.adapter)?;
        let key = self.keyring.key(&adapter.key).await?;
        let body = key.sign(&entry.place(), 1, record::encode_certificate(entry));
        batch.changes.push(Change::Put { key: entry.place(), expect: Expect::Absent, body, terms: Vec::new() });
        batch.events.push(What::certificate(CREATE, entry).event(&adapter, by, now));
        Ok(())
    }

    /// Whether an entry can be added, after others that come in the same commit.
    fn check_certificate(&self, new: &Certificate, others: &[Certificate]) -> Result<(), Error> {
        check_patterns(&new.standing)?;
        self.check_unlisted(new, others)?;
        let listed = self.certificates(new.adapter);
        let listed = || listed.iter().chain(others.iter().filter(|other| other.adapter == new.adapter));
        if listed().any(|entry| entry.name == new.name) {
            return Err(Error::NameTaken(new.name.clone()));
        }
        let alike = |entry: &&Certificate| discriminant(&entry.standing) == discriminant(&new.standing);
        if listed().filter(alike).count() >= CERTIFICATES {
            return Err(Error::Limit(
                "an adapter can have 200 certificates of clients, of authorities, and denied ones",
            ));
        }
        Ok(())
    }

    fn check_unlisted(&self, new: &Certificate, others: &[Certificate]) -> Result<(), Error> {
        if let Some(client) = self.entry(&new.fingerprint) {
            let same = client.adapter().id == new.adapter;
            return Err(Error::Listed(same.then(|| client.certificate().name.clone())));
        }
        let twin = others.iter().find(|other| other.fingerprint == new.fingerprint);
        twin.map_or(Ok(()), |twin| Err(Error::Twice(twin.name.clone(), new.name.clone())))
    }

    /// Takes a certificate off its list. Its client is refused from the moment at which this returns, on open connections too.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn remove_certificate(&self, entry: &Certificate, by: &Actor, now: Timestamp) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        let adapter = self.current(entry.adapter)?;
        let listed = self.entry(&entry.fingerprint).filter(|client| client.adapter().id == adapter.id);
        listed.ok_or(Error::NotFound("certificate"))?;
        let change = Change::Delete { key: entry.place(), version: 1 };
        self.commit(vec![change], &adapter, What::certificate(DELETE, entry), by, now).await
    }
}

fn check_patterns(standing: &Standing) -> Result<(), Error> {
    let fits = match standing {
        Standing::Listed | Standing::Denied => true,
        Standing::Authority(patterns) => {
            patterns.len() <= PATTERNS && patterns.iter().all(|pattern| PATTERN.contains(&pattern.len()))
        }
    };
    if fits { Ok(()) } else { Err(Error::Patterns) }
}
