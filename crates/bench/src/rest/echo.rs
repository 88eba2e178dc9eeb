//! The HTTPS echo on the server's own stack: hyper under axum over rustls, and a handler that answers at once; or once it has done the
//! least that the request takes ([`super::work`]).

use super::client::LENGTH;
use super::work::Work;
use crate::error::{Doing, Error};
use crate::tls::{self, Identity};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

const LARGEST: usize = 1 << 20;

/// The `bench https-echo` process: prints its address, serves until its standard input ends (that is, with its parent).
pub(crate) fn run(work: Option<&Path>, files: &[PathBuf]) -> Result<(), Error> {
    let work = work.map(|record| Work::new(record).map(Arc::new)).transpose();
    let work = work.doing(|| "opening the echo's record".into())?;
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
                tokio::spawn(converse(acceptor.clone(), stream, work.clone()));
            }
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).doing(|| "waiting for the parent".into())?;
    Ok(())
}

async fn converse(acceptor: TlsAcceptor, stream: tokio::net::TcpStream, work: Option<Arc<Work>>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = TowerToHyperService::new(Router::new().fallback(answer).with_state(work));
    let builder = Builder::new(TokioExecutor::new());
    // A connection that ends badly shows as a missing answer at the client.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// Reads the body and gives as many bytes as were asked for; an error where the work can't be done.
async fn answer(State(work): State<Option<Arc<Work>>>, headers: HeaderMap, body: Bytes) -> Result<Vec<u8>, StatusCode> {
    let token = headers.get(header::AUTHORIZATION).map_or(&b""[..], |token| token.as_bytes());
    let done = work.map(|work| work.answer(token, &body)).transpose();
    let mut answer = done.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.unwrap_or_default();
    let asked = headers.get(LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    answer.resize(asked.unwrap_or(body.len()).min(LARGEST), b' ');
    Ok(answer)
}
