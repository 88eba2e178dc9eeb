//! `keystead serviceid`, `apikey`, `access`, `authorization`, `role`.

use crate::running::{Outcome, Running};

/// Runs a command as somebody else, and holds it to its exit code and to something that it says.
fn check_as(server: &Running, api_key: &str, line: &str, code: i32, part: &str) -> Outcome {
    let outcome = server.run_with(line, &[("KEYSTEAD_API_KEY", api_key)], b"");
    assert_eq!(outcome.code, code, "{line}: {outcome:?}");
    assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(part), "{line}: no `{part}` in {outcome:?}");
    outcome
}

#[test]
fn a_service_id_may_do_what_it_was_granted() {
    let server = Running::start_without_waits();
    let cases = [
        ("serviceid list", 0, "administrator"),
        ("serviceid create ci --description builds", 0, "keystead apikey create ci NAME"),
        ("serviceid create ci", 1, "taken"),
        ("serviceid show ci", 0, "the installation"),
        ("serviceid show nobody", 1, "there is no service ID `nobody`"),
        ("access list ci", 0, "may do nothing"),
        ("apikey list ci", 0, "has no API keys"),
        ("access grant ci Viewer Reader", 0, "is Viewer, Reader on instance default now"),
        ("access grant ci Baker", 1, "there is no role `Baker`"),
        ("access grant ci Manager --key default", 2, "is not the identifier of a key"),
        ("access grant ci Manager --ring none", 1, "there is no key ring `none`"),
        ("apikey create ci laptop --expires 2020-01-31", 1, "past"),
        ("apikey create ci laptop --expires soon", 1, "such as"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    let secret = server.line("apikey create ci laptop --expires 2099-01-31");
    assert!(secret.starts_with("keystead_"), "the secret alone is on standard output");
    let listed = server.check("apikey list ci", 0, "2099-01-31T00:00:00Z").stdout;
    assert!(listed.contains("laptop") && !listed.contains(&secret), "it is shown once");

    check_as(&server, &secret, "rootkey list", 0, "default");
    check_as(&server, &secret, "instance list", 0, "default");
    check_as(&server, &secret, "role list", 0, "KmipAdapterManager");
    check_as(&server, &secret, "rootkey create mine", 1, "keystead access grant");
    check_as(&server, &secret, "serviceid list", 1, "keystead access grant");
    server.check("access grant ci Writer --ring default", 0, "on key ring default in instance default");
    check_as(&server, &secret, "rootkey create mine", 0, "was made");

    let grants = server.json("access list ci");
    let writer = grants.as_array().unwrap().iter().find(|grant| grant["roles"][0] == "Writer").unwrap();
    let revoke = format!("access revoke ci {}", writer["id"].as_str().unwrap());
    server.check(&revoke, 2, "--yes");
    server.check(&format!("{revoke} --yes"), 0, "has lost the roles");
    server.check(&format!("{revoke} --yes"), 1, "there is no grant");
    check_as(&server, &secret, "rootkey create another", 1, "keystead access grant");

    server.check("apikey revoke ci nothing --yes", 1, "no API key `nothing`");
    server.check("apikey revoke ci laptop", 2, "--yes");
    server.check("apikey revoke ci laptop --yes", 0, "is revoked");
    server.check("apikey revoke ci laptop --yes", 1, "not revoked yet");
    check_as(&server, &secret, "rootkey list", 1, "check the API key in KEYSTEAD_API_KEY");

    let made = server.json("apikey create ci script");
    let script = made["apikey"].as_str().unwrap();
    check_as(&server, script, "rootkey list", 0, "default");
    server.check("serviceid delete ci", 2, "--yes");
    server.check("serviceid delete ci --yes", 0, "was deleted");
    check_as(&server, script, "rootkey list", 1, "check the API key");
    server.check("serviceid delete administrator --yes", 1, "the caller's own");
}

#[test]
fn an_instance_has_administrators_of_its_own() {
    let server = Running::start_without_waits();
    let cases = [
        ("instance create prod", 0, "was made"),
        ("serviceid create team --instance prod", 0, "access grant team Viewer Reader --instance prod"),
        ("serviceid list --instance prod", 0, "instance prod"),
        ("serviceid list --instance default", 0, "There are no service IDs."),
        ("serviceid list", 0, "team"),
        ("access grant team Administrator Manager --instance prod", 0, "on instance prod now"),
        ("access grant administrator Reader --instance prod", 0, "Service ID administrator is Reader on instance prod"),
        ("access grant administrator Viewer --all-instances", 0, "on every instance now"),
        ("access list administrator", 0, "every instance"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    let team = server.line("apikey create team key --instance prod");
    let cases = [
        ("instance list", 0, "prod"),
        ("rootkey create main", 0, "was made"),
        ("serviceid create sub", 0, "was made"),
        ("access grant sub Reader", 0, "on instance prod now"),
        ("access grant sub Reader --instance default", 1, "there is no instance `default`"),
        ("access grant sub Reader --all-instances", 0, "on instance prod now"),
        ("serviceid show administrator", 1, "there is no service ID `administrator`"),
        ("instance create mine", 1, "keystead access grant"),
        ("instance rename prod production", 0, "is called production now"),
    ];
    for (line, code, part) in cases {
        check_as(&server, &team, line, code, part);
    }
    assert!(!check_as(&server, &team, "instance list", 0, "").stdout.contains("default"));
}

/// Who sees no instances by name can still name one by its identifier.
#[test]
fn without_the_role_viewer_an_instance_is_named_by_its_identifier() {
    let server = Running::start_without_waits();
    server.check("serviceid create ci", 0, "");
    server.check("access grant ci Reader", 0, "");
    let secret = server.line("apikey create ci key");
    let id = server.json("instance show default")["id"].as_str().unwrap().to_owned();
    check_as(&server, &secret, &format!("rootkey list --instance {id}"), 0, "default");
}

#[test]
fn authorizations_let_managers_of_one_instance_into_another() {
    let server = Running::start_without_waits();
    let cases = [
        ("instance create prod", 0, "was made"),
        ("authorization list", 0, "There are no authorizations."),
        ("authorization create prod Viewer", 0, "The managers of instance prod are Viewer in instance default now"),
        ("authorization create default Viewer --instance prod", 0, "in instance prod now"),
        ("authorization create default Viewer", 1, "the target itself"),
        ("authorization create nowhere Viewer", 1, "there is no instance `nowhere`"),
        ("authorization create prod Manager", 1, "VMware KMIP Manager alone"),
        ("authorization list", 0, "prod"),
        ("authorization delete nothing --yes", 1, "there is no authorization `nothing`"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    let on_prod = server.json("authorization list --instance prod");
    assert_eq!(on_prod.as_array().unwrap().len(), 1);
    let delete = format!("authorization delete {}", on_prod[0]["id"].as_str().unwrap());
    server.check(&delete, 2, "--yes");
    server.check(&format!("{delete} --yes"), 0, "was taken back");
    server.check("authorization list --instance prod", 0, "There are no authorizations.");
}

#[test]
fn roles_say_what_they_may() {
    let server = Running::start();
    server.check("role list", 0, "VMware KMIP Manager");
    server.check("role show keypurge", 0, "kms.secrets.purge");
    server.check("role show Baker", 1, "keystead role list");
    assert_eq!(server.json("role list").as_array().unwrap().len(), 11);
}
