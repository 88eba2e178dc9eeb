//! The threads that serve the connections of a port: one for each processor, each with an event loop of its own.
//!
//! A connection stays on the thread that it is given to, the one with the least to do. Threads that share one event loop wake each other
//! for nearly every request, which costs more than the request: connections are many and alike, so they need no balancing, and what
//! takes long is done beside them. The invariant: **a connection's work never moves to another thread**.

use std::future::Future;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// What still blocks beside an event loop that ends has so long: a write that hangs, on somebody else's file system say, must not keep
/// the process.
pub(crate) const LEFT_BEHIND: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    event_loop: Handle,
    /// Ends the event loop when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads, which are named after the port.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn start(port: &str) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        (0..count).map(|number| Worker::start(format!("{port}-{number}"))).collect::<io::Result<_>>().map(Workers)
    }

    /// Has a connection served.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn give<S: Future<Output = ()> + Send + 'static>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> S + Send + 'static,
    ) -> io::Result<()> {
        // From one event loop to the other.
        let stream = stream.into_std()?;
        if let Some(worker) = self.0.iter().min_by_key(|worker| worker.event_loop.metrics().num_alive_tasks()) {
            let _entered = worker.event_loop.enter();
            worker.event_loop.spawn(serve(TcpStream::from_std(stream)?));
        }
        Ok(())
    }
}

impl Worker {
    fn start(name: String) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let event_loop = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(LEFT_BEHIND);
        };
        let thread = thread::Builder::new().name(name).spawn(serve)?;
        Ok(Worker { event_loop, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Workers {
    /// Cuts off what is served still, and waits for the threads to end.
    fn drop(&mut self) {
        for worker in &mut self.0 {
            worker.stop = None;
        }
        for thread in self.0.iter_mut().filter_map(|worker| worker.thread.take()) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn connections_are_shared_out_and_end_with_their_threads() {
        let workers = Workers::start("port").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mut clients, mut names) = (Vec::new(), Vec::new());
        for _ in &workers.0 {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let serve = |mut stream: TcpStream| async move {
                stream.write_all(thread::current().name().unwrap_or_default().as_bytes()).await.unwrap();
                std::future::pending().await
            };
            workers.give(listener.accept().await.unwrap().0, serve).unwrap();
            let mut name = [0; 64];
            let length = client.read(&mut name).await.unwrap();
            names.push(String::from_utf8(name[..length].to_vec()).unwrap());
            clients.push(client);
        }
        names.sort();
        assert!(names.iter().all(|name| name.starts_with("port-")), "{names:?}");
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "one thread has two: {names:?}");
        tokio::task::spawn_blocking(move || drop(workers)).await.unwrap();
        for mut client in clients {
            assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn what_hangs_beside_a_connection_does_not_keep_the_threads() {
        let workers = Workers::start("port").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_never, waits) = std::sync::mpsc::channel::<()>();
        let serve = |mut stream: TcpStream| async move {
            let hangs = tokio::task::spawn_blocking(move || waits.recv());
            stream.write_all(b"!").await.unwrap();
            let _ = hangs.await;
        };
        workers.give(listener.accept().await.unwrap().0, serve).unwrap();
        client.read_exact(&mut [0; 1]).await.unwrap();
        let (ended, end) = oneshot::channel();
        thread::spawn(move || {
            drop(workers);
            ended.send(())
        });
        tokio::time::timeout(LEFT_BEHIND * 6, end).await.expect("the threads hang").unwrap();
    }
}
