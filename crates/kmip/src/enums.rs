//! Every enumeration of KMIP 1.4 (9.1.3.2), each value with the version since which it exists.
//!
//! The invariant: a number that is in none of the tables survives decoding and encoding.

use crate::{Tag, Version, tag};

enumeration! {
    /// Alternative Name Type (KMIP 1.4, 9.1.3.2.34).
    pub enum AlternativeNameType {
        V1_2 {
            UninterpretedTextString = 1 "Uninterpreted Text String";
            URI = 2 "URI";
            ObjectSerialNumber = 3 "Object Serial Number";
            EmailAddress = 4 "Email Address";
            DNSName = 5 "DNS Name";
            X500DistinguishedName = 6 "X.500 Distinguished Name";
            IPAddress = 7 "IP Address";
        }
    }
}

enumeration! {
    /// Attestation Type (KMIP 1.4, 9.1.3.2.36).
    pub enum AttestationType {
        V1_2 {
            TPMQuote = 1 "TPM Quote";
            TCGIntegrityReport = 2 "TCG Integrity Report";
            SAMLAssertion = 3 "SAML Assertion";
        }
    }
}

enumeration! {
    /// Batch Error Continuation Option (KMIP 1.4, 9.1.3.2.30).
    pub enum BatchErrorContinuationOption {
        V1_0 {
            Continue = 1 "Continue";
            Stop = 2 "Stop";
            Undo = 3 "Undo";
        }
    }
}

enumeration! {
    /// Block Cipher Mode (KMIP 1.4, 9.1.3.2.14).
    pub enum BlockCipherMode {
        V1_0 {
            CBC = 1 "CBC";
            ECB = 2 "ECB";
            PCBC = 3 "PCBC";
            CFB = 4 "CFB";
            OFB = 5 "OFB";
            CTR = 6 "CTR";
            CMAC = 7 "CMAC";
            CCM = 8 "CCM";
            GCM = 9 "GCM";
            CBCMAC = 0x0A "CBC-MAC";
            XTS = 0x0B "XTS";
            AESKeyWrapPadding = 0x0C "AESKeyWrapPadding";
            NISTKeyWrap = 0x0D "NISTKeyWrap";
            X9102AESKW = 0x0E "X9.102 AESKW";
            X9102TDKW = 0x0F "X9.102 TDKW";
            X9102AKW1 = 0x10 "X9.102 AKW1";
            X9102AKW2 = 0x11 "X9.102 AKW2";
        }
        V1_4 {
            AEAD = 0x12 "AEAD";
        }
    }
}

enumeration! {
    /// Cancellation Result (KMIP 1.4, 9.1.3.2.25).
    pub enum CancellationResult {
        V1_0 {
            Canceled = 1 "Canceled";
            UnableToCancel = 2 "Unable to Cancel";
            Completed = 3 "Completed";
            Failed = 4 "Failed";
            Unavailable = 5 "Unavailable";
        }
    }
}

enumeration! {
    /// Certificate Request Type (KMIP 1.4, 9.1.3.2.22).
    pub enum CertificateRequestType {
        V1_0 {
            CRMF = 1 "CRMF";
            PKCS10 = 2 "PKCS#10";
            PEM = 3 "PEM";
            PGP = 4 "PGP";
        }
    }
}

enumeration! {
    /// Certificate Type (KMIP 1.4, 9.1.3.2.6).
    pub enum CertificateType {
        V1_0 {
            X509 = 1 "X.509";
            PGP = 2 "PGP";
        }
    }
}

enumeration! {
    /// Client Registration Method (KMIP 1.4, 9.1.3.2.47).
    pub enum ClientRegistrationMethod {
        V1_3 {
            Unspecified = 1 "Unspecified";
            ServerPreGenerated = 2 "Server Pre-Generated";
            ServerOnDemand = 3 "Server On-Demand";
            ClientGenerated = 4 "Client Generated";
            ClientRegistered = 5 "Client Registered";
        }
    }
}

enumeration! {
    /// Credential Type (KMIP 1.4, 9.1.3.2.1).
    pub enum CredentialType {
        V1_0 {
            UsernameAndPassword = 1 "Username and Password";
        }
        V1_1 {
            Device = 2 "Device";
        }
        V1_2 {
            Attestation = 3 "Attestation";
        }
    }
}

enumeration! {
    /// Cryptographic Algorithm (KMIP 1.4, 9.1.3.2.13).
    pub enum CryptographicAlgorithm {
        V1_0 {
            DES = 1 "DES";
            DES3 = 2 "3DES";
            AES = 3 "AES";
            RSA = 4 "RSA";
            DSA = 5 "DSA";
            ECDSA = 6 "ECDSA";
            HMACSHA1 = 7 "HMAC-SHA1";
            HMACSHA224 = 8 "HMAC-SHA224";
            HMACSHA256 = 9 "HMAC-SHA256";
            HMACSHA384 = 0x0A "HMAC-SHA384";
            HMACSHA512 = 0x0B "HMAC-SHA512";
            HMACMD5 = 0x0C "HMAC-MD5";
            DH = 0x0D "DH";
            ECDH = 0x0E "ECDH";
            ECMQV = 0x0F "ECMQV";
            Blowfish = 0x10 "Blowfish";
            Camellia = 0x11 "Camellia";
            CAST5 = 0x12 "CAST5";
            IDEA = 0x13 "IDEA";
            MARS = 0x14 "MARS";
            RC2 = 0x15 "RC2";
            RC4 = 0x16 "RC4";
            RC5 = 0x17 "RC5";
            SKIPJACK = 0x18 "SKIPJACK";
            Twofish = 0x19 "Twofish";
        }
        V1_2 {
            EC = 0x1A "EC";
        }
        V1_3 {
            OneTimePad = 0x1B "One Time Pad";
        }
        V1_4 {
            ChaCha20 = 0x1C "ChaCha20";
            Poly1305 = 0x1D "Poly1305";
            ChaCha20Poly1305 = 0x1E "ChaCha20Poly1305";
            SHA3224 = 0x1F "SHA3-224";
            SHA3256 = 0x20 "SHA3-256";
            SHA3384 = 0x21 "SHA3-384";
            SHA3512 = 0x22 "SHA3-512";
            HMACSHA3224 = 0x23 "HMAC-SHA3-224";
            HMACSHA3256 = 0x24 "HMAC-SHA3-256";
            HMACSHA3384 = 0x25 "HMAC-SHA3-384";
            HMACSHA3512 = 0x26 "HMAC-SHA3-512";
            SHAKE128 = 0x27 "SHAKE-128";
            SHAKE256 = 0x28 "SHAKE-256";
        }
    }
}

enumeration! {
    /// DRBG Algorithm (KMIP 1.4, 9.1.3.2.38).
    pub enum DrbgAlgorithm {
        V1_3 {
            Unspecified = 1 "Unspecified";
            DualEC = 2 "Dual-EC";
            Hash = 3 "Hash";
            HMAC = 4 "HMAC";
            CTR = 5 "CTR";
        }
    }
}

