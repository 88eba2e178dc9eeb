//! The server's own certificates: staged, judged, put in force under connections that stay open.

use super::client;
use super::machine::{Client, Home, Identity, Running};
use super::request::{discover_versions, is_success};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
};
use rcgen::{PKCS_ED25519, PKCS_RSA_SHA256};
use rustls::version::{TLS12, TLS13};
use serde_json::Value;

const NAME: &str = "kms.example.com";

/// A company's CA.
struct Company {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Company {
    fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Company CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Company { issuer: Issuer::new(params, key), pem }
    }

    /// A chain for a key, with one thing changed.
    fn chain(&self, key: &impl rcgen::PublicKeyData, change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        params.signed_by(key, &self.issuer).unwrap().pem() + &self.pem
    }
}

struct Place {
    home: Home,
    server: Running,
    vcenter: Identity,
    /// Variables for the command line.
    environment: Vec<(&'static str, String)>,
}

impl Place {
    fn new() -> Self {
        let mut home = Home::new();
        home.config = format!("names = [\"{NAME}\"]");
        let server = home.start();
        let vcenter = home.issue("vcenter");
        Place { home, server, vcenter, environment: Vec::new() }
    }

    fn run(&self, line: &str) -> (i32, String) {
        let mut command = self.home.command(&line.split_whitespace().collect::<Vec<_>>());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), said)
    }

    /// The same after a crash and a new start.
    fn again(self) -> Self {
        let Place { home, server, vcenter, .. } = self;
        server.kill();
        Place { server: home.start(), home, vcenter, environment: Vec::new() }
    }

    /// Has the command line trust a company's CA, and call the server by a name.
    fn trust(&mut self, company: &Company) {
        let admin: Value = serde_json::from_slice(&self.data("admin.json")).unwrap();
        let url = admin["url"].as_str().unwrap().replace("127.0.0.1", "localhost");
        self.environment = vec![("KEYSTEAD_URL", url), ("KEYSTEAD_CA", self.file("company.pem", &company.pem))];
    }

    fn check(&self, line: &str, code: i32, part: &str) -> String {
        let (found, said) = self.run(line);
        assert!(found == code && said.contains(part), "{line}: {found}, no `{part}` in {said}");
        said
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.home.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn data(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.home.data().join(name)).unwrap_or_default()
    }

    /// What is served, staged or previous: `RSA served` and so on, with the fingerprint.
    fn shown(&self) -> Vec<(String, String)> {
        let (_, said) = self.run("tls show --json");
        let all: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let row = |one: &Value| (format!("{} {}", text(one, "algorithm"), text(one, "state")), text(one, "sha256"));
        all.as_array().unwrap().iter().map(row).collect()
    }

    fn fingerprint(&self, which: &str) -> String {
        let found = self.shown().into_iter().find(|(row, _)| row == which);
        found.unwrap_or_else(|| panic!("there is none {which}")).1
    }

    /// The certificate that a new connection is given.
    fn served(&self) -> String {
        let mut client = self.connect();
        assert!(is_success(&client.ask(&discover_versions()).unwrap()));
        let digest = server::tls::fingerprint(&client.server_certificate());
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    fn connect(&self) -> Client {
        self.server.connect(Some(&self.vcenter))
    }
}

