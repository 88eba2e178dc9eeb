//! [`Visitor`]: who is at which door, after a handshake.

use super::House;
use super::sightings::Step;
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use std::net::SocketAddr;
use uuid::Uuid;

/// How a connection came in.
#[derive(Clone, Copy)]
pub(super) struct Came {
    /// Where it comes from.
    pub(super) from: SocketAddr,
    /// The port of an adapter's own that it came to; none: the shared one.
    pub(super) port: Option<u16>,
}

/// A peer after its handshake. Where it showed a certificate, it holds the private key of that.
pub(super) struct Visitor<'a> {
    /// The session.
    pub(super) session: &'a ServerConnection,
    /// How it came in.
    pub(super) came: Came,
}

impl<'a> Visitor<'a> {
    /// The certificates that it showed, its own first.
    pub(super) fn chain(&self) -> &'a [CertificateDer<'static>] {
        self.session.peer_certificates().unwrap_or_default()
    }

    /// Its own certificate.
    pub(super) fn leaf(&self) -> &'a [u8] {
        self.chain().first().map_or(&[], |leaf| leaf.as_ref())
    }

    /// The adapter whose own door this is, by its port or the host name that was asked for; none: the shared door.
    pub(super) fn door(&self, house: &House) -> Option<Uuid> {
        house.rules.now(house.port.engine.registry()).door(self.came.port, self.session.server_name())
    }

    /// Notes that its handshake was finished.
    pub(super) fn shook_hands(&self, house: &House) {
        let sightings = &house.port.sightings;
        let track = self.door(house).map_or_else(|| sightings.at_shared_door(), |door| sightings.of_adapter(door));
        track.note(Step::Tls, (house.port.now)(), self.came.from.ip(), || self.how());
    }

    fn how(&self) -> String {
        let version = self
            .session
            .protocol_version()
            .and_then(|version| version.as_str().map(|it| it.replace('v', " ").replace('_', ".")));
        let suite = self.session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let none = self.chain().is_empty().then(|| "no client certificate".to_owned());
        [version, suite, none].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