enumeration! {
    /// Derivation Method (KMIP 1.4, 9.1.3.2.21).
    pub enum DerivationMethod {
        V1_0 {
            PBKDF2 = 1 "PBKDF2";
            HASH = 2 "HASH";
            HMAC = 3 "HMAC";
            ENCRYPT = 4 "ENCRYPT";
            NIST800108C = 5 "NIST800-108-C";
            NIST800108F = 6 "NIST800-108-F";
            NIST800108DPI = 7 "NIST800-108-DPI";
        }
        V1_4 {
            AsymmetricKey = 8 "Asymmetric Key";
        }
    }
}

enumeration! {
    /// Destroy Action Type (KMIP 1.4, 9.1.3.2.44).
    pub enum DestroyAction {
        V1_3 {
            Unspecified = 1 "Unspecified";
            KeyMaterialDeleted = 2 "Key Material Deleted";
            KeyMaterialShredded = 3 "Key Material Shredded";
            MetaDataDeleted = 4 "Meta Data Deleted";
            MetaDataShredded = 5 "Meta Data Shredded";
            Deleted = 6 "Deleted";
            Shredded = 7 "Shredded";
        }
    }
}

enumeration! {
    /// Digital Signature Algorithm (KMIP 1.4, 9.1.3.2.7).
    pub enum DigitalSignatureAlgorithm {
        V1_1 {
            MD2WithRSAEncryption = 1 "MD2 with RSA Encryption (PKCS#1 v1.5)";
            MD5WithRSAEncryption = 2 "MD5 with RSA Encryption (PKCS#1 v1.5)";
            SHA1WithRSAEncryption = 3 "SHA-1 with RSA Encryption (PKCS#1 v1.5)";
            SHA224WithRSAEncryption = 4 "SHA-224 with RSA Encryption (PKCS#1 v1.5)";
            SHA256WithRSAEncryption = 5 "SHA-256 with RSA Encryption (PKCS#1 v1.5)";
            SHA384WithRSAEncryption = 6 "SHA-384 with RSA Encryption (PKCS#1 v1.5)";
            SHA512WithRSAEncryption = 7 "SHA-512 with RSA Encryption (PKCS#1 v1.5)";
            RSASSAPSS = 8 "RSASSA-PSS (PKCS#1 v2.1)";
            DSAWithSHA1 = 9 "DSA with SHA-1";
            DSAWithSHA224 = 0x0A "DSA with SHA224";
            DSAWithSHA256 = 0x0B "DSA with SHA256";
            ECDSAWithSHA1 = 0x0C "ECDSA with SHA-1";
            ECDSAWithSHA224 = 0x0D "ECDSA with SHA224";
            ECDSAWithSHA256 = 0x0E "ECDSA with SHA256";
            ECDSAWithSHA384 = 0x0F "ECDSA with SHA384";
            ECDSAWithSHA512 = 0x10 "ECDSA with SHA512";
        }
        V1_4 {
            SHA3256WithRSAEncryption = 0x11 "SHA3-256 with RSA Encryption";
            SHA3384WithRSAEncryption = 0x12 "SHA3-384 with RSA Encryption";
            SHA3512WithRSAEncryption = 0x13 "SHA3-512 with RSA Encryption";
        }
    }
}

enumeration! {
    /// Encoding Option (KMIP 1.4, 9.1.3.2.32).
    pub enum EncodingOption {
        V1_1 {
            NoEncoding = 1 "No Encoding";
            TTLVEncoding = 2 "TTLV Encoding";
        }
    }
}

enumeration! {
    /// FIPS186 Variation (KMIP 1.4, 9.1.3.2.39).
    pub enum Fips186Variation {
        V1_3 {
            Unspecified = 1 "Unspecified";
            GPXOriginal = 2 "GP x-Original";
            GPXChangeNotice = 3 "GP x-Change Notice";
            XOriginal = 4 "x-Original";
            XChangeNotice = 5 "x-Change Notice";
            KOriginal = 6 "k-Original";
            KChangeNotice = 7 "k-Change Notice";
        }
    }
}

enumeration! {
    /// Hashing Algorithm (KMIP 1.4, 9.1.3.2.16).
    pub enum HashingAlgorithm {
        V1_0 {
            MD2 = 1 "MD2";
            MD4 = 2 "MD4";
            MD5 = 3 "MD5";
            SHA1 = 4 "SHA-1";
            SHA224 = 5 "SHA-224";
            SHA256 = 6 "SHA-256";
            SHA384 = 7 "SHA-384";
            SHA512 = 8 "SHA-512";
            RIPEMD160 = 9 "RIPEMD-160";
            Tiger = 0x0A "Tiger";
            Whirlpool = 0x0B "Whirlpool";
        }
        V1_2 {
            SHA512224 = 0x0C "SHA-512/224";
            SHA512256 = 0x0D "SHA-512/256";
        }
        V1_4 {
            SHA3224 = 0x0E "SHA-3-224";
            SHA3256 = 0x0F "SHA-3-256";
            SHA3384 = 0x10 "SHA-3-384";
            SHA3512 = 0x11 "SHA-3-512";
        }
    }
}

enumeration! {
    /// Key Compression Type (KMIP 1.4, 9.1.3.2.2).
    pub enum KeyCompressionType {
        V1_0 {
            ECPublicKeyTypeUncompressed = 1 "EC Public Key Type Uncompressed";
            ECPublicKeyTypeX962CompressedPrime = 2 "EC Public Key Type X9.62 Compressed Prime";
            ECPublicKeyTypeX962CompressedChar2 = 3 "EC Public Key Type X9.62 Compressed Char2";
            ECPublicKeyTypeX962Hybrid = 4 "EC Public Key Type X9.62 Hybrid";
        }
    }
}

enumeration! {
    /// Key Format Type (KMIP 1.4, 9.1.3.2.3).
    pub enum KeyFormatType {
        V1_0 {
            Raw = 1 "Raw";
            Opaque = 2 "Opaque";
            PKCS1 = 3 "PKCS#1";
            PKCS8 = 4 "PKCS#8";
            X509 = 5 "X.509";
            ECPrivateKey = 6 "ECPrivateKey";
            TransparentSymmetricKey = 7 "Transparent Symmetric Key";
            TransparentDSAPrivateKey = 8 "Transparent DSA Private Key";
            TransparentDSAPublicKey = 9 "Transparent DSA Public Key";
            TransparentRSAPrivateKey = 0x0A "Transparent RSA Private Key";
            TransparentRSAPublicKey = 0x0B "Transparent RSA Public Key";
            TransparentDHPrivateKey = 0x0C "Transparent DH Private Key";
            TransparentDHPublicKey = 0x0D "Transparent DH Public Key";
            TransparentECDSAPrivateKey = 0x0E "Transparent ECDSA Private Key";
            TransparentECDSAPublicKey = 0x0F "Transparent ECDSA Public Key";
            TransparentECDHPrivateKey = 0x10 "Transparent ECDH Private Key";
            TransparentECDHPublicKey = 0x11 "Transparent ECDH Public Key";
            TransparentECMQVPrivateKey = 0x12 "Transparent ECMQV Private Key";
            TransparentECMQVPublicKey = 0x13 "Transparent ECMQV Public Key";
        }
        V1_3 {
            TransparentECPrivateKey = 0x14 "Transparent EC Private Key";
            TransparentECPublicKey = 0x15 "Transparent EC Public Key";
        }
        V1_4 {
            PKCS12 = 0x16 "PKCS#12";
        }
    }
}

