//! The command line as it is typed.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

/// What an operator may have to do for the first time when it matters: its help has an example.
#[test]
fn what_an_operator_does_has_an_example() {
    let verbs = "init, unseal, master-key change, master-key show, key list, key destroy, key restore, key reactivate, key impact, \
                 key orphans, key quarantine, key release, rootkey rotate, rootkey rotation, rootkey versions, rootkey retire, \
                 rootkey unretire, rootkey impact, rootkey disable, rootkey enable, rootkey delete, rootkey restore, rootkey purge, \
                 rootkey erase, destruction list, destruction show, destruction verify, destruction public-key, recovery create, \
                 recovery show, recovery check, backup create, backup list, backup status, backup fetch, backup verify, \
                 backup restore, audit list, audit tail, audit verify, audit head, audit public-key, health, plan, config check, \
                 config example";
    for verb in verbs.split(", ") {
        let mut command = &mut Cli::command();
        for word in verb.split(' ') {
            command = command.find_subcommand_mut(word).unwrap();
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains(&format!("keystead {verb}")), "{verb}: {help}");
    }
}

/// Every verb, and everything that a verb takes.
const LINES: &[&str] = &[
    "serve",
    "serve --data /d --config /c.toml --name kms.example.com --name kms --kmip-listen 0.0.0.0:5696 --admin-listen 127.0.0.1:8443",
    "adapter create dc1 --description two --root-key main",
    "adapter list --json",
    "adapter show dc1",
    "adapter remove dc1 --yes",
    "cert add vcenter.pem --adapter dc1 --name vc",
    "cert add - --adapter dc1",
    "cert add a.pem b.pem --name vc",
    "cert add-ca ca.pem --adapter dc1 --subject CN=vcenter* --subject O=Example --name ca",
    "cert add-ca ca.pem --any-subject",
    "cert deny vc.pem --adapter dc1 --name no",
    "cert deny aabbccdd",
    "door list",
    "door allow AA:BB:CC:DD --adapter dc1 --name vc",
    "door forget aabbccdd",
    "door refusals",
    "adapter door dc1",
    "adapter door dc1 --port 5697 --name kms1.example.com --shared no --expired refuse --user u --password-file p",
    "adapter door dc1 --no-port --no-name --shared yes --expired serve --no-password",
    "trust certificate",
    "trust certificate vc.pem --adapter dc1 --name vc --watch --timeout 5",
    "trust root-ca ca.pem --subject CN=vcenter*",
    "trust root-ca - --any-subject",
    "trust issue",
    "trust issue --adapter dc1 --name vc --out certs --force",
    "trust csr vc.csr --out vc.crt --force --name vc",
    "trust watch --adapter dc1 --since now --timeout 5",
    "cert list --adapter dc1",
    "cert list",
    "cert show vc --adapter dc1",
    "cert remove vc --adapter dc1 -y",
    "client issue --adapter dc1 --name vc --out /tmp",
    "client issue --name vc --out . --force",
    "client sign --adapter dc1 --name vc --csr vc.csr --out vc.crt",
    "tls show",
    "tls show --pem --json",
    "tls renew",
    "tls request",
    "tls request --ecdsa --out kms.csr --force",
    "tls stage chain.pem",
    "tls stage - --key kms.key",
    "tls activate --yes",
    "tls unstage",
    "alarm list --instance i",
    "key list --adapter dc1",
    "key show 0198 --adapter dc1",
    "key destroy 0198 --adapter dc1 --force --yes",
    "rootkey create main --description d --import k.b64",
    "rootkey create main --ring r --alias a --alias b --tag t --expires 2030-01-31 --rotate-every 3 --dual-auth",
    "rootkey create main --import k --encrypted-nonce bm9uY2U= --iv aXY= --algorithm RSAES_OAEP_SHA_256",
    "rootkey list",
    "rootkey list --ring r --search word --deleted",
    "rootkey show main",
    "rootkey rotate main",
    "rootkey rotate main --import -",
    "rootkey rotate main --payload-file new.b64 --no-wait",
    "rootkey rotation main",
    "rootkey retire main 1 --yes",
    "rootkey unretire main 1",
    "rootkey impact main",
    "rootkey disable main --dry-run",
    "rootkey delete main --dry-run",
    "key impact vmware_kmip_0198",
    "rootkey versions main",
    "rootkey enable main",
    "rootkey disable main --yes",
    "rootkey delete main --force --yes",
    "rootkey restore main",
    "rootkey purge main --yes",
    "rootkey set-for-deletion main",
    "rootkey unset-for-deletion main",
    "rootkey move main r",
    "rootkey alias add main a",
    "rootkey alias remove main a",
    "rootkey wrap main - --base64 --aad one --aad two --out w --force",
    "rootkey wrap main --new data.key",
    "rootkey unwrap main w --aad one --base64",
    "rootkey unwrap main - --out p --force",
    "rootkey rewrap main w --out x",
    "rootkey policy show main",
    "rootkey policy rotation main --every 3",
    "rootkey policy rotation main --off",
    "rootkey policy dual-auth main --yes",
    "rootkey registrations",
    "rootkey registrations main",
    "rootkey sync main",
    "standardkey create k --ring r --dual-auth",
    "standardkey import k file --base64 --tag t",
    "standardkey list --search vmware_kmip_",
    "standardkey show k",
    "standardkey payload k --base64",
    "standardkey payload k --out f --force",
    "standardkey delete k -y",
    "standardkey restore k",
    "standardkey purge k -y",
    "standardkey alias add k a",
    "standardkey move k r",
    "standardkey policy show k",
    "standardkey policy dual-auth k --yes",
    "ring list",
    "ring create r",
    "ring delete r --force --yes",
    "import-token create --expires-in 300 --retrievals 2",
    "import-token show --key-out k.pem --force",
    "instance list",
    "instance create prod",
    "instance show prod",
    "instance rename prod test",
    "instance metrics --instance prod",
    "instance delete prod --yes",
    "instance policy list --instance prod",
    "instance policy port",
    "instance policy set dual-auth-delete on",
    "instance policy set allowed-network private-only --yes",
    "instance policy set allowed-ip 192.0.2.1 2001:db8::/32 --yes",
    "instance policy set allowed-ip --off",
    "instance policy set key-create-import-access --create-root-key false --enforce-token true",
    "instance policy set key-create-import-access --off",
    "instance policy set metrics off",
    "instance policy set rotation --every 12",
    "instance policy set rotation --off",
    "serviceid list",
    "serviceid create ci --description d",
    "serviceid show ci",
    "serviceid delete ci --yes",
    "apikey list ci",
    "apikey create ci laptop --description d --expires 2030-01-31",
    "apikey revoke ci laptop --yes",
    "access list ci",
    "access grant ci Reader Viewer --ring r",
    "access grant ci Manager --all-instances",
    "access revoke ci 0198 --yes",
    "authorization list",
    "authorization create other Viewer --instance prod",
    "authorization delete 0198 --yes",
    "role list",
    "role show Manager",
    "--instance prod adapter delete dc1 --force --yes",
    "doctor kms1 kms2:5697 --load 0 --parallel 64",
    "doctor kms1 --cert c --key k --user vcenter --password-file p",
    "doctor kms:5696 --cert c --key k --ca ca --keep --timeout 5",
    "doctor kms",
    "plan --vsan-clusters 3 --vsphere-clusters 2 --vms 1200 --rekeys-per-year 2 --years 5",
    "config check",
    "config check /c.toml --data /d",
    "completion bash",
    "--data /d --json rootkey list",
];

