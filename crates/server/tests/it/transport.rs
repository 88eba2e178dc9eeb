//! What happens on the KMIP port before there is a client: which certificate and key exchange a client gets, who waits, for whom a
//! load balancer speaks, and what is said when nothing comes of it.

mod choice;
mod hello;
mod proxy;
mod refused;
mod waiting;

use super::machine::Place;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

impl Place {
    /// A connection from another address of this machine.
    fn tcp_from(&self, address: [u8; 4]) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::from((address, 0)))).unwrap();
        socket.connect(&SockAddr::from(self.server.kmip)).unwrap();
        socket.into()
    }

    fn refused(&self, label: &str) -> usize {
        self.server.log().matches(&format!("refusal=\"{label}\"")).count()
    }
}

/// The other side closes, whatever it says before.
fn check_ends(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the connection stays open"),
    }
}
