//! The whole server: first and later starts, what stands in the way of one, and how it ends.

use super::machine::{Home, Identity};
use super::request::{create, discover_versions, get, identifier, is_success, material};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

#[test]
fn the_first_start_makes_everything_and_says_what_to_do() {
    let home = Home::new();
    let server = home.start();
    for part in ["Keystead is ready.", "SHA-256 ", "127.0.0.1"] {
        assert!(server.said.contains(part), "`{part}` is not in:\n{}", server.said);
    }
    for entry in std::fs::read_dir(home.data()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} is open to others", entry.path());
    }
    let vcenter = home.issue("vcenter");
    let doctor = home.path("clients");
    let path = |name: &str| doctor.join(name).to_str().unwrap().to_owned();
    let (crt, key, ca) = (path("vcenter.crt"), path("vcenter.key"), path("ca.crt"));
    home.run(&["doctor", &server.kmip.to_string(), "--cert", &crt, "--key", &key, "--ca", &ca]);
    assert!(is_success(&server.connect(Some(&vcenter)).ask(&discover_versions()).unwrap()));
}

#[test]
fn a_key_is_there_byte_for_byte_after_a_kill_and_a_second_start() {
    let home = Home::new();
    let server = home.start();
    let vcenter = home.issue("vcenter");
    let mut client = server.connect(Some(&vcenter));
    let id = identifier(&client.ask(&create()).unwrap());
    let before = material(&client.ask(&get(&id)).unwrap());
    assert_eq!(before.len(), 32);
    let certificate = client.server_certificate();
    server.kill();
    let server = home.start();
    let mut client = server.connect(Some(&vcenter));
    assert_eq!(material(&client.ask(&get(&id)).unwrap()), before);
    assert_eq!(client.server_certificate(), certificate, "vCenter trusts that one");
    home.run(&["cert", "list", "--adapter", "default"]);
}

/// Wherever a first start is cut off, the next one ends well.
#[test]
fn a_first_start_that_is_killed_is_taken_up_by_the_next() {
    let home = Home::new();
    for millis in [1, 5, 20, 60, 120, 200, 300, 450, 600] {
        let mut child = home.command(&["serve", "--kmip-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let server = home.start();
    let vcenter = home.issue("vcenter");
    assert!(is_success(&server.connect(Some(&vcenter)).ask(&create()).unwrap()));
}

#[test]
fn what_stands_in_the_way_of_a_start_is_named() {
    let mut home = Home::new();
    let server = home.start();
    home.check_refused("is in use by another process: stop it first");
    assert_eq!(
        {
            server.signal("TERM");
            server.exit_code()
        },
        Some(0)
    );
    let data = home.data();
    let key = data.join("master.key");
    let good = std::fs::read(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    home.check_refused("there is no master key file at");
    std::fs::write(&key, &good[..30]).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    home.check_refused("put the file back from its backup");
    std::fs::write(
        &key,
        String::from_utf8(good.clone()).unwrap().replace(|c: char| c.is_ascii_digit() && c != '1', "7"),
    )
    .unwrap();
    home.check_refused("master key");
    std::fs::write(&key, &good).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();
    home.check_refused("chmod 600");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();

    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    home.check_refused("chmod 700");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();

    let format = std::fs::read(data.join("format")).unwrap();
    std::fs::write(data.join("format"), "keystead 9\n").unwrap();
    home.check_refused("run the newer version");
    std::fs::write(data.join("format"), format).unwrap();

    let node = std::fs::File::open(data.join("node")).unwrap();
    node.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000)).unwrap();
    let doubted = home.start();
    doubted.wait_for_log("the clock says");
    drop(doubted);
    node.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).unwrap_or_default();
    node.set_modified(std::fs::metadata(&key).unwrap().modified().unwrap()).unwrap();

    home.config = "lisen = 3".into();
    home.check_refused("there is no setting `lisen`");
    home.config = String::new();
    drop(home.start());
}

#[test]
fn a_port_in_use_is_named_and_nothing_is_made() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = home.command(&["serve", "--kmip-listen", &address]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains(&format!("{address} can't be listened on for KMIP: port")), "{error}");
    assert!(!home.data().join("master.key").exists());
}

#[test]
fn a_passphrase_opens_what_it_closed_and_another_does_not() {
    let mut home = Home::new();
    let say = |passphrase: &str| vec![("KEYSTEAD_PASSPHRASE".to_owned(), passphrase.to_owned())];
    home.environment = say("correct horse battery staple");
    drop(home.start());
    assert!(!home.data().join("master.key").exists());
    home.environment = say("incorrect horse battery staple");
    home.check_refused("master key");
    home.environment = Vec::new();
    home.check_refused("is kept under a passphrase, and none is given");
    let file = home.path("passphrase");
    std::fs::write(&file, "correct horse battery staple\n").unwrap();
    home.config = format!("master_key = {{ passphrase_file = {:?} }}", file.to_str().unwrap());
    drop(home.start());
}

#[test]
fn a_request_in_progress_is_answered_before_the_end() {
    let home = Home::new();
    let server = home.start();
    let vcenter = home.issue("vcenter");
    let (mut busy, mut idle) = (server.connect(Some(&vcenter)), server.connect(Some(&vcenter)));
    busy.ask(&discover_versions()).unwrap();
    idle.ask(&discover_versions()).unwrap();
    let request = discover_versions();
    busy.send(&request[..20]).unwrap();
    server.signal("TERM");
    server.wait_for_log("SIGTERM: stopping");
    idle.check_closed();
    busy.send(&request[20..]).unwrap();
    assert!(is_success(&busy.receive().unwrap()));
    busy.check_closed();
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_reload_takes_new_names_and_drops_nobody() {
    let mut home = Home::new();
    home.config = "names = ['a.example.com']".into();
    let server = home.start();
    let vcenter = home.issue("vcenter");
    let mut before = server.connect(Some(&vcenter));
    before.ask(&discover_versions()).unwrap();
    std::fs::write(home.path("keystead.toml"), "names = ['b.example.com']").unwrap();
    server.signal("HUP");
    server.wait_for_log("reloaded");
    assert!(is_success(&before.ask(&discover_versions()).unwrap()));
    let mut after = server.connect(Some(&vcenter));
    after.ask(&discover_versions()).unwrap();
    assert_ne!(after.server_certificate(), before.server_certificate());
    std::fs::write(home.path("keystead.toml"), "nmes = ['c.example.com']").unwrap();
    server.signal("HUP");
    server.wait_for_log("did you mean `names`?");
    let mut still = server.connect(Some(&vcenter));
    still.ask(&discover_versions()).unwrap();
    assert_eq!(still.server_certificate(), after.server_certificate());
}

/// The tests of this file would prove little if a stranger were served too.
#[test]
fn a_stranger_is_not_served() {
    let home = Home::new();
    let server = home.start();
    let mut stranger = server.connect(Some(&Identity::stranger()));
    let _ = stranger.send(&discover_versions());
    stranger.check_closed();
}