#[test]
fn a_renewal_keeps_the_key_and_no_connection_is_lost() {
    let place = Place::new();
    let before = place.shown();
    assert_eq!(before.iter().map(|(row, _)| row.as_str()).collect::<Vec<_>>(), ["RSA served", "ECDSA served"]);
    let (key, first) = (place.data("server.key"), place.served());
    let mut open = place.connect();
    assert!(is_success(&open.ask(&discover_versions()).unwrap()));

    place.check("tls activate --yes", 1, "nothing is staged");
    place.check("tls unstage", 1, "nothing is staged");
    let said = place.check("tls renew", 0, "Upload KMS certificate");
    assert!(said.contains("BEGIN CERTIFICATE") && said.contains("keystead tls activate"), "{said}");
    assert_eq!(place.served(), first, "staging changes nothing for clients");
    place.check("tls activate", 2, "--yes");
    let staged = [place.fingerprint("RSA staged"), place.fingerprint("ECDSA staged")];

    // New connections without a pause, on one of which the change falls.
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| {
            let mut answered = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                assert!(is_success(&place.connect().ask(&discover_versions()).unwrap()));
                answered += 1;
            }
            answered
        });
        place.check("tls activate --yes", 0, "is served from now on");
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(clients.join().unwrap() > 0);
    });
    assert!(is_success(&open.ask(&discover_versions()).unwrap()), "an open connection goes on");
    assert_eq!(place.served(), staged[0]);
    assert_eq!([place.fingerprint("RSA served"), place.fingerprint("ECDSA served")], staged);
    assert_eq!(place.fingerprint("RSA previous"), before[0].1);
    assert_eq!(place.data("server.key"), key, "the key is the same");
    place.server.signal("HUP");
    place.server.wait_for_log("reloaded");
    assert_eq!(place.served(), staged[0]);
}

#[test]
fn what_was_staged_can_be_taken_back_and_survives_a_kill() {
    let place = Place::new();
    place.check("tls renew", 0, "staged");
    let place = place.again();
    let staged = place.fingerprint("RSA staged");
    place.check("tls unstage", 0, "Nothing is staged any more");
    assert!(place.shown().iter().all(|(_, fingerprint)| *fingerprint != staged));
    place.check("tls activate --yes", 1, "nothing is staged");
}

#[test]
fn another_ca_signs_a_request_and_its_certificate_stays() {
    let mut place = Place::new();
    let path = place.home.path("kms.csr");
    place.check(&format!("tls request --out {}", path.display()), 0, "keystead tls stage");
    let csr = std::fs::read_to_string(&path).unwrap();
    let request = rcgen::CertificateSigningRequestParams::from_pem(&csr).unwrap();
    assert!(format!("{:?}", request.params.subject_alt_names).contains(NAME));
    let company = Company::new();
    let local = |params: &mut CertificateParams| {
        let names = vec![NAME.to_owned(), "localhost".to_owned()];
        params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
    };
    let chain = place.file("chain.pem", &company.chain(&request.public_key, local));
    place.check(&format!("tls stage {chain}"), 0, "The certificate is staged");
    let staged = place.fingerprint("RSA staged");
    let key = place.data("server.key");
    place.check("tls activate --yes", 0, "KEYSTEAD_CA");
    place.check("tls show", 0, &staged); // on this machine it is known by its file
    place.trust(&company);
    assert_eq!((place.fingerprint("RSA served"), place.data("server.key")), (staged.clone(), key));
    // It has not all the names that one of our own would have, and is kept at the next start all the same.
    let mut place = place.again();
    place.trust(&company);
    assert_eq!(place.fingerprint("RSA served"), staged);
    let ecdsa = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let chain = place.file("ecdsa.pem", &company.chain(&ecdsa, |_| ()));
    place.check(&format!("tls stage {chain}"), 1, "the certificate is for another key");
    let key = place.file("ecdsa.key", &ecdsa.serialize_pem());
    place.check(&format!("tls stage {chain} --key {key}"), 0, "The certificate is staged");
    let staged = place.fingerprint("ECDSA staged");
    let old = place.data("server-ecdsa.key");
    place.check("tls activate --yes", 0, "is served from now on");
    assert_eq!(place.data("server-ecdsa.key"), ecdsa.serialize_pem().replace("\r\n", "\n").into_bytes());
    assert_eq!(place.data("server-ecdsa.previous.key"), old);
    assert_eq!(place.fingerprint("ECDSA served"), staged);
}