#[test]
fn every_verb_can_be_typed() {
    for line in LINES {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn wrong_usage_is_told_from_a_wish_to_know() {
    let cases = [
        ("", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, 2),
        ("frobnicate", ErrorKind::InvalidSubcommand, 2),
        ("adapter create", ErrorKind::MissingRequiredArgument, 2),
        ("adapter list --jsn", ErrorKind::UnknownArgument, 2),
        ("client issue --name vc", ErrorKind::MissingRequiredArgument, 2),
        ("doctor kms --cert c", ErrorKind::MissingRequiredArgument, 2),
        ("cert add-ca ca.pem", ErrorKind::MissingRequiredArgument, 2),
        ("cert add-ca ca.pem --subject CN=a --any-subject", ErrorKind::ArgumentConflict, 2),
        ("adapter door dc1 --port 1 --no-port", ErrorKind::ArgumentConflict, 2),
        ("adapter door dc1 --port 0", ErrorKind::ValueValidation, 2),
        ("adapter door dc1 --shared maybe", ErrorKind::ValueValidation, 2),
        ("adapter door dc1 --user u", ErrorKind::MissingRequiredArgument, 2),
        ("adapter door dc1 --password-file p", ErrorKind::MissingRequiredArgument, 2),
        ("trust certificate vc.pem --timeout 5", ErrorKind::MissingRequiredArgument, 2),
        ("trust watch --since yesterday", ErrorKind::InvalidValue, 2),
        ("doctor kms --timeout 0", ErrorKind::ValueValidation, 2),
        ("completion cmd.exe", ErrorKind::InvalidValue, 2),
        ("rootkey create main --iv aXY=", ErrorKind::MissingRequiredArgument, 2),
        ("rootkey create main --encrypted-nonce bg== --iv aXY=", ErrorKind::MissingRequiredArgument, 2),
        ("rootkey create main --rotate-every 13", ErrorKind::ValueValidation, 2),
        ("rootkey wrap main", ErrorKind::MissingRequiredArgument, 2),
        ("rootkey wrap main f --new g", ErrorKind::ArgumentConflict, 2),
        ("rootkey policy rotation main", ErrorKind::MissingRequiredArgument, 2),
        ("rootkey policy rotation main --every 3 --off", ErrorKind::ArgumentConflict, 2),
        ("import-token create --retrievals 0", ErrorKind::ValueValidation, 2),
        ("instance policy set allowed-ip 192.0.2.1 --off", ErrorKind::ArgumentConflict, 2),
        ("instance policy set metrics maybe", ErrorKind::InvalidValue, 2),
        ("instance policy set rotation", ErrorKind::MissingRequiredArgument, 2),
        ("access grant ci", ErrorKind::MissingRequiredArgument, 2),
        ("access grant ci Reader --all-instances --ring r", ErrorKind::ArgumentConflict, 2),
        ("--help", ErrorKind::DisplayHelp, 0),
        ("key destroy --help", ErrorKind::DisplayHelp, 0),
        ("--version", ErrorKind::DisplayVersion, 0),
    ];
    for (line, kind, code) in cases {
        let error = parse(line).unwrap_err();
        assert_eq!((error.kind(), error.exit_code()), (kind, code), "{line}");
    }
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("keystead").chain(line.split_whitespace()))
}

/// A newcomer reads the help: every verb, and everything that a verb takes, says what it is.
#[test]
fn everything_says_what_it_is() {
    let mut command = Cli::command();
    command.build();
    let mut waiting = vec![&command];
    while let Some(command) = waiting.pop() {
        assert!(command.get_about().is_some(), "{command}");
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{command}: {argument}");
        }
        waiting.extend(command.get_subcommands());
    }
}
