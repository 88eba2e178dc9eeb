//! [`Doors`]: the adapters' own ports, which open and close as the registry says.
//!
//! The invariant: **what becomes of one door touches no connection of another**, and a port that can't be opened keeps nothing waiting.

use super::House;
use super::connection;
use super::listen::listen;
use super::sightings::Step;
use super::visitor::Came;
use crate::workers::Workers;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// After an error of accept (no descriptors left), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who takes connections in and has them served.
#[derive(Clone)]
pub(super) struct Reception {
    pub(super) house: Arc<House>,
    pub(super) workers: Arc<Workers>,
    pub(super) news: watch::Receiver<bool>,
}

impl Reception {
    /// Takes in all that comes to a listener, for as long as the task lives. `port` is the adapter whose own it is.
    pub(super) fn open(&self, listener: TcpListener, own: Option<(u16, Uuid)>) -> JoinHandle<()> {
        tokio::spawn(self.clone().receive_all(listener, own))
    }

    async fn receive_all(self, listener: TcpListener, own: Option<(u16, Uuid)>) {
        let sightings = &self.house.port.sightings;
        let track = own.map_or_else(|| sightings.at_shared_door(), |(_, adapter)| sightings.of_adapter(adapter));
        let port = own.map(|(port, _)| port);
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    track.note(Step::Tcp, (self.house.port.now)(), from.ip(), String::new);
                    self.receive(stream, Came { from, port });
                }
                Err(error) => {
                    let warn = || tracing::warn!(%error, "the KMIP port can't accept a connection");
                    self.house.quiet.line(warn);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn receive(&self, stream: TcpStream, came: Came) {
        let waiting = self.house.seats.wait(came.from.ip());
        let (house, news) = (self.house.clone(), self.news.clone());
        let given = self.workers.give(stream, move |stream| connection::converse(stream, came, waiting, house, news));
        if let Err(error) = given {
            self.house.quiet.line(|| tracing::warn!(%error, "a KMIP connection can't be served"));
        }
    }
}

/// See the module.
pub(super) struct Doors {
    /// The address of the shared port, which all are opened at.
    address: IpAddr,
    reception: Reception,
    open: HashMap<u16, Open>,
    /// Those that can't be opened, and why, as it was logged.
    stuck: HashMap<u16, String>,
}

struct Open {
    adapter: Uuid,
    task: JoinHandle<()>,
}

impl Doors {
    pub(super) fn new(address: IpAddr, reception: Reception) -> Self {
        Doors { address, reception, open: HashMap::new(), stuck: HashMap::new() }
    }

    /// Closes the ports that are none any more and opens those that are new.
    pub(super) async fn settle(&mut self) {
        let house = self.reception.house.clone();
        let rules = house.rules.now(house.port.engine.registry());
        let wanted: HashMap<u16, Uuid> = rules.ports().map(|(port, adapter)| (port, adapter.id)).collect();
        let stays = |port: &u16, open: &Open| wanted.get(port) == Some(&open.adapter) && !open.task.is_finished();
        for (port, open) in self.open.extract_if(|port, open| !stays(port, open)).collect::<Vec<_>>() {
            end(open.task).await;
            tracing::info!(port, adapter = %open.adapter, "an adapter's own port is closed");
        }
        self.stuck.retain(|port, _| wanted.contains_key(port));
        for (port, adapter) in rules.ports().filter(|(port, _)| !self.open.contains_key(port)).collect::<Vec<_>>() {
            self.bind(port, adapter.id, &adapter.name);
        }
    }

    fn bind(&mut self, port: u16, adapter: Uuid, name: &str) {
        let address = SocketAddr::new(self.address, port);
        match listen(address) {
            Ok(listener) => {
                self.stuck.remove(&port);
                self.open.insert(port, Open { adapter, task: self.reception.open(listener, Some((port, adapter))) });
                tracing::info!(%address, adapter = name, "an adapter's own port is open");
            }
            Err(error) => {
                let reason = error.to_string();
                if self.stuck.get(&port) != Some(&reason) {
                    let advice = "stop what uses the port, or give the adapter's door another; it is tried again every 10 seconds";
                    tracing::error!(%address, adapter = name, %error, "an adapter's own port can't be opened: {advice}");
                    self.stuck.insert(port, reason);
                }
            }
        }
    }

    /// Closes all of them.
    pub(super) async fn close(self) {
        for open in self.open.into_values() {
            end(open.task).await;
        }
    }
}

/// Ends a task that takes connections in; when this returns, its port is free.
pub(super) async fn end(task: JoinHandle<()>) {
    task.abort();
    if !task.is_finished() {
        let _ = task.await;
    }
}
