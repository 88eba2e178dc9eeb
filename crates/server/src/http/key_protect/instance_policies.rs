//! Policies of an instance, and the port that its allowed addresses come to.

use axum::extract::State;
use keymanager::{Action, CreateImportAccess, Network, Rule};

use super::request;
use crate::api::key_protect::{
    AllowedIpPort, InstancePolicy, NewInstancePolicy, PolicyAttributes, PolicyData, PolicyType, Request,
};
use crate::api::{Collection, Resource, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::query::Parameters;
use crate::http::routes::Routes;

const PRIVATE_ONLY: &str = "private-only";
const PUBLIC_AND_PRIVATE: &str = "public-and-private";

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .instance(Action::ReadInstancePolicies, "Instance policies could not be retrieved", __path_list, list)
        .instance(Action::WriteInstancePolicies, "Instance policy could not be created", __path_set, set)
        .instance(Action::ReadAllowedIpPort, "Allowed IP port could not be retrieved", __path_port, port)
}

/// List the instance's policies
#[utoipa::path(
    get,
    path = "/api/v2/instance/policies",
    tag = "Instance policies",
    params(("policy" = Option<String>, Query, description = "One type only")),
    responses((status = 200, body = Collection<InstancePolicy>, content_type = InstancePolicy::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>, query: Parameters) -> Answer {
    let wanted = wanted(&query)?;
    let policies = app.keys.instance_policies(&caller).await?.into_iter().map(shown);
    let policies = policies.filter(|policy| wanted.is_none_or(|wanted| wanted == policy.policy_type));
    Ok(Reply::all(policies.collect()))
}

/// Set policies of the instance
#[utoipa::path(
    put,
    path = "/api/v2/instance/policies",
    tag = "Instance policies",
    params(("policy" = Option<String>, Query, description = "The type of the one policy in the body")),
    request_body(content = Request<NewInstancePolicy>, content_type = "application/vnd.ibm.kms.policy+json"),
    responses((status = 204, description = "They are set"))
)]
async fn set(
    caller: Caller,
    State(app): State<Shared>,
    query: Parameters,
    Body(body): Body<Request<NewInstancePolicy>>,
) -> Answer {
    let policies = match wanted(&query)? {
        None => request::all(body)?,
        Some(wanted) => {
            let policy = request::one(body)?;
            if policy.policy_type != wanted {
                let message = "the body holds another policy than `policy` says";
                return Err(Error::bad_request("BODY_QUERY_PARAM_MISMATCH_ERR", message));
            }
            vec![policy]
        }
    };
    if policies.is_empty() {
        return Err(Error::bad_request("NUM_COLLECTION_RESOURCE_ERR", "`resources` takes one policy or more"));
    }
    let types: Vec<PolicyType> = policies.iter().map(|policy| policy.policy_type).collect();
    if types.iter().enumerate().any(|(at, one)| types.iter().skip(at + 1).any(|other| other == one)) {
        return Err(Error::bad_request("BAD_BODY_ERR", "a policy can be set once in a request"));
    }
    let policies: Result<Vec<_>, Error> = policies.into_iter().map(rule).collect();
    app.keys.set_instance_policies(&caller, policies?).await?;
    Ok(Reply::no_content())
}

/// The port for requests from allowed addresses
#[utoipa::path(
    get,
    path = "/api/v2/instance/allowed_ip_port",
    tag = "Instance policies",
    responses((status = 200, body = Collection<AllowedIpPort>, content_type = AllowedIpPort::TYPE))
)]
async fn port(caller: Caller, State(app): State<Shared>) -> Answer {
    let policies = app.keys.instance_policies(&caller).await?;
    let allotted = policies.iter().any(|policy| policy.enabled && matches!(policy.rule, Rule::AllowedIp(_)));
    Ok(Reply::all(if allotted { vec![AllowedIpPort { private_endpoint_port: app.port }] } else { Vec::new() }))
}

fn wanted(query: &Parameters) -> Result<Option<PolicyType>, Error> {
    let Some(text) = query.text("policy") else { return Ok(None) };
    let known = PolicyType::ALL.into_iter().find(|(_, name)| *name == text);
    known.map(|(kind, _)| Some(kind)).ok_or_else(|| {
        let names = PolicyType::ALL.map(|(_, name)| name).join(", ");
        Error::query("policy", format!("`policy` is one of {names}"))
    })
}

/// What the key manager is asked for. Which attributes a type has, and when it needs them, is said here.
fn rule(policy: NewInstancePolicy) -> Result<keymanager::NewInstancePolicy, Error> {
    let PolicyData { enabled, attributes } = policy.policy_data;
    let kind = policy.policy_type;
    let has_attributes = !matches!(kind, PolicyType::DualAuthDelete | PolicyType::Metrics);
    let needed = has_attributes && (enabled || kind == PolicyType::AllowedNetwork);
    let attributes = match (attributes, needed) {
        (None, true) => return Err(Error::field("attributes", "`attributes` is needed here")),
        (Some(given), false) if given != PolicyAttributes::default() => {
            return Err(Error::field("attributes", "`attributes` can't be given here"));
        }
        (given, _) => given.unwrap_or_default(),
    };
    Ok(keymanager::NewInstancePolicy { rule: said(kind, enabled, attributes)?, enabled })
}

