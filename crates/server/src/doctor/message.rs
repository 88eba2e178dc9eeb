//! KMIP 1.1 messages as vCenter writes them, out of plain values, and answers taken apart again.

use kmip::enums::{
    CredentialType, CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, QueryFunction, ResultReason,
    ResultStatus, RevocationReasonCode, State,
};
use kmip::ttlv::{Decode, DecodeError, Encode, Item, Writer};
use kmip::{DateTime, Tag, Value, Version, tag};
use zeroize::{Zeroize, Zeroizing};

/// The usage mask of every key that vCenter makes: Encrypt and Decrypt (KMIP 1.1, 9.1.3.3.1).
const ENCRYPT_DECRYPT: i32 = 0x04 | 0x08;
pub(super) const KEY_BITS: i32 = 256;

type Field = (Tag, Value);

/// The user name and password that each message bears, where the server demands them.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
}

impl Login {
    /// KMIP 1.1, 6.6 and 2.1.2.
    fn field(&self) -> Field {
        let value = vec![text(tag::USERNAME, &self.user), text(tag::PASSWORD, &self.password)];
        let credential = vec![
            number(tag::CREDENTIAL_TYPE, CredentialType::UsernameAndPassword.number()),
            (tag::CREDENTIAL_VALUE, Value::Structure(value)),
        ];
        (tag::AUTHENTICATION, Value::Structure(vec![(tag::CREDENTIAL, Value::Structure(credential))]))
    }
}

/// One operation of a message.
pub(super) struct Ask {
    operation: Operation,
    payload: Vec<Field>,
}

/// A response message.
pub(super) struct Response {
    /// Major and minor.
    pub(super) version: (i32, i32),
    /// The server's clock.
    pub(super) time: Option<DateTime>,
    pub(super) told: Vec<Told>,
}

/// What came back for one operation. It may hold a key's bytes, so it is wiped, and has no Debug.
pub(super) struct Told {
    pub(super) batch_id: Option<Vec<u8>>,
    status: u32,
    reason: Option<u32>,
    message: String,
    payload: Wiped,
}

/// A key's bytes: compared and wiped, never shown.
#[derive(PartialEq, Eq)]
pub(super) struct Material(Zeroizing<Vec<u8>>);

/// A value whose bytes are wiped in the end.
struct Wiped(Value);

impl Ask {
    pub(super) fn discover_versions() -> Self {
        Ask { operation: Operation::DiscoverVersions, payload: vec![] }
    }

    pub(super) fn query_server() -> Self {
        let function = number(tag::QUERY_FUNCTION, QueryFunction::QueryServerInformation.number());
        Ask { operation: Operation::Query, payload: vec![function] }
    }

    /// Algorithm, usage mask, length, in this order; no name and no activation date.
    pub(super) fn create() -> Self {
        let aes = Value::Enumeration(CryptographicAlgorithm::AES.number());
        let template = vec![
            attribute("Cryptographic Algorithm", aes),
            attribute("Cryptographic Usage Mask", Value::Integer(ENCRYPT_DECRYPT)),
            attribute("Cryptographic Length", Value::Integer(KEY_BITS)),
        ];
        let payload = vec![
            number(tag::OBJECT_TYPE, ObjectType::SymmetricKey.number()),
            (tag::TEMPLATE_ATTRIBUTE, Value::Structure(template)),
        ];
        Ask { operation: Operation::Create, payload }
    }

    pub(super) fn get(id: &str) -> Self {
        Ask { operation: Operation::Get, payload: vec![identifier(id)] }
    }

    pub(super) fn get_attribute(id: &str, name: &str) -> Self {
        Ask { operation: Operation::GetAttributes, payload: vec![identifier(id), text(tag::ATTRIBUTE_NAME, name)] }
    }

    pub(super) fn add_attribute(id: &str, name: &str, value: &str) -> Self {
        let attribute = attribute(name, Value::TextString(value.to_owned()));
        Ask { operation: Operation::AddAttribute, payload: vec![identifier(id), attribute] }
    }

    pub(super) fn activate(id: &str) -> Self {
        Ask { operation: Operation::Activate, payload: vec![identifier(id)] }
    }

