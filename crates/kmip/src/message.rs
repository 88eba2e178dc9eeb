//! Messages: a header and batch items (KMIP 1.4, section 7). A request item's payload stays raw until its operation decodes it.
//!
//! The invariant: a message is read as the protocol version that its own header names, and answered in it.

use crate::enums::{
    AttestationType, BatchErrorContinuationOption, CredentialType, Operation, ResultReason, ResultStatus,
};
use crate::frame::BATCH_LIMIT;
use crate::object::SecretBytes;
use crate::ttlv::{Decode, DecodeError, Encode, Fault, Item, Reader, Writer};
use crate::{DateTime, Tag, Value, Version, tag};

structure! {
    /// A protocol version as it travels (KMIP 1.4, 6.1). It need not be one that is spoken here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProtocolVersion {
        /// The major number.
        required major: i32 = PROTOCOL_VERSION_MAJOR;
        /// The minor number.
        required minor: i32 = PROTOCOL_VERSION_MINOR;
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        ProtocolVersion { major: version.major(), minor: version.minor() }
    }
}

structure! {
    /// A request's header (KMIP 1.4, 7.2).
    pub struct RequestHeader {
        /// The version of the message.
        required protocol_version: ProtocolVersion = PROTOCOL_VERSION;
        /// The longest answer that the client takes, in bytes.
        optional maximum_response_size: i32 = MAXIMUM_RESPONSE_SIZE;
        /// The client's own name for the exchange, for logs.
        optional client_correlation_value: String = CLIENT_CORRELATION_VALUE, since V1_4;
        /// The server's name for an earlier exchange.
        optional server_correlation_value: String = SERVER_CORRELATION_VALUE, since V1_4;
        /// Whether the client takes asynchronous answers.
        optional asynchronous_indicator: bool = ASYNCHRONOUS_INDICATOR;
        /// Whether the client can attest.
        optional attestation_capable_indicator: bool = ATTESTATION_CAPABLE_INDICATOR, since V1_2;
        /// How the client can attest.
        repeated attestation_types: AttestationType = ATTESTATION_TYPE, since V1_2;
        /// Who the client says it is, besides its certificate.
        optional authentication: Authentication = AUTHENTICATION;
        /// What to do after a failed item.
        optional batch_error_continuation_option: BatchErrorContinuationOption = BATCH_ERROR_CONTINUATION_OPTION;
        /// Whether the items are to be dealt with in their order.
        optional batch_order_option: bool = BATCH_ORDER_OPTION;
        /// The client's clock.
        optional time_stamp: DateTime = TIME_STAMP;
        /// How many items follow.
        required batch_count: i32 = BATCH_COUNT;
    }
}

impl RequestHeader {
    /// A header with the required fields and no other.
    pub fn new(version: Version, batch_count: i32) -> Self {
        RequestHeader {
            protocol_version: version.into(),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous_indicator: None,
            attestation_capable_indicator: None,
            attestation_types: Vec::new(),
            authentication: None,
            batch_error_continuation_option: None,
            batch_order_option: None,
            time_stamp: None,
            batch_count,
        }
    }
}

structure! {
    /// Who the client says it is (KMIP 1.4, 6.6).
    pub struct Authentication {
        /// One credential up to 1.1, several since 1.2.
        repeated credentials: Credential = CREDENTIAL;
    }
}

/// A credential (KMIP 1.4, 2.1.2).
pub enum Credential {
    /// A user name and a password.
    UsernameAndPassword(UsernameAndPassword),
    /// Another type. Its value is not looked at.
    Other(CredentialType),
}

structure! {
    /// A user name and a password (KMIP 1.4, 2.1.2).
    pub struct UsernameAndPassword {
        /// The user name.
        required username: String = USERNAME;
        /// The password.
        optional password: Password = PASSWORD;
    }
}

/// A password. There is no Debug, and it is wiped when dropped.
pub struct Password(SecretBytes);

impl Password {
    /// A password, from its text.
    pub fn new(text: &str) -> Self {
        Password(SecretBytes::new(zeroize::Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// The password's text as bytes.
    pub fn secret(&self) -> &SecretBytes {
        &self.0
    }
}

impl Decode for Password {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        item.text().map(Password::new)
    }
}

impl Encode for Password {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.text(tag, std::str::from_utf8(self.0.expose()).unwrap_or_default());
    }
}

impl Decode for Credential {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let mut reader = item.structure()?;
        let kind = reader.required(tag::CREDENTIAL_TYPE)?;
        let value = reader.require(tag::CREDENTIAL_VALUE)?;
        reader.finish()?;
        Ok(match kind {
            CredentialType::UsernameAndPassword => Credential::UsernameAndPassword(Decode::decode(value)?),
            CredentialType::Device | CredentialType::Attestation | CredentialType::Unknown(_) => {
                Credential::Other(kind)
            }
        })
    }
}

