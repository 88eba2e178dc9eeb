//! What the server can do: Discover Versions, Query.

use crate::enums::{AttestationType, ClientRegistrationMethod, ObjectType, Operation, QueryFunction};
use crate::message::ProtocolVersion;
use crate::{Value, tag};

structure! {
    /// Discover Versions' request and answer (KMIP 1.4, 4.26): the versions that the client, and then the server, speaks.
    pub struct DiscoverVersions {
        /// Versions, the preferred one first.
        repeated protocol_versions: ProtocolVersion = PROTOCOL_VERSION;
    }
}

structure! {
    /// Query's request (KMIP 1.4, 4.25).
    pub struct QueryRequest {
        /// What is asked.
        repeated query_functions: QueryFunction = QUERY_FUNCTION;
    }
}

structure! {
    /// Query's answer.
    #[derive(Default)]
    pub struct QueryResponse {
        /// Operations that are supported.
        repeated operations: Operation = OPERATION;
        /// Object types that are supported.
        repeated object_types: ObjectType = OBJECT_TYPE;
        /// Who made the server.
        optional vendor_identification: String = VENDOR_IDENTIFICATION;
        /// What the vendor wants to say of the server.
        optional server_information: Value = SERVER_INFORMATION, of Structure;
        /// Application namespaces for which the server makes application data.
        repeated application_namespaces: String = APPLICATION_NAMESPACE;
        /// Extensions of the protocol.
        repeated extension_information: Value = EXTENSION_INFORMATION, since V1_1;
        /// Ways to attest that are supported.
        repeated attestation_types: AttestationType = ATTESTATION_TYPE, since V1_2;
        /// Random number generators.
        repeated rng_parameters: Value = RNG_PARAMETERS, since V1_3;
        /// Profiles.
        repeated profile_information: Value = PROFILE_INFORMATION, since V1_3;
        /// Validations.
        repeated validation_information: Value = VALIDATION_INFORMATION, since V1_3;
        /// What the server can do beyond the operations.
        repeated capability_information: CapabilityInformation = CAPABILITY_INFORMATION, since V1_3;
        /// How clients are registered.
        repeated client_registration_methods: ClientRegistrationMethod = CLIENT_REGISTRATION_METHOD, since V1_3;
    }
}

structure! {
    /// What the server can do beyond the operations (KMIP 1.4, 2.1.22).
    #[derive(Clone, Default)]
    pub struct CapabilityInformation {
        /// Multi-part cryptographic operations.
        optional streaming: bool = STREAMING_CAPABILITY;
        /// Asynchronous operations.
        optional asynchronous: bool = ASYNCHRONOUS_CAPABILITY;
        /// Attestation.
        optional attestation: bool = ATTESTATION_CAPABILITY;
        /// The batch option Undo.
        optional batch_undo: bool = BATCH_UNDO_CAPABILITY, since V1_4;
        /// The batch option Continue.
        optional batch_continue: bool = BATCH_CONTINUE_CAPABILITY, since V1_4;
    }
}

/// The tag under which Query's answer names the server's version, in its own extension range.
pub const SERVER_VERSION: crate::Tag = crate::Tag(tag::Tag::EXTENSIONS.0 + 1);