    pub(super) fn revoke(id: &str) -> Self {
        let code = number(tag::REVOCATION_REASON_CODE, RevocationReasonCode::CessationOfOperation.number());
        let reason = (tag::REVOCATION_REASON, Value::Structure(vec![code]));
        Ask { operation: Operation::Revoke, payload: vec![identifier(id), reason] }
    }

    pub(super) fn destroy(id: &str) -> Self {
        Ask { operation: Operation::Destroy, payload: vec![identifier(id)] }
    }

    fn item(self, batch_id: Option<Vec<u8>>) -> Field {
        let mut fields = vec![number(tag::OPERATION, self.operation.number())];
        fields.extend(batch_id.map(|id| (tag::UNIQUE_BATCH_ITEM_ID, Value::ByteString(id))));
        fields.push((tag::REQUEST_PAYLOAD, Value::Structure(self.payload)));
        (tag::BATCH_ITEM, Value::Structure(fields))
    }
}

/// `QLKC` and a little-endian counter that starts at 1 in each message.
pub(super) fn batch_id(index: usize) -> Vec<u8> {
    let counter = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
    [b"QLKC".as_slice(), &counter.to_le_bytes()].concat()
}

/// A request message. `numbered` items bear batch ids.
pub(super) fn request(asked: Vec<Ask>, numbered: bool, login: Option<&Login>) -> Zeroizing<Vec<u8>> {
    let version = vec![
        (tag::PROTOCOL_VERSION_MAJOR, Value::Integer(Version::V1_1.major())),
        (tag::PROTOCOL_VERSION_MINOR, Value::Integer(Version::V1_1.minor())),
    ];
    let count = i32::try_from(asked.len()).unwrap_or(i32::MAX);
    let mut header = vec![(tag::PROTOCOL_VERSION, Value::Structure(version))];
    header.extend(login.map(Login::field));
    header.push((tag::BATCH_COUNT, Value::Integer(count)));
    let mut fields = vec![(tag::REQUEST_HEADER, Value::Structure(header))];
    fields.extend(asked.into_iter().enumerate().map(|(index, ask)| ask.item(numbered.then(|| batch_id(index)))));
    let mut writer = Writer::new(Version::V1_1, 512);
    Wiped(Value::Structure(fields)).0.encode(tag::REQUEST_MESSAGE, &mut writer);
    writer.into_bytes()
}

/// Takes a response message apart.
pub(super) fn response(bytes: &[u8]) -> Result<Response, DecodeError> {
    let message = Wiped(Value::decode(Item::parse(bytes, Version::V1_1)?)?);
    let header = message.0.field(tag::RESPONSE_HEADER);
    let version = header.and_then(|header| header.field(tag::PROTOCOL_VERSION));
    let part = |tag| version.and_then(|version| version.field(tag)).and_then(Value::as_integer).unwrap_or(0);
    let items = message.0.fields().iter().filter(|(tag, _)| *tag == tag::BATCH_ITEM);
    Ok(Response {
        version: (part(tag::PROTOCOL_VERSION_MAJOR), part(tag::PROTOCOL_VERSION_MINOR)),
        time: header.and_then(|header| header.field(tag::TIME_STAMP)).and_then(Value::as_date_time),
        told: items.map(|(_, item)| told(item)).collect(),
    })
}

fn told(item: &Value) -> Told {
    let enumeration = |tag| item.field(tag).and_then(Value::as_enumeration);
    Told {
        batch_id: item.field(tag::UNIQUE_BATCH_ITEM_ID).and_then(bytes),
        status: enumeration(tag::RESULT_STATUS).unwrap_or(u32::MAX),
        reason: enumeration(tag::RESULT_REASON),
        message: item.field(tag::RESULT_MESSAGE).and_then(Value::as_text).unwrap_or_default().to_owned(),
        payload: Wiped(item.field(tag::RESPONSE_PAYLOAD).cloned().unwrap_or(Value::Structure(vec![]))),
    }
}

impl Told {
    /// The payload of a success.
    pub(super) fn success(&self) -> Result<&Value, String> {
        match ResultStatus::from_number(self.status) {
            ResultStatus::Success => Ok(&self.payload.0),
            _ => Err(format!("the server refused: {}", self.refusal())),
        }
    }

