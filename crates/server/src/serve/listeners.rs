//! The listening sockets: KMIP, administration, and metrics where they have one.

use super::Error;
use crate::config::Config;
use crate::kmip::listen;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;

/// The listening sockets.
pub(super) struct Listeners {
    pub(super) kmip: TcpListener,
    pub(super) admin: TcpListener,
    pub(super) metrics: Option<TcpListener>,
}

impl Listeners {
    /// Binds them, so that what is in the way is seen before anything is made.
    pub(super) fn bind(config: &Config) -> Result<Self, Error> {
        let bind = |address, what| {
            listen(address).map_err(|error| Error::Listen { address, what, reason: why_not(&error, address) })
        };
        let (kmip, admin) = (bind(config.kmip_listen, "KMIP")?, bind(config.admin_listen, "administration")?);
        let metrics = config.metrics.listen.map(|address| bind(address, "metrics")).transpose()?;
        Ok(Listeners { kmip, admin, metrics })
    }

    /// Where KMIP is listened for; the port may have been the system's choice.
    pub(super) fn kmip_address(&self) -> Result<SocketAddr, Error> {
        self.kmip.local_addr().map_err(Error::Runtime)
    }

    /// How the command line on this machine reaches the administration port.
    pub(super) fn admin_url(&self) -> Result<String, Error> {
        let mut address = self.admin.local_addr().map_err(Error::Runtime)?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Ok(format!("https://{address}"))
    }
}

fn why_not(error: &std::io::Error, address: SocketAddr) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("port {} is in use; stop what uses it, or choose another port", address.port()),
        ErrorKind::AddrNotAvailable => "this machine has no such address; 0.0.0.0 stands for all that it has".into(),
        ErrorKind::PermissionDenied => "ports below 1024 are for root, or take CAP_NET_BIND_SERVICE".into(),
        _ => error.to_string(),
    }
}
