//! The command line as it is typed.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_verb_can_be_typed() {
    let lines = [
        "serve",
        "serve --data /d --config /c.toml --name kms.example.com --name kms --kmip-listen 0.0.0.0:5696 --admin-listen 127.0.0.1:8443",
        "adapter create dc1 --description two --root-key main",
        "adapter list --json",
        "adapter show dc1",
        "adapter remove dc1 --yes",
        "cert add vcenter.pem --adapter dc1 --name vc",
        "cert add - --adapter dc1",
        "cert list --adapter dc1",
        "cert list",
        "cert show vc --adapter dc1",
        "cert remove vc --adapter dc1 -y",
        "client issue --adapter dc1 --name vc --out /tmp",
        "client issue --name vc --out . --force",
        "client sign --adapter dc1 --name vc --csr vc.csr --out vc.crt",
        "key list --adapter dc1",
        "key show 0198 --adapter dc1",
        "key destroy 0198 --adapter dc1 --force --yes",
        "rootkey create main --description d --import k.b64",
        "rootkey list",
        "rootkey show main",
        "rootkey rotate main",
        "rootkey rotate main --import -",
        "rootkey enable main",
        "rootkey disable main --yes",
        "rootkey delete main --force --yes",
        "rootkey restore main",
        "doctor kms:5696 --cert c --key k --ca ca --keep --timeout 5",
        "doctor kms",
        "config check",
        "config check /c.toml --data /d",
        "completion bash",
        "--data /d --json rootkey list",
    ];
    for line in lines {
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
        ("doctor kms --timeout 0", ErrorKind::ValueValidation, 2),
        ("completion cmd.exe", ErrorKind::InvalidValue, 2),
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
