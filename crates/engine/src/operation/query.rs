//! Query: what the server can do (KMIP 1.4, 4.25).

use kmip::enums::{ClientRegistrationMethod, ObjectType, Operation as Code, QueryFunction};
use kmip::payload::{CapabilityInformation, QueryRequest, QueryResponse, SERVER_VERSION};
use kmip::{Value, Version};

use super::{Operation, offered};
use crate::error::{Failure, Refusal};
use crate::policy::Permission;
use crate::scope::Scope;

/// What clients show of the server.
const VENDOR: &str = "Keystead";

pub(crate) struct Query;

impl Operation for Query {
    const CODE: Code = Code::Query;
    const NEEDS: Permission = Permission::Get;
    type Request = QueryRequest;
    type Response = QueryResponse;

    async fn run(request: QueryRequest, scope: &mut Scope<'_>) -> Result<QueryResponse, Failure> {
        if request.query_functions.is_empty() {
            return Err(Refusal::Missing("Query Function").into());
        }
        let mut response = QueryResponse::default();
        request.query_functions.iter().for_each(|function| answer(&mut response, *function, scope.version()));
        Ok(response)
    }
}

/// A function that is not known, or asks for what is not offered, is answered with nothing.
fn answer(response: &mut QueryResponse, function: QueryFunction, version: Version) {
    match function {
        QueryFunction::QueryOperations => response.operations = offered(version),
        QueryFunction::QueryObjects => {
            response.object_types = vec![ObjectType::SymmetricKey, ObjectType::SecretData, ObjectType::OpaqueObject];
        }
        QueryFunction::QueryServerInformation => {
            response.vendor_identification = Some(VENDOR.to_owned());
            let version = Value::TextString(env!("CARGO_PKG_VERSION").to_owned());
            response.server_information = Some(Value::Structure(vec![(SERVER_VERSION, version)]));
        }
        QueryFunction::QueryCapabilities => response.capability_information = vec![capabilities()],
        QueryFunction::QueryClientRegistrationMethods => {
            response.client_registration_methods = vec![ClientRegistrationMethod::ClientRegistered];
        }
        QueryFunction::QueryApplicationNamespaces
        | QueryFunction::QueryExtensionList
        | QueryFunction::QueryExtensionMap
        | QueryFunction::QueryAttestationTypes
        | QueryFunction::QueryRNGs
        | QueryFunction::QueryValidations
        | QueryFunction::QueryProfiles
        | QueryFunction::Unknown(_) => {}
    }
}

fn capabilities() -> CapabilityInformation {
    CapabilityInformation {
        streaming: Some(false),
        asynchronous: Some(false),
        attestation: Some(false),
        batch_undo: Some(false),
        batch_continue: Some(true),
    }
}
