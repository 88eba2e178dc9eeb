//! `keystead rootkey`: the keys under which adapters seal theirs, and under which anything else can be wrapped.

mod cipher;
mod policy;
mod rotation;

use super::confirm::Consent;
use super::impact::{self, DryRun};
use super::keys::{self, Found, Material, Name, Options, Policies, Sort, Wish, find};
use super::output::Column;
use super::{Api, Failure, Output};
use crate::api::key_protect::{Registration, Rotate};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make a root key, or import one
    #[command(after_help = UNDER_A_TOKEN)]
    Create {
        /// Its name: 1 to 90 characters
        name: String,
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        material: Material,
        /// Rotate it by itself every so many months of 30 days, whatever the instance's policies say
        #[arg(long, value_name = "MONTHS", value_parser = clap::value_parser!(u32).range(1..=12))]
        rotate_every: Option<u32>,
        /// Ask for two people when it is deleted, whatever the instance's policies say
        #[arg(long)]
        dual_auth: bool,
    },
    #[command(flatten)]
    Common(keys::Verb),
    /// Give a root key a new version, and wrap the keys of its adapters anew; no client notices
    #[command(after_help = ROTATE)]
    Rotate {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        material: Material,
        /// Don't look on while the keys of adapters are wrapped anew; the server does it all the same
        #[arg(long)]
        no_wait: bool,
    },
    /// Show how far the newest rotation of a root key has come
    #[command(after_help = ROTATION)]
    Rotation(Name),
    /// List the versions of a root key, the newest first, with how many adapters are still under each
    #[command(
        after_help = "Example: keystead rootkey versions main\n\nTo end one that no adapter is under: keystead rootkey retire main 1"
    )]
    Versions(Name),
    /// Retire an older version of a root key: it unwraps no more, and its material is erased after 30 days
    #[command(after_help = RETIRE)]
    Retire {
        #[command(flatten)]
        name: Name,
        /// The version's number or identifier, as `rootkey versions` lists them
        #[arg(value_name = "VERSION")]
        which: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Take the retirement of a version back: it unwraps again
    #[command(
        after_help = "Example: keystead rootkey unretire main 1\n\nIt counts for 30 days: keystead rootkey versions main"
    )]
    Unretire {
        #[command(flatten)]
        name: Name,
        /// The version's number or identifier
        #[arg(value_name = "VERSION")]
        which: String,
    },
    /// Show what would stop if a root key were disabled or deleted: adapters, keys, virtual machines, hosts
    #[command(after_help = IMPACT)]
    Impact(Name),
    /// Make a disabled root key usable again
    #[command(after_help = "Example: keystead rootkey enable main\n\n30 seconds after it was disabled, or later.")]
    Enable(Name),
    /// Suspend a root key: the keys of its adapters can't be read until it is enabled again
    #[command(after_help = DISABLE)]
    Disable {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Wrap up to 4096 bytes under a root key: nothing but that root key unwraps them
    #[command(after_help = cipher::WRAP_EXAMPLES, override_usage = cipher::WRAP_USAGE)]
    Wrap(cipher::Wrapping),
    /// Unwrap what was wrapped under a root key
    Unwrap(cipher::Unwrapping),
    /// Wrap again, under the newest version, what was wrapped under a root key
    Rewrap(cipher::Rewrapping),
    /// Policies of a root key: when it rotates by itself, and how many people its deletion takes
    #[command(subcommand)]
    Policy(policy::Verb),
    /// List what seals under a root key, or under any
    Registrations {
        /// Name, alias or identifier [default: all root keys]
        #[arg(value_name = "NAME|ID")]
        key: Option<String>,
    },
    /// Have all that seals under a root key told of its state and newest version; at most once an hour
    Sync(Name),
}

const ROTATION: &str = "Example: keystead rootkey rotation main

The rotation is the server's, and goes on after a restart too; `failed` is tried again each minute, and stops nothing. When it is
finished, older versions can be retired: keystead rootkey versions main";

const IMPACT: &str = "Example: keystead rootkey impact main

It only looks. To stop all of that for now: keystead rootkey disable main; for good: keystead rootkey delete main --force";

const DISABLE: &str = "Examples:
  keystead rootkey disable main --dry-run    what would stop, and nothing is done
  keystead rootkey disable main              what would stop; then it is asked, and done at once, on open connections too

Hosts keep the keys that they have in memory until they restart. Back again, 30 seconds later or at any time after:
keystead rootkey enable main";

const UNDER_A_TOKEN: &str =
    "To import key material that nobody on the way can read, get the instance's public key and nonce
(keystead import-token create, then show), encrypt the material under the key (RSA-OAEP) and the nonce
under the material (AES-GCM), and give the results: --import FILE --encrypted-nonce BASE64 --iv BASE64.
`ibmcloud kp import-token key-encrypt` and `nonce-encrypt` do the same for IBM Key Protect.";

