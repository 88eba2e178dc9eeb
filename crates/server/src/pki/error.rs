//! What can be wrong with a certificate or a request, in words for the administrator who brought it.

/// Why a certificate, a request or a name is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing in it.
    #[error("there is nothing in it: a certificate in PEM form begins with -----BEGIN CERTIFICATE-----")]
    Empty,
    /// A private key was given.
    #[error(
        "this holds a private key, which must never leave its owner: give the certificate alone, and regard that key as disclosed"
    )]
    PrivateKey,
    /// Another sort of PEM.
    #[error("this is a `{found}`, and a `{wanted}` is wanted")]
    Label {
        /// What its PEM label says.
        found: String,
        /// What should be there.
        wanted: &'static str,
    },
    /// More than one certificate.
    #[error("this holds {0} certificates: give the client's own one alone, not its chain")]
    Several(usize),
    /// One of several is not right.
    #[error("number {number} of what is there{}: {reason}", if subject.is_empty() { String::new() } else { format!(" ({subject})") })]
    Nth {
        /// Which one, from 1.
        number: usize,
        /// Its subject, where it can be read.
        subject: String,
        /// What is wrong with it.
        reason: Box<Error>,
    },
    /// A bundle of certificates (RFC 2315).
    #[error(
        "this is a PKCS#7 bundle (.p7b): make PEM of it with `openssl pkcs7 -print_certs -in FILE -out certificates.pem` (and `-inform DER` where FILE is not text), and give that"
    )]
    Pkcs7,
    /// A store of certificates and private keys (RFC 7292).
    #[error(
        "this is a PKCS#12 store (.p12, .pfx), which may hold a private key: take the certificate alone out of it with `openssl pkcs12 -in FILE -clcerts -nokeys -out certificate.pem`, and give that"
    )]
    Pkcs12,
    /// A certificate that vouches for none.
    #[error("this is no CA certificate: put it on the list as the client's own")]
    NotAnAuthority,
    /// A CA certificate that may not sign certificates.
    #[error(
        "this CA certificate's key usage does not allow it to sign certificates: give the one that signed the clients' own"
    )]
    AuthorityUsage,
    /// A certificate whose time is over.
    #[error("it expired on {0}: give one that is valid")]
    Expired(String),
    /// Not readable at all.
    #[error("this is neither a {wanted} in PEM form nor in DER form{hint}")]
    Garbage {
        /// What should be there.
        wanted: &'static str,
        /// What may have gone wrong.
        hint: &'static str,
    },
    /// A PEM block whose Base64 or structure is broken.
    #[error("the {0} is damaged: it was cut off or changed on its way here")]
    Damaged(&'static str),
    /// Too short a key.
    #[error("its RSA key has {0} bits, and at least 2048 are needed: make a new key and certificate")]
    Weak(usize),
    /// Too long a key.
    #[error("its RSA key has {0} bits, and at most 8192 can be used: make a new key and certificate")]
    Long(usize),
    /// Not an algorithm that a TLS handshake can be verified with here.
    #[error(
        "its key is of a kind that can't be used here ({0}): RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519 can"
    )]
    Algorithm(String),
    /// A request's own signature.
    #[error(
        "the request's own signature does not verify, so whoever made it may not hold the key: make a new request, signed with SHA-256 or better"
    )]
    Signature,
    /// A name that can't be in a certificate.
    #[error("`{name}` can't be the name of a server: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A name that can't be that of a client certificate.
    #[error("a certificate's name has 1 to 64 characters and no control characters")]
    ClientName,
    /// A certificate that can't be the server's.
    #[error(transparent)]
    Unfit(#[from] super::Unfit),
    /// The authority's or the server's own files.
    #[error("{0}")]
    Installation(String),
    /// The folder that they are in.
    #[error(transparent)]
    Folder(#[from] crate::folder::Error),
    /// The library failed.
    #[error("a certificate could not be made: {0}")]
    Library(#[from] rcgen::Error),
}