enumeration! {
    /// Key Role Type (KMIP 1.4, 9.1.3.2.17).
    pub enum KeyRoleType {
        V1_0 {
            BDK = 1 "BDK";
            CVK = 2 "CVK";
            DEK = 3 "DEK";
            MKAC = 4 "MKAC";
            MKSMC = 5 "MKSMC";
            MKSMI = 6 "MKSMI";
            MKDAC = 7 "MKDAC";
            MKDN = 8 "MKDN";
            MKCP = 9 "MKCP";
            MKOTH = 0x0A "MKOTH";
            KEK = 0x0B "KEK";
            MAC16609 = 0x0C "MAC16609";
            MAC97971 = 0x0D "MAC97971";
            MAC97972 = 0x0E "MAC97972";
            MAC97973 = 0x0F "MAC97973";
            MAC97974 = 0x10 "MAC97974";
            MAC97975 = 0x11 "MAC97975";
            ZPK = 0x12 "ZPK";
            PVKIBM = 0x13 "PVKIBM";
            PVKPVV = 0x14 "PVKPVV";
            PVKOTH = 0x15 "PVKOTH";
        }
        V1_4 {
            DUKPT = 0x16 "DUKPT";
            IV = 0x17 "IV";
            TRKBK = 0x18 "TRKBK";
        }
    }
}

enumeration! {
    /// Key Value Location Type (KMIP 1.4, 9.1.3.2.35).
    pub enum KeyValueLocationType {
        V1_2 {
            UninterpretedTextString = 1 "Uninterpreted Text String";
            URI = 2 "URI";
        }
    }
}

enumeration! {
    /// Key Wrap Type (KMIP 1.4, 9.1.3.2.48).
    pub enum KeyWrapType {
        V1_4 {
            NotWrapped = 1 "Not Wrapped";
            AsRegistered = 2 "As Registered";
        }
    }
}

enumeration! {
    /// Link Type (KMIP 1.4, 9.1.3.2.20).
    pub enum LinkType {
        V1_0 {
            CertificateLink = 0x101 "Certificate Link";
            PublicKeyLink = 0x102 "Public Key Link";
            PrivateKeyLink = 0x103 "Private Key Link";
            DerivationBaseObjectLink = 0x104 "Derivation Base Object Link";
            DerivedKeyLink = 0x105 "Derived Key Link";
            ReplacementObjectLink = 0x106 "Replacement Object Link";
            ReplacedObjectLink = 0x107 "Replaced Object Link";
        }
        V1_2 {
            ParentLink = 0x108 "Parent Link";
            ChildLink = 0x109 "Child Link";
            PreviousLink = 0x10A "Previous Link";
            NextLink = 0x10B "Next Link";
        }
        V1_4 {
            PKCS12CertificateLink = 0x10C "PKCS#12 Certificate Link";
            PKCS12PasswordLink = 0x10D "PKCS#12 Password Link";
        }
    }
}

enumeration! {
    /// Mask Generator (KMIP 1.4, 9.1.3.2.49).
    pub enum MaskGenerator {
        V1_4 {
            MGF1 = 1 "MGF1";
        }
    }
}

enumeration! {
    /// Name Type (KMIP 1.4, 9.1.3.2.11).
    pub enum NameType {
        V1_0 {
            UninterpretedTextString = 1 "Uninterpreted Text String";
            URI = 2 "URI";
        }
    }
}

enumeration! {
    /// Object Group Member (KMIP 1.4, 9.1.3.2.33).
    pub enum ObjectGroupMember {
        V1_1 {
            GroupMemberFresh = 1 "Group Member Fresh";
            GroupMemberDefault = 2 "Group Member Default";
        }
    }
}

enumeration! {
    /// Object Type (KMIP 1.4, 9.1.3.2.12).
    pub enum ObjectType {
        V1_0 {
            Certificate = 1 "Certificate";
            SymmetricKey = 2 "Symmetric Key";
            PublicKey = 3 "Public Key";
            PrivateKey = 4 "Private Key";
            SplitKey = 5 "Split Key";
            Template = 6 "Template";
            SecretData = 7 "Secret Data";
            OpaqueObject = 8 "Opaque Object";
        }
        V1_2 {
            PGPKey = 9 "PGP Key";
        }
    }
}

enumeration! {
    /// Operation (KMIP 1.4, 9.1.3.2.27).
    pub enum Operation {
        V1_0 {
            Create = 1 "Create";
            CreateKeyPair = 2 "Create Key Pair";
            Register = 3 "Register";
            ReKey = 4 "Re-key";
            DeriveKey = 5 "Derive Key";
            Certify = 6 "Certify";
            ReCertify = 7 "Re-certify";
            Locate = 8 "Locate";
            Check = 9 "Check";
            Get = 0x0A "Get";
            GetAttributes = 0x0B "Get Attributes";
            GetAttributeList = 0x0C "Get Attribute List";
            AddAttribute = 0x0D "Add Attribute";
            ModifyAttribute = 0x0E "Modify Attribute";
            DeleteAttribute = 0x0F "Delete Attribute";
            ObtainLease = 0x10 "Obtain Lease";
            GetUsageAllocation = 0x11 "Get Usage Allocation";
            Activate = 0x12 "Activate";
            Revoke = 0x13 "Revoke";
            Destroy = 0x14 "Destroy";
            Archive = 0x15 "Archive";
            Recover = 0x16 "Recover";
            Validate = 0x17 "Validate";
            Query = 0x18 "Query";
            Cancel = 0x19 "Cancel";
            Poll = 0x1A "Poll";
            Notify = 0x1B "Notify";
            Put = 0x1C "Put";
        }
        V1_1 {
            ReKeyKeyPair = 0x1D "Re-key Key Pair";
            DiscoverVersions = 0x1E "Discover Versions";
        }
        V1_2 {
            Encrypt = 0x1F "Encrypt";
            Decrypt = 0x20 "Decrypt";
            Sign = 0x21 "Sign";
            SignatureVerify = 0x22 "Signature Verify";
            MAC = 0x23 "MAC";
            MACVerify = 0x24 "MAC Verify";
            RNGRetrieve = 0x25 "RNG Retrieve";
            RNGSeed = 0x26 "RNG Seed";
            Hash = 0x27 "Hash";
            CreateSplitKey = 0x28 "Create Split Key";
            JoinSplitKey = 0x29 "Join Split Key";
        }
        V1_4 {
            Import = 0x2A "Import";
            Export = 0x2B "Export";
        }
    }
}

enumeration! {
    /// Padding Method (KMIP 1.4, 9.1.3.2.15).
    pub enum PaddingMethod {
        V1_0 {
            None = 1 "None";
            OAEP = 2 "OAEP";
            PKCS5 = 3 "PKCS5";
            SSL3 = 4 "SSL3";
            Zeros = 5 "Zeros";
            ANSIX923 = 6 "ANSI X9.23";
            ISO10126 = 7 "ISO 10126";
            PKCS1V15 = 8 "PKCS1 v1.5";
            X931 = 9 "X9.31";
            PSS = 0x0A "PSS";
        }
    }
}

