//! [`Admission`]: whether a client is on a list, asked at first and again whenever the lists may have changed.

use super::House;
use super::handshake::Peer;
use crate::pki;
use engine::registry::{Client, Fingerprint};
use std::net::SocketAddr;

/// A client that was on a list when the registry had a certain epoch.
pub(super) struct Admission {
    fingerprint: Fingerprint,
    epoch: u64,
    client: Client,
}

impl Admission {
    /// Admits a client. None: it is on no list, and that was logged with how to allow it.
    pub(super) fn ask(peer: &Peer, address: SocketAddr, house: &House) -> Option<Self> {
        let fingerprint = Fingerprint(peer.fingerprint);
        // Read before the list is: if that changes in between, it is asked once more, never once too few.
        let epoch = house.port.engine.registry().epoch();
        let client = house.port.engine.registry().admit(&fingerprint);
        if client.is_none() {
            house.quiet.line(|| log_stranger(peer, address));
        }
        Some(Admission { fingerprint, epoch, client: client? })
    }

    /// The client, if it is on a list at this moment.
    pub(super) fn renew(&mut self, house: &House) -> Option<&Client> {
        let registry = house.port.engine.registry();
        let epoch = registry.epoch();
        if epoch != self.epoch {
            self.client = registry.admit(&self.fingerprint)?;
            self.epoch = epoch;
        }
        Some(&self.client)
    }
}

fn log_stranger(peer: &Peer, address: SocketAddr) {
    let certificate = peer.stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let subject = certificate.and_then(|der| pki::facts(der).ok()).map(|facts| facts.subject).unwrap_or_default();
    tracing::warn!(
        peer = %address,
        fingerprint = pki::hexadecimal(&peer.fingerprint),
        subject,
        "a client's certificate is on no list; to allow it: keystead cert add FILE --adapter default"
    );
}