#[test]
fn what_can_t_be_the_servers_is_refused_with_the_reason() {
    let place = Place::new();
    let company = Company::new();
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let good = company.chain(&key, |_| ());
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        company
            .chain(&key, |params| params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names)
    };
    let self_signed = |algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap().pem()
    };
    let fixture = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let cases = [
        (good.clone(), "the certificate is for another key"),
        (company.chain(&key, client::expired), "it expired on 2001-01-01"),
        (company.chain(&key, |params| params.not_before = rcgen::date_time_ymd(2090, 1, 1)), "it is valid from 2090"),
        (named(&["other.example.com"]), "it has none of the server's names (kms.example.com,"),
        (named(&["localhost"]), "it has none of the server's names"),
        (named(&[]), "it has none of the server's names"),
        (named(&[NAME, "*.example.com"]), "vCenter takes no wildcards"),
        (fixture(include_bytes!("fixtures/rsa1024.crt")), "RSA key has 1024 bits, and at least 2048"),
        (fixture(include_bytes!("fixtures/rsa-pss.crt")), "is signed with RSASSA-PSS"),
        (self_signed(&PKCS_ED25519), "its key is Ed25519"),
        (company.chain(&key, client::authority), "the first certificate is a CA's"),
        (company.chain(&key, |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]), "serverAuth"),
        (good.clone() + &key.serialize_pem(), "this holds a private key"),
        (key.serialize_pem(), "this holds a private key"),
        (good.clone() + &Company::new().pem, "did not sign the certificate before it"),
        (good.replace("MII", "M!I"), "is damaged"),
        ("hello".to_owned(), "neither a certificate in PEM form"),
        (fixture(include_bytes!("fixtures/rsa2048.csr")), "this is a `CERTIFICATE REQUEST`"),
    ];
    for (chain, expected) in cases {
        let file = place.file("bad.pem", &chain);
        place.check(&format!("tls stage {file}"), 1, expected);
    }
    let file = place.file("good.pem", &good);
    for (key, expected) in [
        (KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem(), "the certificate is for another key"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n".into(), "takes one off"),
        (good.clone(), "the private key can't be read"),
    ] {
        let key = place.file("bad.key", &key);
        place.check(&format!("tls stage {file} --key {key}"), 1, expected);
    }
    assert_eq!(place.shown().len(), 2, "nothing was staged");
    let log = place.server.log();
    assert!(!log.contains("PRIVATE KEY") && !log.contains(key.serialize_pem().lines().nth(1).unwrap()));
}

#[test]
fn alarms_are_of_certificates_that_end_soon() {
    let place = Place::new();
    let of_certificates = || {
        let alarms: Value = serde_json::from_str(&place.check("alarm list --json", 0, "")).unwrap();
        let alarms = alarms.as_array().unwrap().clone();
        alarms.into_iter().filter(|alarm| alarm.get("not_after").is_some()).collect::<Vec<_>>()
    };
    assert_eq!(of_certificates(), [] as [Value; 0]);
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::default();
    client::expired(&mut params);
    let old = place.file("old.pem", &params.self_signed(&key).unwrap().pem());
    place.check(&format!("cert add {old} --name old"), 0, "may connect");
    place.check("alarm list --json", 0, "client certificate old of adapter default");
    let alarms = of_certificates();
    assert_eq!((&alarms[0]["severity"], &alarms[0]["threshold_days"]), (&"error".into(), &0.into()));
    assert_eq!(alarms.len(), 1);
    place.server.wait_for_log("client certificate old of adapter default");
    // What is served although it has expired, as vCenter pinned it, goes on being served.
    let (chain, key) = (
        place.home.data().join("server.crt"),
        KeyPair::from_pem(&String::from_utf8(place.data("server.key")).unwrap()).unwrap(),
    );
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    client::expired(&mut params);
    std::fs::write(chain, params.self_signed(&key).unwrap().pem()).unwrap();
    place.server.signal("HUP");
    place.server.wait_for_log("reloaded");
    for version in [&TLS12, &TLS13] {
        let mut probe = Client::new(place.server.kmip, client::client(version, None));
        let _ = probe.send(&discover_versions());
        assert!(!probe.server_certificate().is_empty());
    }
    place.check("alarm list", 0, "the server's RSA certificate expired on 2001-01-01");
}