enumeration! {
    /// Profile Name (KMIP 1.4, 9.1.3.2.42).
    pub enum ProfileName {
        V1_3 {
            BaselineServerBasicKMIPV12 = 1 "Baseline Server Basic KMIP v1.2";
            BaselineServerTLSV12KMIPV12 = 2 "Baseline Server TLS v1.2 KMIP v1.2";
            BaselineClientBasicKMIPV12 = 3 "Baseline Client Basic KMIP v1.2";
            BaselineClientTLSV12KMIPV12 = 4 "Baseline Client TLS v1.2 KMIP v1.2";
            CompleteServerBasicKMIPV12 = 5 "Complete Server Basic KMIP v1.2";
            CompleteServerTLSV12KMIPV12 = 6 "Complete Server TLS v1.2 KMIP v1.2";
            TapeLibraryClientKMIPV10 = 7 "Tape Library Client KMIP v1.0";
            TapeLibraryClientKMIPV11 = 8 "Tape Library Client KMIP v1.1";
            TapeLibraryClientKMIPV12 = 9 "Tape Library Client KMIP v1.2";
            TapeLibraryServerKMIPV10 = 0x0A "Tape Library Server KMIP v1.0";
            TapeLibraryServerKMIPV11 = 0x0B "Tape Library Server KMIP v1.1";
            TapeLibraryServerKMIPV12 = 0x0C "Tape Library Server KMIP v1.2";
            SymmetricKeyLifecycleClientKMIPV10 = 0x0D "Symmetric Key Lifecycle Client KMIP v1.0";
            SymmetricKeyLifecycleClientKMIPV11 = 0x0E "Symmetric Key Lifecycle Client KMIP v1.1";
            SymmetricKeyLifecycleClientKMIPV12 = 0x0F "Symmetric Key Lifecycle Client KMIP v1.2";
            SymmetricKeyLifecycleServerKMIPV10 = 0x10 "Symmetric Key Lifecycle Server KMIP v1.0";
            SymmetricKeyLifecycleServerKMIPV11 = 0x11 "Symmetric Key Lifecycle Server KMIP v1.1";
            SymmetricKeyLifecycleServerKMIPV12 = 0x12 "Symmetric Key Lifecycle Server KMIP v1.2";
            AsymmetricKeyLifecycleClientKMIPV10 = 0x13 "Asymmetric Key Lifecycle Client KMIP v1.0";
            AsymmetricKeyLifecycleClientKMIPV11 = 0x14 "Asymmetric Key Lifecycle Client KMIP v1.1";
            AsymmetricKeyLifecycleClientKMIPV12 = 0x15 "Asymmetric Key Lifecycle Client KMIP v1.2";
            AsymmetricKeyLifecycleServerKMIPV10 = 0x16 "Asymmetric Key Lifecycle Server KMIP v1.0";
            AsymmetricKeyLifecycleServerKMIPV11 = 0x17 "Asymmetric Key Lifecycle Server KMIP v1.1";
            AsymmetricKeyLifecycleServerKMIPV12 = 0x18 "Asymmetric Key Lifecycle Server KMIP v1.2";
            BasicCryptographicClientKMIPV12 = 0x19 "Basic Cryptographic Client KMIP v1.2";
            BasicCryptographicServerKMIPV12 = 0x1A "Basic Cryptographic Server KMIP v1.2";
            AdvancedCryptographicClientKMIPV12 = 0x1B "Advanced Cryptographic Client KMIP v1.2";
            AdvancedCryptographicServerKMIPV12 = 0x1C "Advanced Cryptographic Server KMIP v1.2";
            RNGCryptographicClientKMIPV12 = 0x1D "RNG Cryptographic Client KMIP v1.2";
            RNGCryptographicServerKMIPV12 = 0x1E "RNG Cryptographic Server KMIP v1.2";
            BasicSymmetricKeyFoundryClientKMIPV10 = 0x1F "Basic Symmetric Key Foundry Client KMIP v1.0";
            IntermediateSymmetricKeyFoundryClientKMIPV10 = 0x20 "Intermediate Symmetric Key Foundry Client KMIP v1.0";
            AdvancedSymmetricKeyFoundryClientKMIPV10 = 0x21 "Advanced Symmetric Key Foundry Client KMIP v1.0";
            BasicSymmetricKeyFoundryClientKMIPV11 = 0x22 "Basic Symmetric Key Foundry Client KMIP v1.1";
            IntermediateSymmetricKeyFoundryClientKMIPV11 = 0x23 "Intermediate Symmetric Key Foundry Client KMIP v1.1";
            AdvancedSymmetricKeyFoundryClientKMIPV11 = 0x24 "Advanced Symmetric Key Foundry Client KMIP v1.1";
            BasicSymmetricKeyFoundryClientKMIPV12 = 0x25 "Basic Symmetric Key Foundry Client KMIP v1.2";
            IntermediateSymmetricKeyFoundryClientKMIPV12 = 0x26 "Intermediate Symmetric Key Foundry Client KMIP v1.2";
            AdvancedSymmetricKeyFoundryClientKMIPV12 = 0x27 "Advanced Symmetric Key Foundry Client KMIP v1.2";
            SymmetricKeyFoundryServerKMIPV10 = 0x28 "Symmetric Key Foundry Server KMIP v1.0";
            SymmetricKeyFoundryServerKMIPV11 = 0x29 "Symmetric Key Foundry Server KMIP v1.1";
            SymmetricKeyFoundryServerKMIPV12 = 0x2A "Symmetric Key Foundry Server KMIP v1.2";
            OpaqueManagedObjectStoreClientKMIPV10 = 0x2B "Opaque Managed Object Store Client KMIP v1.0";
            OpaqueManagedObjectStoreClientKMIPV11 = 0x2C "Opaque Managed Object Store Client KMIP v1.1";
            OpaqueManagedObjectStoreClientKMIPV12 = 0x2D "Opaque Managed Object Store Client KMIP v1.2";
            OpaqueManagedObjectStoreServerKMIPV10 = 0x2E "Opaque Managed Object Store Server KMIP v1.0";
            OpaqueManagedObjectStoreServerKMIPV11 = 0x2F "Opaque Managed Object Store Server KMIP v1.1";
            OpaqueManagedObjectStoreServerKMIPV12 = 0x30 "Opaque Managed Object Store Server KMIP v1.2";
            SuiteBMinLOS128ClientKMIPV10 = 0x31 "Suite B minLOS_128 Client KMIP v1.0";
            SuiteBMinLOS128ClientKMIPV11 = 0x32 "Suite B minLOS_128 Client KMIP v1.1";
            SuiteBMinLOS128ClientKMIPV12 = 0x33 "Suite B minLOS_128 Client KMIP v1.2";
            SuiteBMinLOS128ServerKMIPV10 = 0x34 "Suite B minLOS_128 Server KMIP v1.0";
            SuiteBMinLOS128ServerKMIPV11 = 0x35 "Suite B minLOS_128 Server KMIP v1.1";
            SuiteBMinLOS128ServerKMIPV12 = 0x36 "Suite B minLOS_128 Server KMIP v1.2";
            SuiteBMinLOS192ClientKMIPV10 = 0x37 "Suite B minLOS_192 Client KMIP v1.0";
            SuiteBMinLOS192ClientKMIPV11 = 0x38 "Suite B minLOS_192 Client KMIP v1.1";
            SuiteBMinLOS192ClientKMIPV12 = 0x39 "Suite B minLOS_192 Client KMIP v1.2";
            SuiteBMinLOS192ServerKMIPV10 = 0x3A "Suite B minLOS_192 Server KMIP v1.0";
            SuiteBMinLOS192ServerKMIPV11 = 0x3B "Suite B minLOS_192 Server KMIP v1.1";
            SuiteBMinLOS192ServerKMIPV12 = 0x3C "Suite B minLOS_192 Server KMIP v1.2";
            StorageArrayWithSelfEncryptingDriveClientKMIPV10 = 0x3D "Storage Array with Self Encrypting Drive Client KMIP v1.0";
            StorageArrayWithSelfEncryptingDriveClientKMIPV11 = 0x3E "Storage Array with Self Encrypting Drive Client KMIP v1.1";
            StorageArrayWithSelfEncryptingDriveClientKMIPV12 = 0x3F "Storage Array with Self Encrypting Drive Client KMIP v1.2";
            StorageArrayWithSelfEncryptingDriveServerKMIPV10 = 0x40 "Storage Array with Self Encrypting Drive Server KMIP v1.0";
            StorageArrayWithSelfEncryptingDriveServerKMIPV11 = 0x41 "Storage Array with Self Encrypting Drive Server KMIP v1.1";
            StorageArrayWithSelfEncryptingDriveServerKMIPV12 = 0x42 "Storage Array with Self Encrypting Drive Server KMIP v1.2";
            HTTPSClientKMIPV10 = 0x43 "HTTPS Client KMIP v1.0";
            HTTPSClientKMIPV11 = 0x44 "HTTPS Client KMIP v1.1";
            HTTPSClientKMIPV12 = 0x45 "HTTPS Client KMIP v1.2";
            HTTPSServerKMIPV10 = 0x46 "HTTPS Server KMIP v1.0";
            HTTPSServerKMIPV11 = 0x47 "HTTPS Server KMIP v1.1";
            HTTPSServerKMIPV12 = 0x48 "HTTPS Server KMIP v1.2";
            JSONClientKMIPV10 = 0x49 "JSON Client KMIP v1.0";
            JSONClientKMIPV11 = 0x4A "JSON Client KMIP v1.1";
            JSONClientKMIPV12 = 0x4B "JSON Client KMIP v1.2";
            JSONServerKMIPV10 = 0x4C "JSON Server KMIP v1.0";
            JSONServerKMIPV11 = 0x4D "JSON Server KMIP v1.1";
            JSONServerKMIPV12 = 0x4E "JSON Server KMIP v1.2";
            XMLClientKMIPV10 = 0x4F "XML Client KMIP v1.0";
            XMLClientKMIPV11 = 0x50 "XML Client KMIP v1.1";
            XMLClientKMIPV12 = 0x51 "XML Client KMIP v1.2";
            XMLServerKMIPV10 = 0x52 "XML Server KMIP v1.0";
            XMLServerKMIPV11 = 0x53 "XML Server KMIP v1.1";
            XMLServerKMIPV12 = 0x54 "XML Server KMIP v1.2";
            BaselineServerBasicKMIPV13 = 0x55 "Baseline Server Basic KMIP v1.3";
            BaselineServerTLSV12KMIPV13 = 0x56 "Baseline Server TLS v1.2 KMIP v1.3";
            BaselineClientBasicKMIPV13 = 0x57 "Baseline Client Basic KMIP v1.3";
            BaselineClientTLSV12KMIPV13 = 0x58 "Baseline Client TLS v1.2 KMIP v1.3";
            CompleteServerBasicKMIPV13 = 0x59 "Complete Server Basic KMIP v1.3";
            CompleteServerTLSV12KMIPV13 = 0x5A "Complete Server TLS v1.2 KMIP v1.3";
            TapeLibraryClientKMIPV13 = 0x5B "Tape Library Client KMIP v1.3";
            TapeLibraryServerKMIPV13 = 0x5C "Tape Library Server KMIP v1.3";
            SymmetricKeyLifecycleClientKMIPV13 = 0x5D "Symmetric Key Lifecycle Client KMIP v1.3";
            SymmetricKeyLifecycleServerKMIPV13 = 0x5E "Symmetric Key Lifecycle Server KMIP v1.3";
            AsymmetricKeyLifecycleClientKMIPV13 = 0x5F "Asymmetric Key Lifecycle Client KMIP v1.3";
            AsymmetricKeyLifecycleServerKMIPV13 = 0x60 "Asymmetric Key Lifecycle Server KMIP v1.3";
            BasicCryptographicClientKMIPV13 = 0x61 "Basic Cryptographic Client KMIP v1.3";
            BasicCryptographicServerKMIPV13 = 0x62 "Basic Cryptographic Server KMIP v1.3";
            AdvancedCryptographicClientKMIPV13 = 0x63 "Advanced Cryptographic Client KMIP v1.3";
            AdvancedCryptographicServerKMIPV13 = 0x64 "Advanced Cryptographic Server KMIP v1.3";
            RNGCryptographicClientKMIPV13 = 0x65 "RNG Cryptographic Client KMIP v1.3";
            RNGCryptographicServerKMIPV13 = 0x66 "RNG Cryptographic Server KMIP v1.3";
            BasicSymmetricKeyFoundryClientKMIPV13 = 0x67 "Basic Symmetric Key Foundry Client KMIP v1.3";
            IntermediateSymmetricKeyFoundryClientKMIPV13 = 0x68 "Intermediate Symmetric Key Foundry Client KMIP v1.3";
            AdvancedSymmetricKeyFoundryClientKMIPV13 = 0x69 "Advanced Symmetric Key Foundry Client KMIP v1.3";
            SymmetricKeyFoundryServerKMIPV13 = 0x6A "Symmetric Key Foundry Server KMIP v1.3";
            OpaqueManagedObjectStoreClientKMIPV13 = 0x6B "Opaque Managed Object Store Client KMIP v1.3";
            OpaqueManagedObjectStoreServerKMIPV13 = 0x6C "Opaque Managed Object Store Server KMIP v1.3";
            SuiteBMinLOS128ClientKMIPV13 = 0x6D "Suite B minLOS_128 Client KMIP v1.3";
            SuiteBMinLOS128ServerKMIPV13 = 0x6E "Suite B minLOS_128 Server KMIP v1.3";
            SuiteBMinLOS192ClientKMIPV13 = 0x6F "Suite B minLOS_192 Client KMIP v1.3";
            SuiteBMinLOS192ServerKMIPV13 = 0x70 "Suite B minLOS_192 Server KMIP v1.3";
            StorageArrayWithSelfEncryptingDriveClientKMIPV13 = 0x71 "Storage Array with Self Encrypting Drive Client KMIP v1.3";
            StorageArrayWithSelfEncryptingDriveServerKMIPV13 = 0x72 "Storage Array with Self Encrypting Drive Server KMIP v1.3";
            HTTPSClientKMIPV13 = 0x73 "HTTPS Client KMIP v1.3";
            HTTPSServerKMIPV13 = 0x74 "HTTPS Server KMIP v1.3";
            JSONClientKMIPV13 = 0x75 "JSON Client KMIP v1.3";
            JSONServerKMIPV13 = 0x76 "JSON Server KMIP v1.3";
            XMLClientKMIPV13 = 0x77 "XML Client KMIP v1.3";
            XMLServerKMIPV13 = 0x78 "XML Server KMIP v1.3";
        }
        V1_4 {
            BaselineServerBasicKMIPV14 = 0x79 "Baseline Server Basic KMIP v1.4";
            BaselineServerTLSV12KMIPV14 = 0x7A "Baseline Server TLS v1.2 KMIP v1.4";
            BaselineClientBasicKMIPV14 = 0x7B "Baseline Client Basic KMIP v1.4";
            BaselineClientTLSV12KMIPV14 = 0x7C "Baseline Client TLS v1.2 KMIP v1.4";
            CompleteServerBasicKMIPV14 = 0x7D "Complete Server Basic KMIP v1.4";
            CompleteServerTLSV12KMIPV14 = 0x7E "Complete Server TLS v1.2 KMIP v1.4";
            TapeLibraryClientKMIPV14 = 0x7F "Tape Library Client KMIP v1.4";
            TapeLibraryServerKMIPV14 = 0x80 "Tape Library Server KMIP v1.4";
            SymmetricKeyLifecycleClientKMIPV14 = 0x81 "Symmetric Key Lifecycle Client KMIP v1.4";
            SymmetricKeyLifecycleServerKMIPV14 = 0x82 "Symmetric Key Lifecycle Server KMIP v1.4";
            AsymmetricKeyLifecycleClientKMIPV14 = 0x83 "Asymmetric Key Lifecycle Client KMIP v1.4";
            AsymmetricKeyLifecycleServerKMIPV14 = 0x84 "Asymmetric Key Lifecycle Server KMIP v1.4";
            BasicCryptographicClientKMIPV14 = 0x85 "Basic Cryptographic Client KMIP v1.4";
            BasicCryptographicServerKMIPV14 = 0x86 "Basic Cryptographic Server KMIP v1.4";
            AdvancedCryptographicClientKMIPV14 = 0x87 "Advanced Cryptographic Client KMIP v1.4";
            AdvancedCryptographicServerKMIPV14 = 0x88 "Advanced Cryptographic Server KMIP v1.4";
            RNGCryptographicClientKMIPV14 = 0x89 "RNG Cryptographic Client KMIP v1.4";
            RNGCryptographicServerKMIPV14 = 0x8A "RNG Cryptographic Server KMIP v1.4";
            BasicSymmetricKeyFoundryClientKMIPV14 = 0x8B "Basic Symmetric Key Foundry Client KMIP v1.4";
            IntermediateSymmetricKeyFoundryClientKMIPV14 = 0x8C "Intermediate Symmetric Key Foundry Client KMIP v1.4";
            AdvancedSymmetricKeyFoundryClientKMIPV14 = 0x8D "Advanced Symmetric Key Foundry Client KMIP v1.4";
            SymmetricKeyFoundryServerKMIPV14 = 0x8E "Symmetric Key Foundry Server KMIP v1.4";
            OpaqueManagedObjectStoreClientKMIPV14 = 0x8F "Opaque Managed Object Store Client KMIP v1.4";
            OpaqueManagedObjectStoreServerKMIPV14 = 0x90 "Opaque Managed Object Store Server KMIP v1.4";
            SuiteBMinLOS128ClientKMIPV14 = 0x91 "Suite B minLOS_128 Client KMIP v1.4";
            SuiteBMinLOS128ServerKMIPV14 = 0x92 "Suite B minLOS_128 Server KMIP v1.4";
            SuiteBMinLOS192ClientKMIPV14 = 0x93 "Suite B minLOS_192 Client KMIP v1.4";
            SuiteBMinLOS192ServerKMIPV14 = 0x94 "Suite B minLOS_192 Server KMIP v1.4";
            StorageArrayWithSelfEncryptingDriveClientKMIPV14 = 0x95 "Storage Array with Self Encrypting Drive Client KMIP v1.4";
            StorageArrayWithSelfEncryptingDriveServerKMIPV14 = 0x96 "Storage Array with Self Encrypting Drive Server KMIP v1.4";
            HTTPSClientKMIPV14 = 0x97 "HTTPS Client KMIP v1.4";
            HTTPSServerKMIPV14 = 0x98 "HTTPS Server KMIP v1.4";
            JSONClientKMIPV14 = 0x99 "JSON Client KMIP v1.4";
            JSONServerKMIPV14 = 0x9A "JSON Server KMIP v1.4";
            XMLClientKMIPV14 = 0x9B "XML Client KMIP v1.4";
            XMLServerKMIPV14 = 0x9C "XML Server KMIP v1.4";
        }
    }
}