impl Encode for Credential {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.structure(tag, |out| match self {
            Credential::UsernameAndPassword(value) => {
                CredentialType::UsernameAndPassword.encode(tag::CREDENTIAL_TYPE, out);
                value.encode(tag::CREDENTIAL_VALUE, out);
            }
            Credential::Other(kind) => {
                kind.encode(tag::CREDENTIAL_TYPE, out);
                out.structure(tag::CREDENTIAL_VALUE, |_| {});
            }
        });
    }
}

structure! {
    /// A message extension (KMIP 1.4, 6.16).
    pub struct MessageExtension {
        /// Whose extension.
        required vendor_identification: String = VENDOR_IDENTIFICATION;
        /// Whether the item may be dealt with by one who does not know it.
        required criticality_indicator: bool = CRITICALITY_INDICATOR;
        /// The extension.
        required vendor_extension: Value = VENDOR_EXTENSION, of Structure;
    }
}

/// A request message, read as far as its envelope goes.
pub struct RequestMessage<'a> {
    /// The version that it is in, and that its answer must be in.
    pub version: Version,
    /// The header.
    pub header: RequestHeader,
    /// The items, as many as the header says.
    pub items: Vec<RequestItem<'a>>,
}

/// A request's batch item.
pub struct RequestItem<'a> {
    /// What is to be done.
    pub operation: Operation,
    /// The client's name for the item, to be echoed byte for byte.
    pub unique_batch_item_id: Option<&'a [u8]>,
    /// The payload, not yet decoded.
    pub payload: Item<'a>,
    /// An extension.
    pub extension: Option<MessageExtension>,
}

/// Why a message could not be read, and the version to say so in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct MessageError {
    /// What is wrong.
    pub error: DecodeError,
    /// The version that the message named, if it is spoken here.
    pub version: Option<Version>,
}

impl<'a> RequestMessage<'a> {
    /// Reads a whole frame's envelope (KMIP 1.4, 7.1).
    pub fn decode(frame: &'a [u8]) -> Result<Self, MessageError> {
        let unversioned = |error| MessageError { error, version: None };
        let (version, header, reader) = open(frame).map_err(unversioned)?;
        body(version, header, reader).map_err(|error| MessageError { error, version: Some(version) })
    }
}

fn open(frame: &[u8]) -> Result<(Version, Item<'_>, Reader<'_>), DecodeError> {
    let message = Item::parse(frame, Version::NEWEST)?;
    if message.tag() != tag::REQUEST_MESSAGE {
        return Err(Fault::Unexpected.at(message.tag()));
    }
    let mut reader = message.structure()?;
    let header = reader.require(tag::REQUEST_HEADER)?;
    let numbers: ProtocolVersion = header.structure()?.required(tag::PROTOCOL_VERSION)?;
    let version = Version::from_numbers(numbers.major, numbers.minor);
    let version = version.ok_or(Fault::Version.at(tag::PROTOCOL_VERSION))?;
    reader.set_version(version);
    Ok((version, header.as_version(version), reader))
}

fn body<'a>(version: Version, header: Item<'a>, mut reader: Reader<'a>) -> Result<RequestMessage<'a>, DecodeError> {
    let header = RequestHeader::decode(header)?;
    let count = Fault::BatchCount.at(tag::BATCH_COUNT);
    if !(1..=BATCH_LIMIT).contains(&header.batch_count) {
        return Err(count);
    }
    let mut items = Vec::with_capacity(usize::try_from(header.batch_count).unwrap_or_default());
    for _ in 0..header.batch_count {
        items.push(item(reader.take(tag::BATCH_ITEM)?.ok_or(count)?)?);
    }
    match reader.peek() {
        Some(tag::BATCH_ITEM) => Err(count),
        _ => reader.finish(),
    }?;
    Ok(RequestMessage { version, header, items })
}