const ROTATE: &str = "Example: keystead rootkey rotate main
A root key that was imported is rotated to material that you bring: keystead rootkey rotate main --import new.b64
To bring it along unread, under an import token: see `keystead rootkey create --help`.
Once an hour at most. How far it has come: keystead rootkey rotation main";

const RETIRE: &str = "Example: keystead rootkey retire main 1
What anybody wrapped under it over the API (`rootkey wrap`) can't be unwrapped any more: have that wrapped again first (`rootkey rewrap`).
Back again, within 30 days: keystead rootkey unretire main 1.
Refused for the newest version, and while the keys of adapters are under it (`keystead rootkey versions` says how many).";

const REGISTRATIONS: [Column<Registration>; 5] = [
    Column("Root key", |registration| registration.key_name.clone()),
    Column("Used by", |registration| registration.description.clone()),
    Column("CRN", |registration| registration.resource_crn.clone()),
    Column("Under version", |registration| registration.key_version.id.clone()),
    Column("Since", |registration| registration.creation_date.clone()),
];

pub(super) async fn run(verb: Verb, api: Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Create { name, options, material, rotate_every, dual_auth } => {
            let policies = Policies { rotate_every, dual_auth };
            keys::create(Sort::Root, name, options, policies, material.read()?, api, output).await
        }
        Verb::Common(verb) => keys::run(Sort::Root, verb, api, output).await,
        Verb::Rotate { name, material, no_wait } => rotate(&name, material, no_wait, &api, output).await,
        Verb::Rotation(name) => rotation::show(&api, &name.key, output).await,
        Verb::Versions(name) => rotation::versions(&api, &name.key, output).await,
        Verb::Retire { name, which, consent } => rotation::retire(&api, (&name.key, &which), consent, output).await,
        Verb::Unretire { name, which } => rotation::unretire(&api, (&name.key, &which), output).await,
        Verb::Impact(name) => {
            let key = find(&api, Sort::Root, &name.key, Wish::Live).await?;
            impact::show(&api.own(), &key.id, output).await
        }
        Verb::Enable(name) => keys::act(Sort::Root, &name, "enable", "is enabled", &api, output).await,
        Verb::Sync(name) => {
            keys::act(Sort::Root, &name, "sync", "was told to all that seals under it", &api, output).await
        }
        Verb::Disable { name, consent, dry } => {
            let key = find(&api, Sort::Root, &name.key, Wish::Live).await?;
            if !impact::preview(&api.own(), &key.id, (dry, consent), output).await? {
                return Ok(());
            }
            consent.obtain(&format!(
                "The keys of every adapter under root key {key} will be unreadable until it is enabled again."
            ))?;
            keys::act(Sort::Root, &Name { key: key.id }, "disable", "is disabled", &api, output).await
        }
        Verb::Wrap(args) => args.run(&api, output).await,
        Verb::Unwrap(args) => args.run(&api, output).await,
        Verb::Rewrap(args) => args.run(&api, output).await,
        Verb::Policy(verb) => policy::run(verb, &api, output).await,
        Verb::Registrations { key } => registrations(key.as_deref(), &api, output).await,
    }
}

async fn rotate(name: &Name, material: Material, no_wait: bool, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let brought = material.read()?;
    let body = Rotate {
        payload: brought.payload,
        encryption_algorithm: brought.encryption_algorithm,
        encrypted_nonce: brought.encrypted_nonce,
        iv: brought.iv,
    };
    let key = find(api, Sort::Root, &name.key, Wish::Live).await?;
    api.act(&["keys", &key.id, "actions", "rotate"], Some(&body)).await?;
    // It is done; how many versions there are now is only told to people.
    let count = if output.is_json() { None } else { keys::versions(api, &key.id).await.ok().flatten() };
    let version = count.map_or_else(|| "a new version".to_owned(), |count| format!("version {count}"));
    let followed = if no_wait { None } else { rotation::follow(api, &key).await? };
    let outcome = followed.filter(|rotation| rotation.total > 0).map(|rotation| rotation::outcome(&key, &rotation));
    let outcome = outcome.transpose()?.map_or_else(String::new, |outcome| format!(" {outcome}"));
    keys::tell(&key, &format!("Root key {} has {version} now.{outcome}", key.name), api, output).await
}

async fn registrations(name: Option<&str>, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let registrations: Vec<_> = match name {
        None => api.all(&["keys", "registrations"], &[]).await?,
        Some(name) => {
            let key = find(api, Sort::Root, name, Wish::Live).await?;
            api.all(&["keys", &key.id, "registrations"], &[]).await?
        }
    };
    output.list(&registrations, &REGISTRATIONS, "Nothing is registered.")
}
