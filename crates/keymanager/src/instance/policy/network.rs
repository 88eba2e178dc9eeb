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
