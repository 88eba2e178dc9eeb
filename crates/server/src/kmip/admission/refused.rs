//! [`Refused`]: why a client is not let in, in the log's words. It gets no answer itself, so none of this reaches it.

use crate::kmip::House;
use crate::kmip::visitor::Visitor;
use crate::pki::{self, NotVouched};
use engine::registry::Fingerprint;
use kmip::Timestamp;
use uuid::Uuid;

/// How much of a text is logged, in characters: a stranger's certificate is in it, which can take up a whole handshake.
const LONGEST: usize = 512;

/// Why a client is not let in.
#[derive(Debug, thiserror::Error)]
pub(in crate::kmip) enum Refused {
    /// It is nobody's.
    #[error("{0}")]
    Stranger(NotVouched),
    /// The administrator said so.
    #[error("its certificate, or one that signed it, is denied on a list")]
    Denied,
    /// It is at the own door of an adapter that is not its own.
    #[error("its certificate is on the list of another adapter")]
    Elsewhere,
    /// It is at the shared door, where its adapter isn't.
    #[error("its adapter is not served here: clients have to come by the adapter's own port or host name")]
    NotShared,
    /// Its certificate is on a list and has expired.
    #[error(
        "its certificate has expired, and its adapter refuses such: have it renewed, or let the adapter's door serve expired ones"
    )]
    Expired,
    /// Its adapter has too many connections.
    #[error("its adapter's clients have {0} connections already (limits.connections_per_adapter)")]
    Full(usize),
}

impl Refused {
    /// Has it logged, and a stranger noted in the door book.
    pub(super) fn tell(&self, visitor: &Visitor<'_>, house: &House, now: Timestamp) {
        let door = visitor.door(house);
        let leaf = visitor.leaf();
        let advice = match self {
            Refused::Stranger(_) => {
                house.port.book.note(leaf, visitor.came.from.ip(), door, now);
                advice(leaf, door, house)
            }
            Refused::Denied | Refused::Elsewhere | Refused::NotShared | Refused::Expired | Refused::Full(_) => {
                String::new()
            }
        };
        house.quiet.line(|| {
            let subject = pki::facts(leaf).map(|facts| facts.subject).unwrap_or_default();
            let [subject, why] = [subject, self.to_string()].map(|text| text.chars().take(LONGEST).collect::<String>());
            let (peer, fingerprint) = (visitor.came.from, Fingerprint::of(leaf));
            tracing::warn!(%peer, %fingerprint, subject, "a client is not served: {why}{advice}");
        });
    }
}

fn advice(leaf: &[u8], door: Option<Uuid>, house: &House) -> String {
    let rules = house.rules.now(house.port.engine.registry());
    let adapter = door.and_then(|door| rules.adapter_name(door)).unwrap_or("NAME");
    format!("; to allow it: keystead door allow {} --adapter {adapter}", Fingerprint::of(leaf))
}
