//! The bare TLS echo: what any server on this machine with this TLS library must spend on a request.
//!
//! Invariant: it does the least that answers. Eight bytes, the rest, one write of as many bytes as the request asks
//! for in its first four (where a real message has a tag).

use crate::error::{Doing, Error};
use crate::tls::{self, Identity};
use crate::ttlv::{HEADER, body_length, narrow};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What to answer: reads the frame, fills the (reused) buffer.
pub(crate) type Respond = fn(&[u8], &mut Vec<u8>);

/// As the server: two threads.
const WORKERS: usize = 2;
/// Frames and answers beyond this end the connection.
const LARGEST: usize = 1 << 20;

/// The `bench echo` process: prints its address, serves until its standard input ends (that is, with its parent).
pub(crate) fn run(files: &[PathBuf]) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.doing(|| "starting the echo".into())?;
    let identity = Identity::read_der(files).doing(|| "reading the echo's key and certificates".into())?;
    let (listener, address) = runtime.block_on(async { listen() })?;
    crate::report::print(&format!("{address}\n"))?;
    let _echo = runtime.spawn(serve(listener, tls::server(identity)?, respond));
    std::io::stdin().read_to_end(&mut Vec::new()).doing(|| "waiting for the parent".into())?;
    Ok(())
}

/// A listener on a free port of the loopback address.
pub(crate) fn listen() -> Result<(TcpListener, SocketAddr), Error> {
    let open = || {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(1024)?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    };
    open().doing(|| "listening on 127.0.0.1".into())
}

/// Accepts for ever.
pub(crate) async fn serve(listener: TcpListener, config: Arc<rustls::ServerConfig>, respond: Respond) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        // A failed accept (out of files) shows as a missing answer at the client.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(acceptor.clone(), stream, respond));
        }
    }
}

async fn converse(acceptor: TlsAcceptor, stream: TcpStream, respond: Respond) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let (mut frame, mut answer) = (Vec::new(), Vec::new());
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header).await?;
        let length = body_length(&header);
        if length > LARGEST {
            return Ok(());
        }
        frame.clear();
        frame.extend_from_slice(&header);
        frame.resize(HEADER + length, 0);
        stream.read_exact(&mut frame[HEADER..]).await?;
        respond(&frame, &mut answer);
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
}

/// Marks a request for the echo: how long its answer is to be, header included.
pub(crate) fn ask_for(frame: &mut [u8], length: usize) {
    if let Some(mark) = frame.get_mut(HEADER..HEADER + 4) {
        mark.copy_from_slice(&narrow(length).to_be_bytes());
    }
}

fn respond(frame: &[u8], answer: &mut Vec<u8>) {
    let mark = frame.get(HEADER..HEADER + 4).and_then(|mark| mark.try_into().ok()).map_or(0, u32::from_be_bytes);
    let length = (mark as usize).clamp(HEADER, LARGEST);
    answer.resize(length, 0);
    answer[4..HEADER].copy_from_slice(&narrow(length - HEADER).to_be_bytes());
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ttlv::Walk;

    /// The echo inside this process.
    pub(crate) const ECHO: Respond = respond;

    #[test]
    fn answers_have_the_wanted_length() {
        for (wanted, got) in [(0, 8), (8, 8), (256, 256), (LARGEST + 1, LARGEST)] {
            let mut frame = [0; 32];
            ask_for(&mut frame, wanted);
            let mut answer = vec![9; 3];
            respond(&frame, &mut answer);
            assert_eq!(answer.len(), got, "for {wanted}");
            assert_eq!(Walk::over(&answer).count(), 1, "the header tells the length");
        }
    }
}
