//! [`Offer`]: what a ClientHello offers, for a log line that says why nothing came of it.
//!
//! The invariant: **nothing is decided by what is read here**; the handshake is the library's. What can't be read is left out.

use rustls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// A handshake message's type and length (RFC 8446, 4).
const MESSAGE_HEADER: usize = 4;
/// How many of a list are named.
const NAMED: usize = 12;
/// The longest host name (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 253;

/// What a ClientHello offers (RFC 8446, 4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Protocol versions.
    pub versions: Vec<u16>,
    /// Cipher suites.
    pub suites: Vec<u16>,
    /// Groups for the key exchange.
    pub groups: Vec<u16>,
    /// Signature schemes that it can verify.
    pub schemes: Vec<u16>,
    /// The host name that it asks for.
    pub name: Option<String>,
}

impl Offer {
    /// Reads a handshake message that was put together from its records.
    pub fn read(message: &[u8]) -> Self {
        let mut offer = Offer::default();
        let _ = message.get(MESSAGE_HEADER..).and_then(|body| offer.body(&mut Reader(body)));
        offer
    }

    /// None: it ends before it should. What was read until then stays.
    fn body(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        self.versions = vec![reader.number(2)?];
        reader.take(32)?; // random
        reader.block(1)?; // session
        self.suites = numbers(reader.block(2)?);
        reader.block(1)?; // compression
        let mut extensions = Reader(reader.block(2)?);
        loop {
            let (kind, content) = (extensions.number(2)?, extensions.block(2)?);
            let _ = self.extension(kind, &mut Reader(content));
        }
    }

    /// IANA, "TLS ExtensionType Values".
    fn extension(&mut self, kind: u16, reader: &mut Reader<'_>) -> Option<()> {
        match kind {
            0 => {
                let mut names = Reader(reader.block(2)?);
                let name = if names.number(1)? == 0 { names.block(2)? } else { return None };
                let plain = name.len() <= LONGEST_NAME && name.iter().all(u8::is_ascii_graphic);
                self.name = plain.then(|| String::from_utf8_lossy(name).into_owned());
            }
            10 => self.groups = numbers(reader.block(2)?),
            13 => self.schemes = numbers(reader.block(2)?),
            43 => self.versions = numbers(reader.block(1)?),
            _ => {}
        }
        Some(())
    }

    /// Whether all versions that it speaks are older than TLS 1.2.
    pub fn is_too_old(&self) -> bool {
        const TLS_1_2: u16 = 0x0303;
        let mut real = self.versions.iter().filter(|version| !is_grease(**version)).peekable();
        real.peek().is_some() && real.all(|version| *version < TLS_1_2)
    }

    /// The versions in words.
    pub fn version_names(&self) -> String {
        list(&self.versions, |it| match it {
            0x0300 => Some("SSL 3.0"),
            0x0301 => Some("TLS 1.0"),
            0x0302 => Some("TLS 1.1"),
            0x0303 => Some("TLS 1.2"),
            0x0304 => Some("TLS 1.3"),
            other => ProtocolVersion::from(other).as_str(),
        })
    }

    /// The cipher suites in words.
    pub fn suite_names(&self) -> String {
        list(&self.suites, |it| CipherSuite::from(it).as_str())
    }

    /// The groups in words.
    pub fn group_names(&self) -> String {
        list(&self.groups, |it| NamedGroup::from(it).as_str())
    }

    /// The signature schemes in words.
    pub fn scheme_names(&self) -> String {
        list(&self.schemes, |it| SignatureScheme::from(it).as_str())
    }
}

/// The names of the values, or their numbers; without those that only keep servers tolerant (RFC 8701).
fn list(values: &[u16], name: impl Fn(u16) -> Option<&'static str>) -> String {
    let real: Vec<u16> = values.iter().copied().filter(|value| !is_grease(*value)).collect();
    let text = |value: &u16| name(*value).map_or_else(|| format!("0x{value:04x}"), str::to_owned);
    let named: Vec<String> = real.iter().take(NAMED).map(text).collect();
    match real.len().saturating_sub(NAMED) {
        _ if real.is_empty() => "none".to_owned(),
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of one byte or two.
    fn number(&mut self, bytes: usize) -> Option<u16> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }

    /// What stands after its length, which has one byte or two.
    fn block(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(bytes)?;
        self.take(length.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let suites = [0, 6, 0x0a, 0x0a, 0xc0, 0x2f, 0x00, 0x2f];
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [&[1, 0, 0, 99, 3, 1][..], &[7; 32], &[0], &suites, &[1, 0], &length, extensions].concat()
    }

    #[test]
    fn what_is_offered_is_named() {
        let name = b"\x00\x00\x00\x08\x00\x06\x00\x00\x03a.b";
        let groups = [0, 10, 0, 4, 0, 2, 0x11, 0xec];
        let offer = Offer::read(&hello(&[&name[..], &groups, &[0, 43, 0, 3, 2, 3, 2]].concat()));
        assert_eq!(offer.name.as_deref(), Some("a.b"));
        assert_eq!(offer.version_names(), "TLS 1.1");
        assert_eq!(offer.suite_names(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA");
        assert_eq!((&*offer.group_names(), &*offer.scheme_names()), ("X25519MLKEM768", "none"));
    }

    #[test]
    fn what_is_cut_off_or_ill_is_left_out() {
        let whole = hello(b"\x00\x00\x00\x08\x00\x06\x00\x00\x03a\nb");
        assert_eq!((Offer::read(&whole).name, Offer::read(&whole).versions), (None, vec![0x0301]));
        for end in 0..whole.len() {
            let _ = Offer::read(&whole[..end]);
        }
    }
}
