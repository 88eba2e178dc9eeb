//! `keystead serve`: what it takes. What it does is in [`crate::serve`].

use std::path::PathBuf;

use super::{Failure, Global};
use crate::config::{self, Flags};
use crate::serve::Error;

/// The flags of `serve`; each wins over the environment, which wins over the file.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Configuration file [default: /etc/keystead/keystead.toml if it is there; none is needed]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name or address by which vCenter reaches this server; may be given more than once [default: the machine's own]
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// Where to listen for KMIP [default: 0.0.0.0:5696]
    #[arg(long, value_name = "ADDR:PORT")]
    kmip_listen: Option<String>,
    /// Where to listen for HTTPS administration [default: 0.0.0.0:8443]
    #[arg(long, value_name = "ADDR:PORT")]
    admin_listen: Option<String>,
}

impl ServeArgs {
    fn flags(self, global: &Global) -> Flags {
        Flags {
            config: self.config,
            data: global.data.clone(),
            names: self.name,
            kmip_listen: self.kmip_listen,
            admin_listen: self.admin_listen,
        }
    }
}

pub(super) fn run(global: &Global, args: ServeArgs) -> Result<(), Failure> {
    crate::serve::run(&args.flags(global)).map_err(|error| match &error {
        Error::Config(config::Error::Elsewhere { origin, .. }) if origin.starts_with("--") => Failure::usage(error, ""),
        _ => Failure::new(error, ""),
    })
}