fn said(kind: PolicyType, enabled: bool, attributes: PolicyAttributes) -> Result<Rule, Error> {
    let PolicyAttributes {
        allowed_network,
        allowed_ip,
        create_root_key,
        create_standard_key,
        import_root_key,
        import_standard_key,
        enforce_token,
        interval_month,
    } = attributes;
    let access = [create_root_key, create_standard_key, import_root_key, import_standard_key, enforce_token];
    let others = [
        (PolicyType::AllowedNetwork, allowed_network.is_some()),
        (PolicyType::AllowedIp, allowed_ip.is_some()),
        (PolicyType::KeyCreateImportAccess, access.iter().any(Option::is_some)),
        (PolicyType::Rotation, interval_month.is_some()),
    ];
    if others.into_iter().any(|(of, given)| given && of != kind) {
        return Err(Error::field("attributes", "`attributes` has one that belongs to another policy"));
    }
    Ok(match kind {
        PolicyType::DualAuthDelete => Rule::DualAuthDelete,
        PolicyType::Metrics => Rule::Metrics,
        PolicyType::AllowedNetwork => Rule::AllowedNetwork { private_only: private_only(allowed_network.as_deref())? },
        PolicyType::AllowedIp => Rule::AllowedIp(
            allowed_ip.unwrap_or_default().iter().map(|text| text.parse()).collect::<Result<_, keymanager::Error>>()?,
        ),
        PolicyType::KeyCreateImportAccess => Rule::KeyCreateImportAccess(CreateImportAccess {
            create_root_key: create_root_key.unwrap_or(true),
            create_standard_key: create_standard_key.unwrap_or(true),
            import_root_key: import_root_key.unwrap_or(true),
            import_standard_key: import_standard_key.unwrap_or(true),
            enforce_token: enforce_token.unwrap_or(false),
        }),
        PolicyType::Rotation if enabled && interval_month.is_none() => {
            return Err(Error::field("interval_month", "`interval_month` is needed: 1 to 12"));
        }
        PolicyType::Rotation => Rule::Rotation { interval_month },
    })
}

fn private_only(allowed_network: Option<&str>) -> Result<bool, Error> {
    match allowed_network {
        Some(PRIVATE_ONLY) => Ok(true),
        Some(PUBLIC_AND_PRIVATE) => Ok(false),
        Some(_) | None => {
            let message = format!("`allowed_network` is `{PUBLIC_AND_PRIVATE}` or `{PRIVATE_ONLY}`");
            Err(Error::field("allowed_network", message))
        }
    }
}

fn shown(policy: keymanager::InstancePolicy) -> InstancePolicy {
    let (policy_type, attributes) = match policy.rule {
        Rule::DualAuthDelete => (PolicyType::DualAuthDelete, None),
        Rule::Metrics => (PolicyType::Metrics, None),
        Rule::AllowedNetwork { private_only } => {
            let allowed_network = if private_only { PRIVATE_ONLY } else { PUBLIC_AND_PRIVATE };
            let attributes =
                PolicyAttributes { allowed_network: Some(allowed_network.to_owned()), ..PolicyAttributes::default() };
            (PolicyType::AllowedNetwork, Some(attributes))
        }
        Rule::AllowedIp(networks) => {
            let allowed_ip = Some(networks.iter().map(block).collect());
            let attributes = PolicyAttributes { allowed_ip, ..PolicyAttributes::default() };
            (PolicyType::AllowedIp, Some(attributes))
        }
        Rule::KeyCreateImportAccess(access) => (PolicyType::KeyCreateImportAccess, Some(accesses(access))),
        Rule::Rotation { interval_month } => {
            let attributes = PolicyAttributes { interval_month, ..PolicyAttributes::default() };
            (PolicyType::Rotation, interval_month.map(|_| attributes))
        }
    };
    InstancePolicy {
        policy_type,
        policy_data: PolicyData { enabled: policy.enabled, attributes },
        creation_date: rfc3339(policy.created.seconds()),
        created_by: policy.created_by,
        last_updated: rfc3339(policy.updated.seconds()),
        updated_by: policy.updated_by,
    }
}

fn accesses(access: CreateImportAccess) -> PolicyAttributes {
    PolicyAttributes {
        create_root_key: Some(access.create_root_key),
        create_standard_key: Some(access.create_standard_key),
        import_root_key: Some(access.import_root_key),
        import_standard_key: Some(access.import_standard_key),
        enforce_token: Some(access.enforce_token),
        ..PolicyAttributes::default()
    }
}

fn block(network: &Network) -> String {
    let whole = if network.address.is_ipv4() { 32 } else { 128 };
    if network.prefix == whole {
        network.address.to_string()
    } else {
        format!("{}/{}", network.address, network.prefix)
    }
}
