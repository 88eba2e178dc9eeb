//! A KMIP server as far as the doctor needs one, with whatever fault is wanted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kmip::enums::{CryptographicAlgorithm, KeyFormatType, Operation, ResultReason, ResultStatus, State};
use kmip::ttlv::{Decode, Encode, Item, Writer};
use kmip::{DateTime, Tag, Value, Version, tag};
use parking_lot::Mutex;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::doctor::tls::Target;

/// What keys are there, by identifier; shared by the servers of one installation.
pub(super) type Keys = Arc<Mutex<HashMap<String, Key>>>;

#[derive(Default)]
pub(super) struct Key {
    active: bool,
    attributes: HashMap<String, Value>,
}

/// The faults.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) keys: Keys,
    /// What every byte of every key is.
    pub(super) byte: u8,
    /// Milliseconds before each answer.
    pub(super) delay: u64,
    /// Seconds by which its clock is ahead.
    pub(super) ahead: Option<i64>,
    pub(super) asks: bool,
    pub(super) resumes: bool,
    pub(super) vendor: &'static str,
}

impl Default for Fake {
    fn default() -> Self {
        let keys = Keys::default();
        Fake { keys, byte: 0x4b, delay: 0, ahead: Some(0), asks: true, resumes: false, vendor: "fake" }
    }
}