enumeration! {
    /// Put Function (KMIP 1.4, 9.1.3.2.26).
    pub enum PutFunction {
        V1_0 {
            New = 1 "New";
            Replace = 2 "Replace";
        }
    }
}

enumeration! {
    /// Query Function (KMIP 1.4, 9.1.3.2.24).
    pub enum QueryFunction {
        V1_0 {
            QueryOperations = 1 "Query Operations";
            QueryObjects = 2 "Query Objects";
            QueryServerInformation = 3 "Query Server Information";
            QueryApplicationNamespaces = 4 "Query Application Namespaces";
        }
        V1_1 {
            QueryExtensionList = 5 "Query Extension List";
            QueryExtensionMap = 6 "Query Extension Map";
        }
        V1_2 {
            QueryAttestationTypes = 7 "Query Attestation Types";
        }
        V1_3 {
            QueryRNGs = 8 "Query RNGs";
            QueryValidations = 9 "Query Validations";
            QueryProfiles = 0x0A "Query Profiles";
            QueryCapabilities = 0x0B "Query Capabilities";
            QueryClientRegistrationMethods = 0x0C "Query Client Registration Methods";
        }
    }
}

enumeration! {
    /// RNG Algorithm (KMIP 1.4, 9.1.3.2.37).
    pub enum RngAlgorithm {
        V1_3 {
            Unspecified = 1 "Unspecified";
            FIPS1862 = 2 "FIPS 186-2";
            DRBG = 3 "DRBG";
            NRBG = 4 "NRBG";
            ANSIX931 = 5 "ANSI X9.31";
            ANSIX962 = 6 "ANSI X9.62";
        }
    }
}

