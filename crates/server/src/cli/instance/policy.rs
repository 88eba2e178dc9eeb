//! Policies of an instance.

use clap::ValueEnum;

use crate::api::Resource;
use crate::api::key_protect::{
    AllowedIpPort, InstancePolicy, NewInstancePolicy, PolicyAttributes, PolicyData, PolicyType, Request,
};
use crate::cli::confirm::Consent;
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// List the policies that were ever set
    List,
    /// Set a policy, or turn it off
    #[command(subcommand)]
    Set(Setting),
    /// Show the port that requests from allowed addresses come to
    Port,
}

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Setting {
    /// Whether keys that are made from now on need two people to be deleted
    DualAuthDelete {
        /// on or off
        switch: Switch,
    },
    /// From which networks the API may be used
    AllowedNetwork {
        /// Which networks
        network: Network,
        /// Have it count no longer
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// From which addresses the API may be used
    #[command(arg_required_else_help = true)]
    AllowedIp {
        /// Addresses, or blocks such as 192.0.2.0/24; all others are shut out
        #[arg(value_name = "ADDRESS", required_unless_present = "off", conflicts_with = "off")]
        addresses: Vec<String>,
        /// Let all addresses in
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Which keys may be made and imported
    #[command(arg_required_else_help = true)]
    KeyCreateImportAccess(Access),
    /// Whether metrics are served
    Metrics {
        /// on or off
        switch: Switch,
    },
    /// How often root keys that are made from now on rotate by themselves
    Rotation {
        #[command(flatten)]
        rotation: HowOften,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Switch {
    On,
    Off,
}

/// Which networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Network {
    PublicAndPrivate,
    PrivateOnly,
}

/// How often.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct HowOften {
    /// Every so many months of 30 days
    #[arg(long, value_name = "MONTHS", value_parser = clap::value_parser!(u32).range(1..=12))]
    every: Option<u32>,
    /// Not by themselves
    #[arg(long)]
    off: bool,
}

/// Which keys may be made. What is left out is allowed, but for the token, which is not asked for.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Access {
    /// Whether root keys may be made [default: true]
    #[arg(long, value_name = "BOOL", conflicts_with = "off")]
    create_root_key: Option<bool>,
    /// Whether standard keys may be made [default: true]
    #[arg(long, value_name = "BOOL", conflicts_with = "off")]
    create_standard_key: Option<bool>,
    /// Whether root keys may be imported [default: true]
    #[arg(long, value_name = "BOOL", conflicts_with = "off")]
    import_root_key: Option<bool>,
    /// Whether standard keys may be imported [default: true]
    #[arg(long, value_name = "BOOL", conflicts_with = "off")]
    import_standard_key: Option<bool>,
    /// Whether keys may be imported under an import token only [default: false]
    #[arg(long, value_name = "BOOL", conflicts_with = "off")]
    enforce_token: Option<bool>,
    /// Have all keys made and imported
    #[arg(long)]
    off: bool,
}

const COLUMNS: [Column<InstancePolicy>; 4] = [
    Column("Policy", |policy| name(policy.policy_type).to_owned()),
    Column("Counts", |policy| if policy.policy_data.enabled { "yes" } else { "no" }.to_owned()),
    Column("Says", |policy| policy.policy_data.attributes.as_ref().map_or_else(String::new, said)),
    Column("Set", |policy| format!("{} by {}", policy.last_updated, policy.updated_by)),
];

const PORT: [Column<AllowedIpPort>; 1] = [Column("Port", |port| port.private_endpoint_port.to_string())];

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            output.list(&api.list(&["instance", "policies"]).await?, &COLUMNS, "The instance has no policies.")
        }
        Verb::Port => {
            let none = "There is none: the policy allowed-ip is not set.";
            output.list(&api.list(&["instance", "allowed_ip_port"]).await?, &PORT, none)
        }
        Verb::Set(setting) => {
            let policy = setting.policy()?;
            let kind = policy.policy_type;
            let does = if policy.policy_data.enabled { "counts from now on" } else { "does not count any more" };
            api.set(&["instance", "policies"], &Request::one(InstancePolicy::TYPE, policy)).await?;
            output.say(&format!("The policy {} {does}.", name(kind)))
        }
    }
}