    /// Why it was refused, in the specification's words and the server's.
    pub(super) fn refusal(&self) -> String {
        let reason = self.reason.map(ResultReason::from_number);
        let reason = match reason {
            Some(known) => known.name().map_or_else(|| format!("reason {:#x}", known.number()), str::to_owned),
            None => format!("status {} without a reason", self.status),
        };
        if self.message.is_empty() { reason } else { format!("{reason} ({})", self.message) }
    }

    /// Whether the server refused, for this reason.
    pub(super) fn refused_as(&self, reason: ResultReason) -> bool {
        self.is_refused() && self.reason == Some(reason.number())
    }

    /// Whether the server refused.
    pub(super) fn is_refused(&self) -> bool {
        self.status == ResultStatus::OperationFailed.number()
    }

    /// The unique identifier of a success.
    pub(super) fn identifier(&self) -> Result<String, String> {
        let id = self.success()?.field(tag::UNIQUE_IDENTIFIER).and_then(Value::as_text);
        id.filter(|id| !id.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| "the answer has no Unique Identifier".to_owned())
    }

    /// The values of the attributes of a success that have this name.
    pub(super) fn attributes(&self, name: &str) -> Result<Vec<Value>, String> {
        let attributes =
            self.success()?.fields().iter().filter(|(tag, _)| *tag == tag::ATTRIBUTE).map(|(_, value)| value);
        let named = attributes.filter(|value| value.field(tag::ATTRIBUTE_NAME).and_then(Value::as_text) == Some(name));
        Ok(named.filter_map(|value| value.field(tag::ATTRIBUTE_VALUE).cloned()).collect())
    }

    /// The State of a success.
    pub(super) fn state(&self) -> Result<State, String> {
        let values = self.attributes("State")?;
        let state = values.first().and_then(Value::as_enumeration);
        state.map(State::from_number).ok_or_else(|| "the answer has no State as an enumeration".to_owned())
    }

    /// The key material of a success, which must be a raw AES key of 256 bits.
    pub(super) fn material(&self) -> Result<Material, String> {
        let payload = self.success()?;
        let block =
            payload.field(tag::SYMMETRIC_KEY).and_then(|key| key.field(tag::KEY_BLOCK)).ok_or("no Key Block")?;
        let enumeration = |tag| block.field(tag).and_then(Value::as_enumeration);
        let length = block.field(tag::CRYPTOGRAPHIC_LENGTH).and_then(Value::as_integer);
        let material = block.field(tag::KEY_VALUE).and_then(|value| value.field(tag::KEY_MATERIAL)).and_then(bytes);
        let material = Zeroizing::new(material.ok_or("no Key Material as bytes")?);
        if enumeration(tag::KEY_FORMAT_TYPE) != Some(KeyFormatType::Raw.number()) {
            return Err("the key's format is not Raw".to_owned());
        }
        if enumeration(tag::CRYPTOGRAPHIC_ALGORITHM) != Some(CryptographicAlgorithm::AES.number())
            || length != Some(KEY_BITS)
        {
            return Err("the key is not AES of 256 bits".to_owned());
        }
        if material.len() * 8 != KEY_BITS as usize {
            return Err(format!("the key has {} bytes instead of 32", material.len()));
        }
        Ok(Material(material))
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Key material stands in byte strings, passwords in text.
fn wipe(value: &mut Value) {
    if let Value::ByteString(bytes) = value {
        bytes.zeroize();
    } else if let Value::TextString(text) = value {
        text.zeroize();
    } else if let Value::Structure(fields) = value {
        fields.iter_mut().for_each(|(_, field)| wipe(field));
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    if let Value::ByteString(bytes) = value { Some(bytes.clone()) } else { None }
}

fn identifier(id: &str) -> Field {
    text(tag::UNIQUE_IDENTIFIER, id)
}

fn text(tag: Tag, value: &str) -> Field {
    (tag, Value::TextString(value.to_owned()))
}

fn number(tag: Tag, value: u32) -> Field {
    (tag, Value::Enumeration(value))
}

fn attribute(name: &str, value: Value) -> Field {
    (tag::ATTRIBUTE, Value::Structure(vec![text(tag::ATTRIBUTE_NAME, name), (tag::ATTRIBUTE_VALUE, value)]))
}