enumeration! {
    /// RNG Mode (KMIP 1.4, 9.1.3.2.46).
    pub enum RngMode {
        V1_3 {
            Unspecified = 1 "Unspecified";
            SharedInstantiation = 2 "Shared Instantiation";
            NonSharedInstantiation = 3 "Non-Shared Instantiation";
        }
    }
}

enumeration! {
    /// Recommended Curve (KMIP 1.4, 9.1.3.2.5).
    pub enum RecommendedCurve {
        V1_0 {
            P192 = 1 "P-192";
            K163 = 2 "K-163";
            B163 = 3 "B-163";
            P224 = 4 "P-224";
            K233 = 5 "K-233";
            B233 = 6 "B-233";
            P256 = 7 "P-256";
            K283 = 8 "K-283";
            B283 = 9 "B-283";
            P384 = 0x0A "P-384";
            K409 = 0x0B "K-409";
            B409 = 0x0C "B-409";
            P521 = 0x0D "P-521";
            K571 = 0x0E "K-571";
            B571 = 0x0F "B-571";
        }
        V1_2 {
            SECP112R1 = 0x10 "SECP112R1";
            SECP112R2 = 0x11 "SECP112R2";
            SECP128R1 = 0x12 "SECP128R1";
            SECP128R2 = 0x13 "SECP128R2";
            SECP160K1 = 0x14 "SECP160K1";
            SECP160R1 = 0x15 "SECP160R1";
            SECP160R2 = 0x16 "SECP160R2";
            SECP192K1 = 0x17 "SECP192K1";
            SECP224K1 = 0x18 "SECP224K1";
            SECP256K1 = 0x19 "SECP256K1";
            SECT113R1 = 0x1A "SECT113R1";
            SECT113R2 = 0x1B "SECT113R2";
            SECT131R1 = 0x1C "SECT131R1";
            SECT131R2 = 0x1D "SECT131R2";
            SECT163R1 = 0x1E "SECT163R1";
            SECT193R1 = 0x1F "SECT193R1";
            SECT193R2 = 0x20 "SECT193R2";
            SECT239K1 = 0x21 "SECT239K1";
            ANSIX9P192V2 = 0x22 "ANSIX9P192V2";
            ANSIX9P192V3 = 0x23 "ANSIX9P192V3";
            ANSIX9P239V1 = 0x24 "ANSIX9P239V1";
            ANSIX9P239V2 = 0x25 "ANSIX9P239V2";
            ANSIX9P239V3 = 0x26 "ANSIX9P239V3";
            ANSIX9C2PNB163V1 = 0x27 "ANSIX9C2PNB163V1";
            ANSIX9C2PNB163V2 = 0x28 "ANSIX9C2PNB163V2";
            ANSIX9C2PNB163V3 = 0x29 "ANSIX9C2PNB163V3";
            ANSIX9C2PNB176V1 = 0x2A "ANSIX9C2PNB176V1";
            ANSIX9C2TNB191V1 = 0x2B "ANSIX9C2TNB191V1";
            ANSIX9C2TNB191V2 = 0x2C "ANSIX9C2TNB191V2";
            ANSIX9C2TNB191V3 = 0x2D "ANSIX9C2TNB191V3";
            ANSIX9C2PNB208W1 = 0x2E "ANSIX9C2PNB208W1";
            ANSIX9C2TNB239V1 = 0x2F "ANSIX9C2TNB239V1";
            ANSIX9C2TNB239V2 = 0x30 "ANSIX9C2TNB239V2";
            ANSIX9C2TNB239V3 = 0x31 "ANSIX9C2TNB239V3";
            ANSIX9C2PNB272W1 = 0x32 "ANSIX9C2PNB272W1";
            ANSIX9C2PNB304W1 = 0x33 "ANSIX9C2PNB304W1";
            ANSIX9C2TNB359V1 = 0x34 "ANSIX9C2TNB359V1";
            ANSIX9C2PNB368W1 = 0x35 "ANSIX9C2PNB368W1";
            ANSIX9C2TNB431R1 = 0x36 "ANSIX9C2TNB431R1";
            BRAINPOOLP160R1 = 0x37 "BRAINPOOLP160R1";
            BRAINPOOLP160T1 = 0x38 "BRAINPOOLP160T1";
            BRAINPOOLP192R1 = 0x39 "BRAINPOOLP192R1";
            BRAINPOOLP192T1 = 0x3A "BRAINPOOLP192T1";
            BRAINPOOLP224R1 = 0x3B "BRAINPOOLP224R1";
            BRAINPOOLP224T1 = 0x3C "BRAINPOOLP224T1";
            BRAINPOOLP256R1 = 0x3D "BRAINPOOLP256R1";
            BRAINPOOLP256T1 = 0x3E "BRAINPOOLP256T1";
            BRAINPOOLP320R1 = 0x3F "BRAINPOOLP320R1";
            BRAINPOOLP320T1 = 0x40 "BRAINPOOLP320T1";
            BRAINPOOLP384R1 = 0x41 "BRAINPOOLP384R1";
            BRAINPOOLP384T1 = 0x42 "BRAINPOOLP384T1";
            BRAINPOOLP512R1 = 0x43 "BRAINPOOLP512R1";
            BRAINPOOLP512T1 = 0x44 "BRAINPOOLP512T1";
        }
    }
}