impl Setting {
    /// What the API takes for it, once it was agreed to.
    fn policy(self) -> Result<NewInstancePolicy, Failure> {
        let none = PolicyAttributes::default();
        Ok(match self {
            Setting::DualAuthDelete { switch } => policy(PolicyType::DualAuthDelete, switch == Switch::On, None),
            Setting::Metrics { switch } => policy(PolicyType::Metrics, switch == Switch::On, None),
            Setting::AllowedNetwork { network, off, consent } => {
                let (allowed_network, shuts_out) = match network {
                    Network::PublicAndPrivate => ("public-and-private", false),
                    Network::PrivateOnly => ("private-only", true),
                };
                if shuts_out && !off {
                    consent.obtain("Requests from public networks will be refused.")?;
                }
                let attributes = PolicyAttributes { allowed_network: Some(allowed_network.to_owned()), ..none };
                policy(PolicyType::AllowedNetwork, !off, Some(attributes))
            }
            Setting::AllowedIp { off: true, .. } => policy(PolicyType::AllowedIp, false, None),
            Setting::AllowedIp { addresses, off: false, consent } => {
                consent
                    .obtain(&format!("Requests from all addresses but {} will be refused.", addresses.join(", ")))?;
                let attributes = PolicyAttributes { allowed_ip: Some(addresses), ..none };
                policy(PolicyType::AllowedIp, true, Some(attributes))
            }
            Setting::KeyCreateImportAccess(access) => access.policy(),
            Setting::Rotation { rotation: HowOften { every, off: _ } } => {
                let attributes = every.map(|months| PolicyAttributes { interval_month: Some(months), ..none });
                policy(PolicyType::Rotation, every.is_some(), attributes)
            }
        })
    }
}

impl Access {
    fn policy(self) -> NewInstancePolicy {
        let attributes = PolicyAttributes {
            create_root_key: self.create_root_key,
            create_standard_key: self.create_standard_key,
            import_root_key: self.import_root_key,
            import_standard_key: self.import_standard_key,
            enforce_token: self.enforce_token,
            ..PolicyAttributes::default()
        };
        policy(PolicyType::KeyCreateImportAccess, !self.off, Some(attributes).filter(|_| !self.off))
    }
}

fn policy(policy_type: PolicyType, enabled: bool, attributes: Option<PolicyAttributes>) -> NewInstancePolicy {
    NewInstancePolicy { policy_type, policy_data: PolicyData { enabled, attributes } }
}

/// What `set` calls a policy.
fn name(kind: PolicyType) -> &'static str {
    match kind {
        PolicyType::DualAuthDelete => "dual-auth-delete",
        PolicyType::AllowedNetwork => "allowed-network",
        PolicyType::AllowedIp => "allowed-ip",
        PolicyType::KeyCreateImportAccess => "key-create-import-access",
        PolicyType::Metrics => "metrics",
        PolicyType::Rotation => "rotation",
    }
}

fn said(attributes: &PolicyAttributes) -> String {
    let flag = |name: &str, value: Option<bool>| value.map(|value| format!("{name} {value}"));
    let parts = [
        attributes.allowed_network.clone(),
        attributes.allowed_ip.as_ref().map(|addresses| addresses.join(", ")),
        flag("create-root-key", attributes.create_root_key),
        flag("create-standard-key", attributes.create_standard_key),
        flag("import-root-key", attributes.import_root_key),
        flag("import-standard-key", attributes.import_standard_key),
        flag("enforce-token", attributes.enforce_token),
        attributes.interval_month.map(|months| format!("every {months} months")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