impl Fake {
    /// Listens from now on, as long as the runtime runs.
    pub(super) async fn start(self) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(self.tls());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.clone().serve(acceptor.clone(), stream));
            }
        });
        Target { host: "127.0.0.1".into(), port, roots: None, timeout: Duration::from_secs(5), login: None }
    }

    fn tls(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let provider = crate::tls::provider();
        let verifier = Arc::new(crate::tls::AnyClient::new(provider.signature_verification_algorithms));
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder =
            if self.asks { builder.with_client_cert_verifier(verifier) } else { builder.with_no_client_auth() };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        if !self.resumes {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Arc::new(config)
    }

    async fn serve(self, acceptor: TlsAcceptor, stream: TcpStream) {
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut header = [0; 8];
        while stream.read_exact(&mut header).await.is_ok() {
            let length = u32::from_be_bytes(header[4..].try_into().unwrap()) as usize;
            let mut message = header.to_vec();
            message.resize(8 + length, 0);
            stream.read_exact(&mut message[8..]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(self.delay)).await;
            stream.write_all(&self.answer(&message)).await.unwrap();
        }
    }

    fn answer(&self, message: &[u8]) -> Vec<u8> {
        let request = Value::decode(Item::parse(message, Version::V1_1).unwrap()).unwrap();
        let version =
            vec![(tag::PROTOCOL_VERSION_MAJOR, Value::Integer(1)), (tag::PROTOCOL_VERSION_MINOR, Value::Integer(1))];
        let mut header = vec![(tag::PROTOCOL_VERSION, Value::Structure(version))];
        let time = |ahead| Value::DateTime(DateTime(crate::clock::now().seconds() + ahead));
        header.extend(self.ahead.map(|ahead| (tag::TIME_STAMP, time(ahead))));
        let items = request.fields().iter().filter(|(tag, _)| *tag == tag::BATCH_ITEM).map(|(_, item)| self.item(item));
        let items: Vec<_> = items.collect();
        header.push((tag::BATCH_COUNT, Value::Integer(items.len().try_into().unwrap())));
        let mut fields = vec![(tag::RESPONSE_HEADER, Value::Structure(header))];
        fields.extend(items);
        let mut writer = Writer::new(Version::V1_1, 512);
        Value::Structure(fields).encode(tag::RESPONSE_MESSAGE, &mut writer);
        writer.as_bytes().to_vec()
    }

    fn item(&self, item: &Value) -> (Tag, Value) {
        let operation = item.field(tag::OPERATION).unwrap().as_enumeration().unwrap();
        let mut fields = vec![(tag::OPERATION, Value::Enumeration(operation))];
        fields.extend(item.field(tag::UNIQUE_BATCH_ITEM_ID).map(|id| (tag::UNIQUE_BATCH_ITEM_ID, id.clone())));
        match self.perform(Operation::from_number(operation), item.field(tag::REQUEST_PAYLOAD).unwrap()) {
            Some(payload) => {
                fields.push(number(tag::RESULT_STATUS, ResultStatus::Success.number()));
                fields.push((tag::RESPONSE_PAYLOAD, Value::Structure(payload)));
            }
            None => {
                fields.push(number(tag::RESULT_STATUS, ResultStatus::OperationFailed.number()));
                fields.push(number(tag::RESULT_REASON, ResultReason::ItemNotFound.number()));
            }
        }
        (tag::BATCH_ITEM, Value::Structure(fields))
    }

    fn perform(&self, operation: Operation, payload: &Value) -> Option<Vec<(Tag, Value)>> {
        let mut keys = self.keys.lock();
        let id = payload.field(tag::UNIQUE_IDENTIFIER).and_then(Value::as_text).unwrap_or_default().to_owned();
        let mut answer = vec![text(tag::UNIQUE_IDENTIFIER, &id)];
        match operation {
            Operation::DiscoverVersions => {
                let parts = [(tag::PROTOCOL_VERSION_MAJOR, 1), (tag::PROTOCOL_VERSION_MINOR, 1)];
                let version = parts.map(|(tag, part)| (tag, Value::Integer(part)));
                return Some(vec![(tag::PROTOCOL_VERSION, Value::Structure(version.into()))]);
            }
            Operation::Query => return Some(vec![text(tag::VENDOR_IDENTIFICATION, self.vendor)]),
            Operation::Create => {
                let id = uuid::Uuid::new_v4().to_string();
                keys.insert(id.clone(), Key::default());
                return Some(vec![text(tag::UNIQUE_IDENTIFIER, &id)]);
            }
            Operation::Destroy => drop(keys.remove(&id)?),
            Operation::Activate => keys.get_mut(&id)?.active = true,
            Operation::Revoke => keys.get_mut(&id)?.active = false,
            Operation::Get => {
                keys.get(&id)?;
                answer.push(self.key());
            }
            Operation::AddAttribute => {
                let attribute = payload.field(tag::ATTRIBUTE)?;
                let name = attribute.field(tag::ATTRIBUTE_NAME)?.as_text()?.to_owned();
                keys.get_mut(&id)?.attributes.insert(name, attribute.clone());
                answer.push((tag::ATTRIBUTE, attribute.clone()));
            }
            Operation::GetAttributes => {
                let name = payload.field(tag::ATTRIBUTE_NAME)?.as_text()?;
                answer.extend(attribute(keys.get(&id)?, name).map(|attribute| (tag::ATTRIBUTE, attribute)));
            }
            other => panic!("the doctor asked for {other:?}"),
        }
        Some(answer)
    }

    fn key(&self) -> (Tag, Value) {
        let material = vec![(tag::KEY_MATERIAL, Value::ByteString(vec![self.byte; 32]))];
        let block = vec![
            number(tag::KEY_FORMAT_TYPE, KeyFormatType::Raw.number()),
            (tag::KEY_VALUE, Value::Structure(material)),
            number(tag::CRYPTOGRAPHIC_ALGORITHM, CryptographicAlgorithm::AES.number()),
            (tag::CRYPTOGRAPHIC_LENGTH, Value::Integer(256)),
        ];
        (tag::SYMMETRIC_KEY, Value::Structure(vec![(tag::KEY_BLOCK, Value::Structure(block))]))
    }
}

fn attribute(key: &Key, name: &str) -> Option<Value> {
    if name != "State" {
        return key.attributes.get(name).cloned();
    }
    let state = if key.active { State::Active } else { State::PreActive };
    Some(Value::Structure(vec![text(tag::ATTRIBUTE_NAME, name), number(tag::ATTRIBUTE_VALUE, state.number())]))
}

fn text(tag: Tag, value: &str) -> (Tag, Value) {
    (tag, Value::TextString(value.to_owned()))
}

fn number(tag: Tag, value: u32) -> (Tag, Value) {
    (tag, Value::Enumeration(value))
}