enumeration! {
    /// Result Reason (KMIP 1.4, 9.1.3.2.29).
    pub enum ResultReason {
        V1_0 {
            ItemNotFound = 1 "Item Not Found";
            ResponseTooLarge = 2 "Response Too Large";
            AuthenticationNotSuccessful = 3 "Authentication Not Successful";
            InvalidMessage = 4 "Invalid Message";
            OperationNotSupported = 5 "Operation Not Supported";
            MissingData = 6 "Missing Data";
            InvalidField = 7 "Invalid Field";
            FeatureNotSupported = 8 "Feature Not Supported";
            OperationCanceledByRequester = 9 "Operation Canceled By Requester";
            CryptographicFailure = 0x0A "Cryptographic Failure";
            IllegalOperation = 0x0B "Illegal Operation";
            PermissionDenied = 0x0C "Permission Denied";
            ObjectArchived = 0x0D "Object archived";
            IndexOutOfBounds = 0x0E "Index Out of Bounds";
            ApplicationNamespaceNotSupported = 0x0F "Application Namespace Not Supported";
            KeyFormatTypeNotSupported = 0x10 "Key Format Type Not Supported";
            KeyCompressionTypeNotSupported = 0x11 "Key Compression Type Not Supported";
        }
        V1_1 {
            EncodingOptionError = 0x12 "Encoding Option Error";
        }
        V1_2 {
            KeyValueNotPresent = 0x13 "Key Value Not Present";
            AttestationRequired = 0x14 "Attestation Required";
            AttestationFailed = 0x15 "Attestation Failed";
        }
        V1_4 {
            Sensitive = 0x16 "Sensitive";
            NotExtractable = 0x17 "Not Extractable";
            ObjectAlreadyExists = 0x18 "Object Already Exists";
        }
        V1_0 {
            GeneralFailure = 0x100 "General Failure";
        }
    }
}

enumeration! {
    /// Result Status (KMIP 1.4, 9.1.3.2.28).
    pub enum ResultStatus {
        V1_0 {
            Success = 0 "Success";
            OperationFailed = 1 "Operation Failed";
            OperationPending = 2 "Operation Pending";
            OperationUndone = 3 "Operation Undone";
        }
    }
}

enumeration! {
    /// Revocation Reason Code (KMIP 1.4, 9.1.3.2.19).
    pub enum RevocationReasonCode {
        V1_0 {
            Unspecified = 1 "Unspecified";
            KeyCompromise = 2 "Key Compromise";
            CACompromise = 3 "CA Compromise";
            AffiliationChanged = 4 "Affiliation Changed";
            Superseded = 5 "Superseded";
            CessationOfOperation = 6 "Cessation of Operation";
            PrivilegeWithdrawn = 7 "Privilege Withdrawn";
        }
    }
}

enumeration! {
    /// Secret Data Type (KMIP 1.4, 9.1.3.2.9).
    pub enum SecretDataType {
        V1_0 {
            Password = 1 "Password";
            Seed = 2 "Seed";
        }
    }
}

