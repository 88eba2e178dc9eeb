//! The configuration: what wins, and what is refused with which words.

use server::config::{self, Config, Flags, JournalFlush, Loaded, LogFormat};
use std::io::Write;
use std::time::Duration;

fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Loaded, String> {
    let mut written = tempfile::NamedTempFile::new().unwrap();
    written.write_all(file.as_bytes()).unwrap();
    let flags = Flags { config: Some(written.path().to_owned()), ..flags };
    let environment: Vec<_> = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let loaded = config::load(&flags, &environment).map_err(|error| error.to_string());
    let path = written.path().display().to_string();
    loaded.map_err(|error| error.replace(&path, "FILE"))
}

fn check_file(file: &str, change: impl FnOnce(&mut Config)) {
    let mut wanted = Config::new(config::default_data());
    change(&mut wanted);
    assert_eq!(load(file, &[], Flags::default()).unwrap().config, wanted, "{file}");
}

fn check_refused(file: &str, environment: &[(&str, &str)], expected: &str) {
    match load(file, environment, Flags::default()) {
        Ok(_) => panic!("`{file}` {environment:?} was taken"),
        Err(error) => {
            assert!(error.contains(expected), "`{error}` does not say `{expected}`");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}

#[test]
fn every_setting_can_be_set_in_the_file() {
    check_file("", |_| ());
    check_file("names = [\"kms1.example.com\", \"192.0.2.10\"]", |c| {
        c.names = vec!["kms1.example.com".into(), "192.0.2.10".into()];
    });
    check_file("data = '/srv/keys'", |c| c.data = "/srv/keys".into());
    check_file("kmip_listen = '[::]:5697'", |c| c.kmip_listen = "[::]:5697".parse().unwrap());
    check_file("admin_listen = '127.0.0.1:9443'", |c| c.admin_listen = "127.0.0.1:9443".parse().unwrap());
    check_file("master_key = { file = '/k' }", |c| c.master_key.file = Some("/k".into()));
    check_file("[master_key]\npassphrase_file = '/p'", |c| c.master_key.passphrase_file = Some("/p".into()));
    check_file("[journal]\nflush = 'each'", |c| c.journal = JournalFlush::Each);
    check_file("[log]\nlevel = 'debug'\nformat = 'json'", |c| {
        c.log.level = tracing::Level::DEBUG;
        c.log.format = LogFormat::Json;
    });
    check_file("limits.connections = 10\nlimits.connections_per_address = 1_000", |c| {
        c.limits.connections = 10;
        c.limits.connections_per_address = 1000;
    });
    check_file("[limits]\nhandshake_seconds = 1\nrequest_seconds = 2\nidle_seconds = 3", |c| {
        c.limits.handshake = Duration::from_secs(1);
        c.limits.request = Duration::from_secs(2);
        c.limits.idle = Duration::from_secs(3);
    });
    check_file("traces.otlp.endpoint = 'http://127.0.0.1:4318/v1/traces'", |c| {
        c.traces.endpoint = Some("http://127.0.0.1:4318/v1/traces".into());
    });
    let files = "ca_file = '/ca'\nauthorization_file = '/a'\nendpoint = 'https://o:4318/v1/traces'";
    check_file(&format!("[traces]\nsample = 0.25\n[traces.otlp]\n{files}"), |c| {
        c.traces = config::Traces {
            endpoint: Some("https://o:4318/v1/traces".into()),
            ca_file: Some("/ca".into()),
            authorization_file: Some("/a".into()),
            sample: 250_000,
        };
    });
    for (written, sample) in [("0", 0), ("1", 1_000_000), ("1.0", 1_000_000), ("0.000_001", 1), ("0.3", 300_000)] {
        check_file(&format!("traces.sample = {written}"), |c| c.traces.sample = sample);
    }
}

#[test]
fn what_is_wrong_in_the_file_is_named_with_its_line() {
    let cases = [
        ("\n\nkmip_listn = '0.0.0.0:1'", "FILE, line 3: there is no setting `kmip_listn`; did you mean `kmip_listen`?"),
        (
            "[limits]\nconections = 3",
            "line 2: there is no setting `limits.conections`; did you mean `limits.connections`?",
        ),
        ("level = 'info'", "line 1: there is no setting `level`; did you mean `log.level`?"),
        ("[limit]\nconnections = 3", "did you mean `limits"),
        ("colour = 'blue'", "there is no setting `colour`; there are: names, data,"),
        ("log = 'debug'", "there is no setting `log`"),
        ("[log]\nlevel = 'loud'", "line 2: log.level: `loud` can't be; it is one of: error, warn, info, debug, trace"),
        ("[log]\nlevel = 3", "line 2: log.level: this is an integer; a text in quotes is wanted"),
        ("kmip_listen = 5696", "kmip_listen: this is an integer"),
        ("kmip_listen = 'kms:5696'", "`kms:5696` is no address with a port, such as 0.0.0.0:5696"),
        ("names = 'a'", "names: this is a string; a list"),
        ("names = ['*.example.com']", "vCenter takes no wildcards"),
        ("names = ['https://kms']", "give the host name alone"),
        ("names = ['kms:5696']", "without the port"),
        ("names = ['']", "it is empty"),
        ("data = ''", "the path of a file is wanted"),
        (
            "[limits]\nconnections = 0",
            "line 2: limits.connections: `0` can't be; a whole number from 1 to 1000000 is wanted",
        ),
        ("[limits]\nconnections = -1", "`-1` can't be"),
        ("[limits]\nconnections = 1.5", "this is a float"),
        ("[limits]\nidle_seconds = 99999999999999999999", "can't be"),
        ("[log]\nlevel = 'info'\nlevel = 'warn'", "line 3: duplicate key"),
        ("names = [", "line 1: "),
        ("master_key = { file = 'a', passphrase_file = 'b' }", "exclude each other"),
        ("admin_listen = '0.0.0.0:5696'", "the same address"),
        ("[timers]\npurge_at = 2591999", "timers.purge_at is less than timers.restorable"),
        ("[timers]\nrestorable = 7776001", "timers.purge_at is less than timers.restorable"),
        ("[timers]\nrestorable = 1\npurge_at = 1", "less than 7 days"),
        ("metrics.listen = '0.0.0.0:9464'", "metrics.open = \"yes\""),
        ("metrics.listen = '[::]:9464'\nmetrics.open = 'no'", "Listen on 127.0.0.1"),
        ("[traces]\nsample = 1.01", "line 2: traces.sample: `1.01` can't be; a number from 0 (none) to 1"),
        ("[traces]\nsample = -0.1", "`-0.1` can't be"),
        ("[traces]\nsample = nan", "`nan` can't be"),
        (
            "[traces]\nsample = '1'",
            "this is a string; a number from 0 (none) to 1 (each request), such as 0.01 is wanted",
        ),
        (
            "traces.otlp.endpoint = 'http://otel.example.com:4318/v1/traces'",
            "without TLS traces go to this machine alone",
        ),
        ("traces.otlp.endpoint = 'otel:4318'", "is no address such as https://otel.example.com:4318/v1/traces"),
        ("traces.otlp.endpoint = 'https://o/v1/traces'", "traces.otlp.ca_file is missing"),
    ];
    cases.iter().for_each(|(file, expected)| check_refused(file, &[], expected));
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let file = "kmip_listen = '0.0.0.0:1'\nadmin_listen = '0.0.0.0:2'\nnames = ['file']\n[log]\nlevel = 'warn'";
    let environment =
        [("KEYSTEAD_KMIP_LISTEN", "0.0.0.0:3"), ("KEYSTEAD_NAMES", "one, two"), ("KEYSTEAD_LOG_LEVEL", "trace")];
    let from_environment = load(file, &environment, Flags::default()).unwrap().config;
    assert_eq!((from_environment.kmip_listen.port(), from_environment.admin_listen.port()), (3, 2));
    assert_eq!(from_environment.names, ["one", "two"]);
    assert_eq!(from_environment.log.level, tracing::Level::TRACE);
    let flags = Flags {
        kmip_listen: Some("0.0.0.0:4".into()),
        names: vec!["flag".into()],
        data: Some("/d".into()),
        ..Flags::default()
    };
    let from_flags = load(file, &environment, flags).unwrap().config;
    assert_eq!(from_flags.kmip_listen.port(), 4);
    assert_eq!(from_flags.names, ["flag"]);
    assert_eq!(from_flags.data, std::path::Path::new("/d"));
}

#[test]
fn what_is_wrong_elsewhere_is_named_too() {
    check_refused("", &[("KEYSTEAD_LIMITS_CONNECTIONS", "many")], "KEYSTEAD_LIMITS_CONNECTIONS: `many` can't be");
    check_refused("", &[("KEYSTEAD_ADMIN_LISTEN", "8443")], "KEYSTEAD_ADMIN_LISTEN: `8443` is no address");
    check_refused("", &[("KEYSTEAD_TRACES_SAMPLE", "2")], "KEYSTEAD_TRACES_SAMPLE: `2` can't be; a number from 0");
    let flags = Flags { names: vec!["a b".into()], ..Flags::default() };
    let error = load("", &[], flags).unwrap_err();
    assert!(error.starts_with("--name: `a b` can't be the name of a server"), "{error}");
    let missing = Flags { config: Some("/nowhere.toml".into()), ..Flags::default() };
    let error = config::load(&missing, &[]).unwrap_err().to_string();
    assert!(error.starts_with("the configuration file /nowhere.toml can't be read"), "{error}");
}

#[test]
fn a_misspelt_variable_is_told_of() {
    let loaded = load("", &[("KEYSTEAD_LOGLEVEL", "debug"), ("KEYSTEAD_URL", "https://x")], Flags::default()).unwrap();
    assert_eq!(
        loaded.warnings,
        ["the environment variable KEYSTEAD_LOGLEVEL is no setting of Keystead's and is ignored"]
    );
}

#[test]
fn the_example_and_what_is_shown_are_configurations_themselves() {
    let example = config::example();
    check_file(&example, |_| ());
    let uncommented: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let one_master_key =
        uncommented.replace("passphrase_file", "#passphrase_file").replace("share_files", "#share_files");
    let all = load(&one_master_key, &[], Flags::default()).unwrap();
    assert_eq!(all.config.names, ["kms1.example.com", "192.0.2.10"]);
    let again = load(&config::show(&all), &[], Flags::default()).unwrap();
    assert_eq!(again.config, all.config);
}
