//! A real `keystead serve` in a folder of its own, and clients that talk to it.

use super::client;
use super::request::{discover_versions, is_success};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const KEYSTEAD: &str = env!("CARGO_BIN_EXE_keystead");
/// Only so that a defect can't hang the tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server's data is; it outlives the server.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    /// More variables for the server.
    pub(crate) environment: Vec<(String, String)>,
    /// The configuration file's content.
    pub(crate) config: String,
}

/// A running server, killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) kmip: SocketAddr,
    /// What it printed on standard output.
    pub(crate) said: String,
    log: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        Home { folder: tempfile::tempdir().unwrap(), environment: Vec::new(), config: String::new() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `keystead` with these arguments and nothing of the outer environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(KEYSTEAD);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("KEYSTEAD_DATA", self.data()).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn serve(&self) -> Command {
        let config = self.path("keystead.toml");
        std::fs::write(&config, &self.config).unwrap();
        let listen = ["--kmip-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let mut command = self.command(&["serve", "--config"]);
        command.arg(config).args(listen);
        command
    }

    /// Starts a server and waits until it is ready.
    pub(crate) fn start(&self) -> Running {
        let log = self.path("log");
        let mut child = self.serve().stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        while !said.contains("\n  Master key ") {
            if lines.read_line(&mut said).unwrap() == 0 {
                panic!("it did not start: {}", std::fs::read_to_string(&log).unwrap());
            }
        }
        let rest = std::thread::spawn(move || lines.read_to_string(&mut String::new()));
        drop(rest); // standard output stays open for as long as the server runs
        let (_, after) = said.split_once("(listening on ").unwrap();
        let kmip = after.split(')').next().unwrap().parse().unwrap();
        Running { child, kmip, said, log }
    }

    /// A start that must fail: with exit code 1, one line, and this in it.
    pub(crate) fn check_refused(&self, expected: &str) {
        let mut child = self.serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let status = wait(&mut child);
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(lines.len() == 1 && lines[0].contains(expected), "`{text}` does not say `{expected}` in one line");
    }

    /// Runs another verb of the command line, which must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        output
    }

    /// Has a client certificate made, which is then on the list of the adapter `default`.
    pub(crate) fn issue(&self, name: &str) -> Identity {
        let out = self.path("clients");
        self.run(&["client", "issue", "--adapter", "default", "--name", name, "--out", out.to_str().unwrap()]);
        Identity::read(&out, name)
    }
}

impl Running {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits for a line of the log.
    pub(crate) fn wait_for_log(&self, part: &str) {
        let waits = PATIENCE.as_millis() / 20;
        for _wait in 0..waits {
            if self.log().contains(part) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("`{part}` is not in the log:\n{}", self.log());
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// As a power cut ends the process, without a chance to tidy up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and gives its exit code.
    pub(crate) fn exit_code(mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }

    pub(crate) fn connect(&self, identity: Option<&Identity>) -> Client {
        let config = client::client(&TLS13, identity.map(Identity::certified));
        Client::new(self.kmip, config)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let waits = PATIENCE.as_millis() / 20;
    for _wait in 0..waits {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    panic!("it did not end");
}

/// A client's certificate and private key.
pub(crate) struct Identity(client::Pair);

impl Identity {
    fn read(folder: &Path, name: &str) -> Self {
        let read = |ending: &str| std::fs::read(folder.join(format!("{name}.{ending}"))).unwrap();
        let key = KeyPair::from_pem(&String::from_utf8(read("key")).unwrap()).unwrap();
        Identity(client::Pair { certificate: CertificateDer::from_pem_slice(&read("crt")).unwrap().to_vec(), key })
    }

    /// One that nobody knows.
    pub(crate) fn stranger() -> Self {
        Identity(client::Pair::new(&PKCS_RSA_SHA256, |_| ()))
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        &self.0.certificate
    }

    pub(crate) fn certified(&self) -> rustls::sign::CertifiedKey {
        self.0.certified()
    }
}

/// A KMIP client's connection.
pub(crate) struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    pub(crate) fn new(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        Client::named(address, config, "kms")
    }

    /// One that asks for a server of this name.
    pub(crate) fn named(address: SocketAddr, config: Arc<ClientConfig>, name: &str) -> Self {
        Client::over(TcpStream::connect(address).unwrap(), config, name)
    }

    /// One that has another address of its own.
    pub(crate) fn from(own: SocketAddr, address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).unwrap();
        socket.bind(&own.into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Client::over(socket.into(), config, "kms")
    }

    pub(crate) fn over(tcp: TcpStream, config: Arc<ClientConfig>, name: &str) -> Self {
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
        Client(StreamOwned::new(ClientConnection::new(config, name).unwrap(), tcp))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    /// One whole answer.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut answer = vec![0; 8];
        self.0.read_exact(&mut answer)?;
        let length = u32::from_be_bytes(answer[4..].try_into().unwrap());
        answer.resize(8 + length as usize, 0);
        self.0.read_exact(&mut answer[8..])?;
        Ok(answer)
    }

    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.send(request)?;
        self.receive()
    }

    /// The other side closes without another word.
    pub(crate) fn check_closed(mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => assert!(rest.is_empty(), "there was an answer: {rest:02x?}"),
            Err(error) => assert!(error.kind() != io::ErrorKind::WouldBlock, "the connection stays open"),
        }
    }

    pub(crate) fn server_certificate(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

/// A running server and a client of it.
pub(crate) struct Place {
    pub(crate) server: Running,
    pub(crate) vcenter: Identity,
    /// Last, so that it outlives the server.
    pub(crate) home: Home,
}

impl Place {
    pub(crate) fn with(config: &str) -> Self {
        let mut home = Home::new();
        home.config = config.into();
        let server = home.start();
        let vcenter = home.issue("vcenter");
        Place { server, vcenter, home }
    }

    /// Whatever happened before, an honest client is served.
    pub(crate) fn check_serving(&self) {
        let mut client = self.server.connect(Some(&self.vcenter));
        assert!(is_success(&client.ask(&discover_versions()).unwrap()));
    }
}