enumeration! {
    /// Shredding Algorithm (KMIP 1.4, 9.1.3.2.45).
    pub enum ShreddingAlgorithm {
        V1_3 {
            Unspecified = 1 "Unspecified";
            Cryptographic = 2 "Cryptographic";
            Unsupported = 3 "Unsupported";
        }
    }
}

enumeration! {
    /// Split Key Method (KMIP 1.4, 9.1.3.2.8).
    pub enum SplitKeyMethod {
        V1_0 {
            XOR = 1 "XOR";
            PolynomialSharingGF216 = 2 "Polynomial Sharing GF (2^16)";
            PolynomialSharingPrimeField = 3 "Polynomial Sharing Prime Field";
        }
        V1_2 {
            PolynomialSharingGF28 = 4 "Polynomial Sharing GF (2^8)";
        }
    }
}

enumeration! {
    /// State (KMIP 1.4, 9.1.3.2.18).
    pub enum State {
        V1_0 {
            PreActive = 1 "Pre-Active";
            Active = 2 "Active";
            Deactivated = 3 "Deactivated";
            Compromised = 4 "Compromised";
            Destroyed = 5 "Destroyed";
            DestroyedCompromised = 6 "Destroyed Compromised";
        }
    }
}

enumeration! {
    /// Unwrap Mode (KMIP 1.4, 9.1.3.2.43).
    pub enum UnwrapMode {
        V1_3 {
            Unspecified = 1 "Unspecified";
            Processed = 2 "Processed";
            NotProcessed = 3 "Not Processed";
        }
    }
}

enumeration! {
    /// Usage Limits Unit (KMIP 1.4, 9.1.3.2.31).
    pub enum UsageLimitsUnit {
        V1_0 {
            Byte = 1 "Byte";
            Object = 2 "Object";
        }
    }
}

enumeration! {
    /// Validation Authority Type (KMIP 1.4, 9.1.3.2.40).
    pub enum ValidationAuthorityType {
        V1_3 {
            Unspecified = 1 "Unspecified";
            NISTCMVP = 2 "NIST CMVP";
            CommonCriteria = 3 "Common Criteria";
        }
    }
}

enumeration! {
    /// Validation Type (KMIP 1.4, 9.1.3.2.41).
    pub enum ValidationType {
        V1_3 {
            Unspecified = 1 "Unspecified";
            Hardware = 2 "Hardware";
            Software = 3 "Software";
            Firmware = 4 "Firmware";
            Hybrid = 5 "Hybrid";
        }
    }
}

enumeration! {
    /// Validity Indicator (KMIP 1.4, 9.1.3.2.23).
    pub enum ValidityIndicator {
        V1_0 {
            Valid = 1 "Valid";
            Invalid = 2 "Invalid";
            UnknownValidity = 3 "Unknown";
        }
    }
}

enumeration! {
    /// Wrapping Method (KMIP 1.4, 9.1.3.2.4).
    pub enum WrappingMethod {
        V1_0 {
            Encrypt = 1 "Encrypt";
            MACSign = 2 "MAC/sign";
            EncryptThenMACSign = 3 "Encrypt then MAC/sign";
            MACSignThenEncrypt = 4 "MAC/sign then encrypt";
            TR31 = 5 "TR-31";
        }
    }
}

/// The tags that an enumeration stands under: rows of `TAG Enumeration`.
macro_rules! places {
    ($($tag:ident $name:ident;)*) => {
        /// The specification's name of an enumeration's value, by the tag that it stands under.
        pub fn name(tag: Tag, number: u32) -> Option<&'static str> {
            match tag {
                $(tag::$tag => $name::from_number(number).name(),)*
                _ => None,
            }
        }

        /// The number of an enumeration's value, by the tag that it stands under and the specification's name.
        pub fn number(tag: Tag, name: &str) -> Option<u32> {
            match tag {
                $(tag::$tag => $name::ALL.iter().find(|value| value.name() == Some(name)).map(|value| value.number()),)*
                _ => None,
            }
        }

        /// The protocol version since which an enumeration's value exists, by the tag that it stands under; none for a value that is
        /// in none of the tables.
        pub fn since(tag: Tag, number: u32) -> Option<Version> {
            match tag {
                $(tag::$tag => $name::from_number(number).since(),)*
                _ => None,
            }
        }

        /// The numbers of an enumeration's values, by the tag that it stands under; none for a tag that no table names.
        pub fn numbers(tag: Tag) -> Vec<u32> {
            match tag {
                $(tag::$tag => $name::ALL.iter().map(|value| value.number()).collect(),)*
                _ => Vec::new(),
            }
        }
    };
}

places! {
    ALTERNATIVE_NAME_TYPE AlternativeNameType;
    ATTESTATION_TYPE AttestationType;
    BATCH_ERROR_CONTINUATION_OPTION BatchErrorContinuationOption;
    BLOCK_CIPHER_MODE BlockCipherMode;
    CANCELLATION_RESULT CancellationResult;
    CERTIFICATE_REQUEST_TYPE CertificateRequestType;
    CERTIFICATE_TYPE CertificateType;
    CLIENT_REGISTRATION_METHOD ClientRegistrationMethod;
    CREDENTIAL_TYPE CredentialType;
    CRYPTOGRAPHIC_ALGORITHM CryptographicAlgorithm;
    DRBG_ALGORITHM DrbgAlgorithm;
    DERIVATION_METHOD DerivationMethod;
    DESTROY_ACTION DestroyAction;
    DIGITAL_SIGNATURE_ALGORITHM DigitalSignatureAlgorithm;
    ENCODING_OPTION EncodingOption;
    FIPS186_VARIATION Fips186Variation;
    HASHING_ALGORITHM HashingAlgorithm;
    KEY_COMPRESSION_TYPE KeyCompressionType;
    KEY_FORMAT_TYPE KeyFormatType;
    KEY_ROLE_TYPE KeyRoleType;
    KEY_VALUE_LOCATION_TYPE KeyValueLocationType;
    KEY_WRAP_TYPE KeyWrapType;
    LINK_TYPE LinkType;
    MASK_GENERATOR MaskGenerator;
    MASK_GENERATOR_HASHING_ALGORITHM HashingAlgorithm;
    NAME_TYPE NameType;
    OBJECT_GROUP_MEMBER ObjectGroupMember;
    OBJECT_TYPE ObjectType;
    OPERATION Operation;
    PADDING_METHOD PaddingMethod;
    PROFILE_NAME ProfileName;
    PUT_FUNCTION PutFunction;
    QUERY_FUNCTION QueryFunction;
    RNG_ALGORITHM RngAlgorithm;
    RNG_MODE RngMode;
    RECOMMENDED_CURVE RecommendedCurve;
    RESULT_REASON ResultReason;
    RESULT_STATUS ResultStatus;
    REVOCATION_REASON_CODE RevocationReasonCode;
    SECRET_DATA_TYPE SecretDataType;
    SHREDDING_ALGORITHM ShreddingAlgorithm;
    SPLIT_KEY_METHOD SplitKeyMethod;
    STATE State;
    UNWRAP_MODE UnwrapMode;
    USAGE_LIMITS_UNIT UsageLimitsUnit;
    VALIDATION_AUTHORITY_TYPE ValidationAuthorityType;
    VALIDATION_TYPE ValidationType;
    VALIDITY_INDICATOR ValidityIndicator;
    WRAPPING_METHOD WrappingMethod;
}
