//! Listening sockets.

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// A cluster that reboots connects all at once; what does not fit here waits for a repeated SYN, for seconds.
const BACKLOG: i32 = 4096;
/// Peers that vanished without a word are noticed, though idle ones may stay for long.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// Listens on `address`. Accepted sockets inherit the keep-alive.
///
/// # Errors
/// What the system says.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    socket.set_tcp_nodelay(true)?;
    if address.is_ipv6() {
        let _ = SockRef::from(&socket).set_only_v6(false); // [::] serves IPv4 too where the system can
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
