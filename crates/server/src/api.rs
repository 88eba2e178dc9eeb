//! What travels over the administration API: one type for each resource and each request, the same on both sides.
//!
//! The invariant of this room: **requests are strict, resources are open.** A request with a field that this version does not
//! know is refused by name, so that a misspelt option can't be ignored in silence; a resource may gain fields, so that an
//! older command line can talk to a newer server.

mod alarm;
mod audit;
mod backup;
mod certificate;
mod date;
mod destruction;
mod door;
mod envelope;
mod health;
mod identity;
mod impact;
mod key;
pub mod key_protect;
mod private;
mod rotation;
mod server_certificate;
mod trust;
mod usage;

pub use alarm::Alarm;
pub use audit::{AuditEvent, AuditHead, AuditKey, AuditSink};
pub use backup::{Backup, NewRecoveryKey, RecoveryKey, VerifiedBackup};
pub use certificate::{
    Certificate, CertificateFacts, IssueClient, IssuedClient, NewCertificate, SignCsr, SignedClient, Standing,
    WhenExpired,
};
pub use date::{moment, rfc3339};
pub use destruction::{Destruction, Erasure, SignedDocument, SigningKey};
pub use door::{AllowStranger, Door, NewCredential, NewDoor, RefusalCount, Stranger};
pub use envelope::{Collection, ErrorBody, ErrorResource, ErrorTarget, Metadata, Reason, Resource, SearchQuery};
pub use health::{Health, HealthPart, Status};
pub use identity::{
    ApiKey, Authorization, Grant, Instance, NewApiKey, NewAuthorization, NewGrant, NewInstance, NewServiceId, Role,
    ServiceId,
};
pub use impact::{Impact, ImpactAdapter, ImpactComponent, NamedKey, StateCount};
pub use key::{Attribute, Key, Reactivate};
pub use private::PrivateText;
pub use rotation::{RootKeyVersion, Rotation};
pub(crate) use rotation::{UNFINISHED, rotation_state};
pub use server_certificate::{NewServerRequest, ServerCertificate, ServerRequest, StageCertificate};
pub use trust::{SeenStep, ServerFingerprints, StepName, Trust, TrustStep};
pub use usage::{NewQuarantine, Quarantine, Then, Usage, Use};

/// The path under which every resource of this version lives.
pub const BASE: &str = "/api/v1";

/// The most bytes that a request body may have.
pub const BODY_LIMIT: usize = 1 << 20;

/// Echoed by the server, or made by it where the client sent none: what ties an answer to the log.
pub const CORRELATION_ID: &str = "correlation-id";
