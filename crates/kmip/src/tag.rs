//! Every tag of KMIP 1.4 (9.1.3.1), with the version since which it exists.
//!
//! The invariant: a tag stands here once; its name in dumps and errors is the specification's.

use crate::Version;

/// The tag of an item: three bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// The first tag that extensions may use (KMIP 1.4, 9.1.3.1).
    pub const EXTENSIONS: Tag = Tag(0x54_0000);

    /// The specification's name.
    pub fn name(self) -> Option<&'static str> {
        row(self).map(|(name, _)| name)
    }

    /// The version since which the tag exists; none for one that is not in the tables.
    pub fn since(self) -> Option<Version> {
        row(self).map(|(_, since)| since)
    }

    /// Whether the tag is one that vendors and clients may give a meaning of their own.
    pub fn is_extension(self) -> bool {
        (0x54_0000..=0x54_FFFF).contains(&self.0)
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#08x}", self.0),
        }
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

tags! {
    V1_0 {
        0x42_0001 ACTIVATION_DATE "Activation Date";
        0x42_0002 APPLICATION_DATA "Application Data";
        0x42_0003 APPLICATION_NAMESPACE "Application Namespace";
        0x42_0004 APPLICATION_SPECIFIC_INFORMATION "Application Specific Information";
        0x42_0005 ARCHIVE_DATE "Archive Date";
        0x42_0006 ASYNCHRONOUS_CORRELATION_VALUE "Asynchronous Correlation Value";
        0x42_0007 ASYNCHRONOUS_INDICATOR "Asynchronous Indicator";
        0x42_0008 ATTRIBUTE "Attribute";
        0x42_0009 ATTRIBUTE_INDEX "Attribute Index";
        0x42_000A ATTRIBUTE_NAME "Attribute Name";
        0x42_000B ATTRIBUTE_VALUE "Attribute Value";
        0x42_000C AUTHENTICATION "Authentication";
        0x42_000D BATCH_COUNT "Batch Count";
        0x42_000E BATCH_ERROR_CONTINUATION_OPTION "Batch Error Continuation Option";
        0x42_000F BATCH_ITEM "Batch Item";
        0x42_0010 BATCH_ORDER_OPTION "Batch Order Option";
        0x42_0011 BLOCK_CIPHER_MODE "Block Cipher Mode";
        0x42_0012 CANCELLATION_RESULT "Cancellation Result";
        0x42_0013 CERTIFICATE "Certificate";
        0x42_0014 CERTIFICATE_IDENTIFIER "Certificate Identifier";
        0x42_0015 CERTIFICATE_ISSUER "Certificate Issuer";
        0x42_0016 CERTIFICATE_ISSUER_ALTERNATIVE_NAME "Certificate Issuer Alternative Name";
        0x42_0017 CERTIFICATE_ISSUER_DISTINGUISHED_NAME "Certificate Issuer Distinguished Name";
        0x42_0018 CERTIFICATE_REQUEST "Certificate Request";
        0x42_0019 CERTIFICATE_REQUEST_TYPE "Certificate Request Type";
        0x42_001A CERTIFICATE_SUBJECT "Certificate Subject";
        0x42_001B CERTIFICATE_SUBJECT_ALTERNATIVE_NAME "Certificate Subject Alternative Name";
        0x42_001C CERTIFICATE_SUBJECT_DISTINGUISHED_NAME "Certificate Subject Distinguished Name";
        0x42_001D CERTIFICATE_TYPE "Certificate Type";
        0x42_001E CERTIFICATE_VALUE "Certificate Value";
        0x42_001F COMMON_TEMPLATE_ATTRIBUTE "Common Template-Attribute";
        0x42_0020 COMPROMISE_DATE "Compromise Date";
        0x42_0021 COMPROMISE_OCCURRENCE_DATE "Compromise Occurrence Date";
        0x42_0022 CONTACT_INFORMATION "Contact Information";
        0x42_0023 CREDENTIAL "Credential";
        0x42_0024 CREDENTIAL_TYPE "Credential Type";
        0x42_0025 CREDENTIAL_VALUE "Credential Value";
        0x42_0026 CRITICALITY_INDICATOR "Criticality Indicator";
        0x42_0027 CRT_COEFFICIENT "CRT Coefficient";
        0x42_0028 CRYPTOGRAPHIC_ALGORITHM "Cryptographic Algorithm";
        0x42_0029 CRYPTOGRAPHIC_DOMAIN_PARAMETERS "Cryptographic Domain Parameters";
        0x42_002A CRYPTOGRAPHIC_LENGTH "Cryptographic Length";
        0x42_002B CRYPTOGRAPHIC_PARAMETERS "Cryptographic Parameters";
        0x42_002C CRYPTOGRAPHIC_USAGE_MASK "Cryptographic Usage Mask";
        0x42_002D CUSTOM_ATTRIBUTE "Custom Attribute";
        0x42_002E D "D";
        0x42_002F DEACTIVATION_DATE "Deactivation Date";
        0x42_0030 DERIVATION_DATA "Derivation Data";
        0x42_0031 DERIVATION_METHOD "Derivation Method";
        0x42_0032 DERIVATION_PARAMETERS "Derivation Parameters";
        0x42_0033 DESTROY_DATE "Destroy Date";
        0x42_0034 DIGEST "Digest";
        0x42_0035 DIGEST_VALUE "Digest Value";
        0x42_0036 ENCRYPTION_KEY_INFORMATION "Encryption Key Information";
        0x42_0037 G "G";
        0x42_0038 HASHING_ALGORITHM "Hashing Algorithm";
        0x42_0039 INITIAL_DATE "Initial Date";
        0x42_003A INITIALIZATION_VECTOR "Initialization Vector";
        0x42_003B ISSUER "Issuer";
        0x42_003C ITERATION_COUNT "Iteration Count";
        0x42_003D IV_COUNTER_NONCE "IV/Counter/Nonce";
        0x42_003E J "J";
        0x42_003F KEY "Key";
        0x42_0040 KEY_BLOCK "Key Block";
        0x42_0041 KEY_COMPRESSION_TYPE "Key Compression Type";
        0x42_0042 KEY_FORMAT_TYPE "Key Format Type";
        0x42_0043 KEY_MATERIAL "Key Material";
        0x42_0044 KEY_PART_IDENTIFIER "Key Part Identifier";
        0x42_0045 KEY_VALUE "Key Value";
        0x42_0046 KEY_WRAPPING_DATA "Key Wrapping Data";
        0x42_0047 KEY_WRAPPING_SPECIFICATION "Key Wrapping Specification";
        0x42_0048 LAST_CHANGE_DATE "Last Change Date";
        0x42_0049 LEASE_TIME "Lease Time";
        0x42_004A LINK "Link";
        0x42_004B LINK_TYPE "Link Type";
        0x42_004C LINKED_OBJECT_IDENTIFIER "Linked Object Identifier";
        0x42_004D MAC_SIGNATURE "MAC/Signature";
        0x42_004E MAC_SIGNATURE_KEY_INFORMATION "MAC/Signature Key Information";
        0x42_004F MAXIMUM_ITEMS "Maximum Items";
        0x42_0050 MAXIMUM_RESPONSE_SIZE "Maximum Response Size";
        0x42_0051 MESSAGE_EXTENSION "Message Extension";
        0x42_0052 MODULUS "Modulus";
        0x42_0053 NAME "Name";
        0x42_0054 NAME_TYPE "Name Type";
        0x42_0055 NAME_VALUE "Name Value";
        0x42_0056 OBJECT_GROUP "Object Group";
        0x42_0057 OBJECT_TYPE "Object Type";
        0x42_0058 OFFSET "Offset";
        0x42_0059 OPAQUE_DATA_TYPE "Opaque Data Type";
        0x42_005A OPAQUE_DATA_VALUE "Opaque Data Value";
        0x42_005B OPAQUE_OBJECT "Opaque Object";
        0x42_005C OPERATION "Operation";
        0x42_005D OPERATION_POLICY_NAME "Operation Policy Name";
        0x42_005E P "P";
        0x42_005F PADDING_METHOD "Padding Method";
        0x42_0060 PRIME_EXPONENT_P "Prime Exponent P";
        0x42_0061 PRIME_EXPONENT_Q "Prime Exponent Q";
        0x42_0062 PRIME_FIELD_SIZE "Prime Field Size";
        0x42_0063 PRIVATE_EXPONENT "Private Exponent";
        0x42_0064 PRIVATE_KEY "Private Key";
        0x42_0065 PRIVATE_KEY_TEMPLATE_ATTRIBUTE "Private Key Template-Attribute";
        0x42_0066 PRIVATE_KEY_UNIQUE_IDENTIFIER "Private Key Unique Identifier";
        0x42_0067 PROCESS_START_DATE "Process Start Date";
        0x42_0068 PROTECT_STOP_DATE "Protect Stop Date";
        0x42_0069 PROTOCOL_VERSION "Protocol Version";
        0x42_006A PROTOCOL_VERSION_MAJOR "Protocol Version Major";
        0x42_006B PROTOCOL_VERSION_MINOR "Protocol Version Minor";
        0x42_006C PUBLIC_EXPONENT "Public Exponent";
        0x42_006D PUBLIC_KEY "Public Key";
        0x42_006E PUBLIC_KEY_TEMPLATE_ATTRIBUTE "Public Key Template-Attribute";
        0x42_006F PUBLIC_KEY_UNIQUE_IDENTIFIER "Public Key Unique Identifier";
        0x42_0070 PUT_FUNCTION "Put Function";
        0x42_0071 Q "Q";
        0x42_0072 Q_STRING "Q String";
        0x42_0073 QLENGTH "Qlength";
        0x42_0074 QUERY_FUNCTION "Query Function";
        0x42_0075 RECOMMENDED_CURVE "Recommended Curve";
        0x42_0076 REPLACED_UNIQUE_IDENTIFIER "Replaced Unique Identifier";
        0x42_0077 REQUEST_HEADER "Request Header";
        0x42_0078 REQUEST_MESSAGE "Request Message";
        0x42_0079 REQUEST_PAYLOAD "Request Payload";
        0x42_007A RESPONSE_HEADER "Response Header";
        0x42_007B RESPONSE_MESSAGE "Response Message";
        0x42_007C RESPONSE_PAYLOAD "Response Payload";
        0x42_007D RESULT_MESSAGE "Result Message";
        0x42_007E RESULT_REASON "Result Reason";
        0x42_007F RESULT_STATUS "Result Status";
        0x42_0080 REVOCATION_MESSAGE "Revocation Message";
        0x42_0081 REVOCATION_REASON "Revocation Reason";
        0x42_0082 REVOCATION_REASON_CODE "Revocation Reason Code";
        0x42_0083 KEY_ROLE_TYPE "Key Role Type";
        0x42_0084 SALT "Salt";
        0x42_0085 SECRET_DATA "Secret Data";
        0x42_0086 SECRET_DATA_TYPE "Secret Data Type";
        0x42_0087 SERIAL_NUMBER "Serial Number";
        0x42_0088 SERVER_INFORMATION "Server Information";
        0x42_0089 SPLIT_KEY "Split Key";
        0x42_008A SPLIT_KEY_METHOD "Split Key Method";
        0x42_008B SPLIT_KEY_PARTS "Split Key Parts";
        0x42_008C SPLIT_KEY_THRESHOLD "Split Key Threshold";
        0x42_008D STATE "State";
        0x42_008E STORAGE_STATUS_MASK "Storage Status Mask";
        0x42_008F SYMMETRIC_KEY "Symmetric Key";
        0x42_0090 TEMPLATE "Template";
        0x42_0091 TEMPLATE_ATTRIBUTE "Template-Attribute";
        0x42_0092 TIME_STAMP "Time Stamp";
        0x42_0093 UNIQUE_BATCH_ITEM_ID "Unique Batch Item ID";
        0x42_0094 UNIQUE_IDENTIFIER "Unique Identifier";
        0x42_0095 USAGE_LIMITS "Usage Limits";
        0x42_0096 USAGE_LIMITS_COUNT "Usage Limits Count";
        0x42_0097 USAGE_LIMITS_TOTAL "Usage Limits Total";
        0x42_0098 USAGE_LIMITS_UNIT "Usage Limits Unit";
        0x42_0099 USERNAME "Username";
        0x42_009A VALIDITY_DATE "Validity Date";
        0x42_009B VALIDITY_INDICATOR "Validity Indicator";
        0x42_009C VENDOR_EXTENSION "Vendor Extension";
        0x42_009D VENDOR_IDENTIFICATION "Vendor Identification";
        0x42_009E WRAPPING_METHOD "Wrapping Method";
        0x42_009F X "X";
        0x42_00A0 Y "Y";
        0x42_00A1 PASSWORD "Password";
    }
    V1_1 {
        0x42_00A2 DEVICE_IDENTIFIER "Device Identifier";
        0x42_00A3 ENCODING_OPTION "Encoding Option";
        0x42_00A4 EXTENSION_INFORMATION "Extension Information";
        0x42_00A5 EXTENSION_NAME "Extension Name";
        0x42_00A6 EXTENSION_TAG "Extension Tag";
        0x42_00A7 EXTENSION_TYPE "Extension Type";
        0x42_00A8 FRESH "Fresh";
        0x42_00A9 MACHINE_IDENTIFIER "Machine Identifier";
        0x42_00AA MEDIA_IDENTIFIER "Media Identifier";
        0x42_00AB NETWORK_IDENTIFIER "Network Identifier";
        0x42_00AC OBJECT_GROUP_MEMBER "Object Group Member";
        0x42_00AD CERTIFICATE_LENGTH "Certificate Length";
        0x42_00AE DIGITAL_SIGNATURE_ALGORITHM "Digital Signature Algorithm";
        0x42_00AF CERTIFICATE_SERIAL_NUMBER "Certificate Serial Number";
        0x42_00B0 DEVICE_SERIAL_NUMBER "Device Serial Number";
        0x42_00B1 ISSUER_ALTERNATIVE_NAME "Issuer Alternative Name";
        0x42_00B2 ISSUER_DISTINGUISHED_NAME "Issuer Distinguished Name";
        0x42_00B3 SUBJECT_ALTERNATIVE_NAME "Subject Alternative Name";
        0x42_00B4 SUBJECT_DISTINGUISHED_NAME "Subject Distinguished Name";
        0x42_00B5 X509_CERTIFICATE_IDENTIFIER "X.509 Certificate Identifier";
        0x42_00B6 X509_CERTIFICATE_ISSUER "X.509 Certificate Issuer";
        0x42_00B7 X509_CERTIFICATE_SUBJECT "X.509 Certificate Subject";
    }
    V1_2 {
        0x42_00B8 KEY_VALUE_LOCATION "Key Value Location";
        0x42_00B9 KEY_VALUE_LOCATION_VALUE "Key Value Location Value";
        0x42_00BA KEY_VALUE_LOCATION_TYPE "Key Value Location Type";
        0x42_00BB KEY_VALUE_PRESENT "Key Value Present";
        0x42_00BC ORIGINAL_CREATION_DATE "Original Creation Date";
        0x42_00BD PGP_KEY "PGP Key";
        0x42_00BE PGP_KEY_VERSION "PGP Key Version";
        0x42_00BF ALTERNATIVE_NAME "Alternative Name";
        0x42_00C0 ALTERNATIVE_NAME_VALUE "Alternative Name Value";
        0x42_00C1 ALTERNATIVE_NAME_TYPE "Alternative Name Type";
        0x42_00C2 DATA "Data";
        0x42_00C3 SIGNATURE_DATA "Signature Data";
        0x42_00C4 DATA_LENGTH "Data Length";
        0x42_00C5 RANDOM_IV "Random IV";
        0x42_00C6 MAC_DATA "MAC Data";
        0x42_00C7 ATTESTATION_TYPE "Attestation Type";
        0x42_00C8 NONCE "Nonce";
        0x42_00C9 NONCE_ID "Nonce ID";
        0x42_00CA NONCE_VALUE "Nonce Value";
        0x42_00CB ATTESTATION_MEASUREMENT "Attestation Measurement";
        0x42_00CC ATTESTATION_ASSERTION "Attestation Assertion";
        0x42_00CD IV_LENGTH "IV Length";
        0x42_00CE TAG_LENGTH "Tag Length";
        0x42_00CF FIXED_FIELD_LENGTH "Fixed Field Length";
        0x42_00D0 COUNTER_LENGTH "Counter Length";
        0x42_00D1 INITIAL_COUNTER_VALUE "Initial Counter Value";
        0x42_00D2 INVOCATION_FIELD_LENGTH "Invocation Field Length";
        0x42_00D3 ATTESTATION_CAPABLE_INDICATOR "Attestation Capable Indicator";
    }
    V1_3 {
        0x42_00D4 OFFSET_ITEMS "Offset Items";
        0x42_00D5 LOCATED_ITEMS "Located Items";
        0x42_00D6 CORRELATION_VALUE "Correlation Value";
        0x42_00D7 INIT_INDICATOR "Init Indicator";
        0x42_00D8 FINAL_INDICATOR "Final Indicator";
        0x42_00D9 RNG_PARAMETERS "RNG Parameters";
        0x42_00DA RNG_ALGORITHM "RNG Algorithm";
        0x42_00DB DRBG_ALGORITHM "DRBG Algorithm";
        0x42_00DC FIPS186_VARIATION "FIPS186 Variation";
        0x42_00DD PREDICTION_RESISTANCE "Prediction Resistance";
        0x42_00DE RANDOM_NUMBER_GENERATOR "Random Number Generator";
        0x42_00DF VALIDATION_INFORMATION "Validation Information";
        0x42_00E0 VALIDATION_AUTHORITY_TYPE "Validation Authority Type";
        0x42_00E1 VALIDATION_AUTHORITY_COUNTRY "Validation Authority Country";
        0x42_00E2 VALIDATION_AUTHORITY_URI "Validation Authority URI";
        0x42_00E3 VALIDATION_VERSION_MAJOR "Validation Version Major";
        0x42_00E4 VALIDATION_VERSION_MINOR "Validation Version Minor";
        0x42_00E5 VALIDATION_TYPE "Validation Type";
        0x42_00E6 VALIDATION_LEVEL "Validation Level";
        0x42_00E7 VALIDATION_CERTIFICATE_IDENTIFIER "Validation Certificate Identifier";
        0x42_00E8 VALIDATION_CERTIFICATE_URI "Validation Certificate URI";
        0x42_00E9 VALIDATION_VENDOR_URI "Validation Vendor URI";
        0x42_00EA VALIDATION_PROFILE "Validation Profile";
        0x42_00EB PROFILE_INFORMATION "Profile Information";
        0x42_00EC PROFILE_NAME "Profile Name";
        0x42_00ED SERVER_URI "Server URI";
        0x42_00EE SERVER_PORT "Server Port";
        0x42_00EF STREAMING_CAPABILITY "Streaming Capability";
        0x42_00F0 ASYNCHRONOUS_CAPABILITY "Asynchronous Capability";
        0x42_00F1 ATTESTATION_CAPABILITY "Attestation Capability";
        0x42_00F2 UNWRAP_MODE "Unwrap Mode";
        0x42_00F3 DESTROY_ACTION "Destroy Action";
        0x42_00F4 SHREDDING_ALGORITHM "Shredding Algorithm";
        0x42_00F5 RNG_MODE "RNG Mode";
        0x42_00F6 CLIENT_REGISTRATION_METHOD "Client Registration Method";
        0x42_00F7 CAPABILITY_INFORMATION "Capability Information";
    }
    V1_4 {
        0x42_00F8 KEY_WRAP_TYPE "Key Wrap Type";
        0x42_00F9 BATCH_UNDO_CAPABILITY "Batch Undo Capability";
        0x42_00FA BATCH_CONTINUE_CAPABILITY "Batch Continue Capability";
        0x42_00FB PKCS12_FRIENDLY_NAME "PKCS#12 Friendly Name";
        0x42_00FC DESCRIPTION "Description";
        0x42_00FD COMMENT "Comment";
        0x42_00FE AUTHENTICATED_ENCRYPTION_ADDITIONAL_DATA "Authenticated Encryption Additional Data";
        0x42_00FF AUTHENTICATED_ENCRYPTION_TAG "Authenticated Encryption Tag";
        0x42_0100 SALT_LENGTH "Salt Length";
        0x42_0101 MASK_GENERATOR "Mask Generator";
        0x42_0102 MASK_GENERATOR_HASHING_ALGORITHM "Mask Generator Hashing Algorithm";
        0x42_0103 P_SOURCE "P Source";
        0x42_0104 TRAILER_FIELD "Trailer Field";
        0x42_0105 CLIENT_CORRELATION_VALUE "Client Correlation Value";
        0x42_0106 SERVER_CORRELATION_VALUE "Server Correlation Value";
        0x42_0107 DIGESTED_DATA "Digested Data";
        0x42_0108 CERTIFICATE_SUBJECT_CN "Certificate Subject CN";
        0x42_0109 CERTIFICATE_SUBJECT_O "Certificate Subject O";
        0x42_010A CERTIFICATE_SUBJECT_OU "Certificate Subject OU";
        0x42_010B CERTIFICATE_SUBJECT_EMAIL "Certificate Subject Email";
        0x42_010C CERTIFICATE_SUBJECT_C "Certificate Subject C";
        0x42_010D CERTIFICATE_SUBJECT_ST "Certificate Subject ST";
        0x42_010E CERTIFICATE_SUBJECT_L "Certificate Subject L";
        0x42_010F CERTIFICATE_SUBJECT_UID "Certificate Subject UID";
        0x42_0110 CERTIFICATE_SUBJECT_SERIAL_NUMBER "Certificate Subject Serial Number";
        0x42_0111 CERTIFICATE_SUBJECT_TITLE "Certificate Subject Title";
        0x42_0112 CERTIFICATE_SUBJECT_DC "Certificate Subject DC";
        0x42_0113 CERTIFICATE_SUBJECT_DN_QUALIFIER "Certificate Subject DN Qualifier";
        0x42_0114 CERTIFICATE_ISSUER_CN "Certificate Issuer CN";
        0x42_0115 CERTIFICATE_ISSUER_O "Certificate Issuer O";
        0x42_0116 CERTIFICATE_ISSUER_OU "Certificate Issuer OU";
        0x42_0117 CERTIFICATE_ISSUER_EMAIL "Certificate Issuer Email";
        0x42_0118 CERTIFICATE_ISSUER_C "Certificate Issuer C";
        0x42_0119 CERTIFICATE_ISSUER_ST "Certificate Issuer ST";
        0x42_011A CERTIFICATE_ISSUER_L "Certificate Issuer L";
        0x42_011B CERTIFICATE_ISSUER_UID "Certificate Issuer UID";
        0x42_011C CERTIFICATE_ISSUER_SERIAL_NUMBER "Certificate Issuer Serial Number";
        0x42_011D CERTIFICATE_ISSUER_TITLE "Certificate Issuer Title";
        0x42_011E CERTIFICATE_ISSUER_DC "Certificate Issuer DC";
        0x42_011F CERTIFICATE_ISSUER_DN_QUALIFIER "Certificate Issuer DN Qualifier";
        0x42_0120 SENSITIVE "Sensitive";
        0x42_0121 ALWAYS_SENSITIVE "Always Sensitive";
        0x42_0122 EXTRACTABLE "Extractable";
        0x42_0123 NEVER_EXTRACTABLE "Never Extractable";
        0x42_0124 REPLACE_EXISTING "Replace Existing";
    }
}
