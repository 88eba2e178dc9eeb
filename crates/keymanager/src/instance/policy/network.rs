//! Address blocks, and which addresses are private.
//!
//! The invariant: **an IPv4 address is the same one when it comes mapped into IPv6** (RFC 4291, 2.5.5.2), as it does on a socket that
//! takes both: no rule is passed or missed by the way an address is written.

use crate::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address block, as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Network {
    /// Whether an address is in it. Bits of the block's own address beyond the prefix don't count.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let Network { address, prefix } = self.canonical();
        let (bits, length) = bits(address);
        let (peer, peers) = self::bits(peer.to_canonical());
        length == peers && leading(bits ^ peer, length, prefix) == 0
    }

    /// An IPv4 block that is written as mapped into IPv6, as the IPv4 block that it is.
    fn canonical(self) -> Network {
        match (self.address.to_canonical(), self.prefix.checked_sub(MAPPED)) {
            (address @ IpAddr::V4(_), Some(prefix)) if self.address.is_ipv6() => Network { address, prefix },
            _ => self,
        }
    }

    /// The block, if its addresses have as many bits as its prefix counts.
    pub(super) fn checked(self) -> Result<Network, Error> {
        let (_, length) = bits(self.address);
        if u32::from(self.prefix) <= length {
            return Ok(self);
        }
        Err(wrong(format!("has the block {self}: the prefix of such an address is {length} at most")))
    }
}

/// Bits before the IPv4 address in a mapped one.
const MAPPED: u8 = 96;

impl FromStr for Network {
    type Err = Error;

    /// `address` or `address/prefix`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unreadable = || wrong(format!("has `{text}`: give IPv4 or IPv6 addresses, or blocks as in 192.0.2.0/24"));
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| unreadable())?
            }
            Some(_) => return Err(unreadable()),
            None => whole,
        };
        Network { address, prefix }.checked()
    }
}

/// In CIDR notation, one address too.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Whether an address is of a private network, this host or this link: RFC 1918, RFC 3927 and loopback for IPv4; RFC 4193,
/// link-local and loopback for IPv6. Addresses shared by a carrier (RFC 6598) are not: whose they are, nobody here can know.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback(),
    }
}

/// An address as a number, and how many bits that has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// The number with nothing but its leading bits.
fn leading(bits: u128, length: u32, prefix: u8) -> u128 {
    let rest = length.saturating_sub(u32::from(prefix));
    bits.checked_shr(rest).and_then(|bits| bits.checked_shl(rest)).unwrap_or(0)
}

fn wrong(reason: String) -> Error {
    Error::Field { field: "allowed_ip", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_are_read() {
        let cases = [
            ("192.0.2.0/24", Some("192.0.2.0/24")),
            ("192.0.2.7", Some("192.0.2.7/32")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("65.128.226.252/24", Some("65.128.226.252/24")),
            ("2001:DB8::/32", Some("2001:db8::/32")),
            ("2001:db8::1", Some("2001:db8::1/128")),
            ("::/0", Some("::/0")),
            ("192.0.2.0/33", None),
            ("192.0.2.0/256", None),
            ("2001:db8::/129", None),
            ("192.0.2.0/", None),
            ("192.0.2.0/+8", None),
            ("192.0.2.0/-1", None),
            ("192.0.2.0/24/24", None),
            ("192.0.2/24", None),
            ("192.0.2.0 /24", None),
            ("192.0.02.0/24", None),
            ("fe80::1%eth0", None),
            ("example.com", None),
            ("", None),
            ("/8", None),
        ];
        for (text, read) in cases {
            let network = text.parse::<Network>();
            assert_eq!(network.as_ref().ok().map(Network::to_string).as_deref(), read, "{text}");
            assert!(
                network.err().is_none_or(|error| matches!(error, Error::Field { field: "allowed_ip", .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn a_block_has_what_agrees_with_its_prefix() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.9/24", "192.0.2.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("128.0.0.0/1", "127.255.255.255", false),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
            // However an IPv4 address is written, it is one.
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
            ("192.0.2.0/24", "::ffff:192.0.3.1", false),
            ("::ffff:192.0.2.0/120", "192.0.2.1", true),
            ("::ffff:192.0.2.0/120", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.0/120", "192.0.3.1", false),
            ("::/0", "::ffff:192.0.2.1", false),
            ("::/0", "192.0.2.1", false),
            // The old form of it is an IPv6 address like any other.
            ("192.0.2.0/24", "::192.0.2.1", false),
        ];
        for (block, peer, within) in cases {
            assert_eq!(block.parse::<Network>().unwrap().contains(address(peer)), within, "{peer} in {block}");
        }
    }

    #[test]
    fn private_addresses_are_those_of_the_rfcs() {
        let cases = [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.0.1", true),
            ("192.169.0.1", false),
            ("127.0.0.1", true),
            ("169.254.1.1", true),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("8.8.8.8", false),
            ("255.255.255.255", false),
            ("::1", true),
            ("::", false),
            ("fc00::1", true),
            ("fdff::1", true),
            ("fe00::1", false),
            ("fe80::1", true),
            ("febf::1", true),
            ("fec0::1", false),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:8.8.8.8", false),
            ("::ffff:127.0.0.1", true),
            ("64:ff9b::a00:1", false),
        ];
        for (text, private) in cases {
            assert_eq!(is_private(address(text)), private, "{text}");
        }
    }
}