fn item(item: Item<'_>) -> Result<RequestItem<'_>, DecodeError> {
    let mut reader = item.structure()?;
    let item = RequestItem {
        operation: reader.required(tag::OPERATION)?,
        unique_batch_item_id: reader.take(tag::UNIQUE_BATCH_ITEM_ID)?.map(|id| id.bytes()).transpose()?,
        payload: reader.require(tag::REQUEST_PAYLOAD)?,
        extension: reader.optional(tag::MESSAGE_EXTENSION)?,
    };
    item.payload.structure()?;
    reader.finish()?;
    Ok(item)
}

/// Writes a request message: for clients, and for tests that are one.
pub fn write_request(header: &RequestHeader, items: &[(Operation, Option<&[u8]>, &dyn Encode)]) -> Writer {
    let ProtocolVersion { major, minor } = header.protocol_version;
    let mut out = Writer::new(Version::from_numbers(major, minor).unwrap_or(Version::NEWEST), 512);
    out.structure(tag::REQUEST_MESSAGE, |out| {
        header.encode(tag::REQUEST_HEADER, out);
        for (operation, id, payload) in items {
            out.structure(tag::BATCH_ITEM, |out| {
                operation.encode(tag::OPERATION, out);
                id.iter().for_each(|id| out.bytes(tag::UNIQUE_BATCH_ITEM_ID, id));
                payload.encode(tag::REQUEST_PAYLOAD, out);
            });
        }
    });
    out
}

structure! {
    /// A response's header (KMIP 1.4, 7.2).
    pub struct ResponseHeader {
        /// The version of the message.
        required protocol_version: ProtocolVersion = PROTOCOL_VERSION;
        /// The server's clock.
        required time_stamp: DateTime = TIME_STAMP;
        /// The client's own name for the exchange.
        optional client_correlation_value: String = CLIENT_CORRELATION_VALUE, since V1_4;
        /// The server's name for the exchange.
        optional server_correlation_value: String = SERVER_CORRELATION_VALUE, since V1_4;
        /// How many items follow.
        required batch_count: i32 = BATCH_COUNT;
    }
}

/// A response message, read as far as its envelope goes: for clients, and for tests that are one.
pub struct ResponseMessage<'a> {
    /// The header.
    pub header: ResponseHeader,
    /// The items.
    pub items: Vec<ResponseItem<'a>>,
}

/// A response's batch item.
pub struct ResponseItem<'a> {
    /// What was to be done.
    pub operation: Option<Operation>,
    /// The client's name for the item.
    pub unique_batch_item_id: Option<&'a [u8]>,
    /// Whether it was done.
    pub result_status: ResultStatus,
    /// Why not.
    pub result_reason: Option<ResultReason>,
    /// Why not, in words.
    pub result_message: Option<String>,
    /// The payload, not yet decoded.
    pub payload: Option<Item<'a>>,
}

impl<'a> ResponseMessage<'a> {
    /// Reads a whole frame's envelope, as the newest version that is spoken here.
    pub fn decode(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let message = Item::parse(frame, Version::NEWEST)?;
        if message.tag() != tag::RESPONSE_MESSAGE {
            return Err(Fault::Unexpected.at(message.tag()));
        }
        let mut reader = message.structure()?;
        let header = reader.required(tag::RESPONSE_HEADER)?;
        let mut items = Vec::new();
        while let Some(item) = reader.take(tag::BATCH_ITEM)? {
            items.push(response_item(item)?);
        }
        reader.finish()?;
        Ok(ResponseMessage { header, items })
    }
}

fn response_item(item: Item<'_>) -> Result<ResponseItem<'_>, DecodeError> {
    let mut reader = item.structure()?;
    let item = ResponseItem {
        operation: reader.optional(tag::OPERATION)?,
        unique_batch_item_id: reader.take(tag::UNIQUE_BATCH_ITEM_ID)?.map(|id| id.bytes()).transpose()?,
        result_status: reader.required(tag::RESULT_STATUS)?,
        result_reason: reader.optional(tag::RESULT_REASON)?,
        result_message: reader.optional(tag::RESULT_MESSAGE)?,
        payload: response_payload(&mut reader)?,
    };
    reader.take(tag::MESSAGE_EXTENSION)?;
    reader.finish()?;
    Ok(item)
}

fn response_payload<'a>(reader: &mut Reader<'a>) -> Result<Option<Item<'a>>, DecodeError> {
    reader.take(tag::ASYNCHRONOUS_CORRELATION_VALUE)?;
    reader.take(tag::RESPONSE_PAYLOAD)
}
