//! The bare HTTPS echo on the server's own stack: hyper under axum over rustls, and a handler that answers at once; or once it has handed
//! a record to the kernel, as whoever audits each request must.

use super::client::LENGTH;
use crate::error::{Doing, Error};
use crate::tls::{self, Identity};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

const LARGEST: usize = 1 << 20;
/// Bytes of a record: what the server's journal takes for a wrap.
const RECORD: [u8; 980] = [b'x'; 980];

/// The `bench https-echo` process: prints its address, serves until its standard input ends (that is, with its parent).
pub(crate) fn run(record: Option<&Path>, files: &[PathBuf]) -> Result<(), Error> {
    let open = |path| OpenOptions::new().append(true).create(true).open(path).map(Arc::new);
    let record = record.map(open).transpose().doing(|| "opening the echo's record".into())?;
    // As the server: a thread a processor.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.doing(|| "starting the echo".into())?;
    let identity = Identity::read_der(files).doing(|| "reading the echo's key and certificates".into())?;
    let (listener, address) = runtime.block_on(async { crate::echo::listen() })?;
    crate::report::print(&format!("{address}\n"))?;
    let acceptor = TlsAcceptor::from(tls::open_server(identity)?);
    let _echo = runtime.spawn(async move {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(converse(acceptor.clone(), stream, record.clone()));
            }
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).doing(|| "waiting for the parent".into())?;
    Ok(())
}

async fn converse(acceptor: TlsAcceptor, stream: tokio::net::TcpStream, record: Option<Arc<File>>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = TowerToHyperService::new(Router::new().fallback(answer).with_state(record));
    let builder = Builder::new(TokioExecutor::new());
    // A connection that ends badly shows as a missing answer at the client.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// Reads the body and gives as many bytes as were asked for; an error where the record can't be written.
async fn answer(
    State(record): State<Option<Arc<File>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    if record.is_some_and(|file| (&*file).write_all(&RECORD).is_err()) {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let asked = headers.get(LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(vec![b'x'; asked.unwrap_or(body.len()).min(LARGEST)])
}
