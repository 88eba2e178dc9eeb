//! `keystead adapter door`: the port, host names and password of an adapter's own.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::api::{Door, NewCredential, NewDoor, PrivateText, WhenExpired};
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output, files};

/// What changes; nothing: the door is shown.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Changes {
    /// Name or identifier of the adapter
    #[arg(value_name = "NAME|ID")]
    adapter: String,
    /// A port of its own: who connects there is taken for a client of this adapter
    #[arg(long, conflicts_with = "no_port", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// No port of its own
    #[arg(long)]
    no_port: bool,
    /// A host name of its own, by which clients reach the shared port; again for more
    #[arg(long = "name", value_name = "HOST", conflicts_with = "no_name")]
    names: Vec<String>,
    /// No host name of its own
    #[arg(long)]
    no_name: bool,
    /// Whether its clients may come by the shared port too
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    shared: Option<bool>,
    /// What becomes of a client whose certificate has expired
    #[arg(long, value_name = "serve|refuse", value_parser = serve_or_refuse)]
    expired: Option<WhenExpired>,
    /// User name that vCenter must send with each request
    #[arg(long, requires = "password_file", conflicts_with = "no_password")]
    user: Option<String>,
    /// File with its password, 8 to 128 bytes in its first line; - reads standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Demand no user name and password
    #[arg(long)]
    no_password: bool,
}

const SHOWN: [Column<Door>; 6] = [
    Column("Adapter", |door| door.adapter.clone()),
    Column("Own port", |door| door.port.map_or_else(|| "none".to_owned(), |port| port.to_string())),
    Column("Own host names", |door| if door.names.is_empty() { "none".to_owned() } else { door.names.join(", ") }),
    Column("Shared port", |door| match door.shared {
        true => format!("{}: its clients may come by it", door.shared_port),
        false => format!("{}: its clients are refused there, but under an own host name", door.shared_port),
    }),
    Column("Expired", |door| match door.expired {
        WhenExpired::Served => "a certificate that has expired is served on: only the list decides".to_owned(),
        WhenExpired::Refused => "a certificate that has expired is refused".to_owned(),
    }),
    Column("User name", |door| door.user.clone().unwrap_or_else(|| "none demanded".to_owned())),
];

pub(in crate::cli) async fn run(changes: Changes, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let adapter = changes.adapter.clone();
    let path = ["adapters", &*adapter, "door"];
    let door: Door = api.show(&path).await?;
    if changes.is_empty() {
        output.show(&door, &SHOWN)?;
        return output.say(&format!("\n{}", advice(&door)));
    }
    let changed: Door = api.put(&path, &changes.applied(door)?).await?;
    output.done(&changed, &format!("The door of adapter {} is set.\n\n{}", changed.adapter, advice(&changed)))
}

impl Changes {
    fn is_empty(&self) -> bool {
        let Changes { port, no_port, names, no_name, shared, expired, user, no_password, .. } = self;
        let switches = *no_port || *no_name || *no_password;
        !switches && port.is_none() && names.is_empty() && shared.is_none() && expired.is_none() && user.is_none()
    }

    fn applied(self, door: Door) -> Result<NewDoor, Failure> {
        let credential = self.credential()?;
        let names = if self.no_name || !self.names.is_empty() { self.names } else { door.names };
        let port = if self.no_port { None } else { self.port.or(door.port) };
        let shared = self.shared.unwrap_or(door.shared);
        if !shared && port.is_none() && names.is_empty() {
            return Err(Failure::usage(
                "without the shared port, nobody could reach the adapter",
                "give it a way of its own in the same command (--port P or --name HOST), or say --shared yes",
            ));
        }
        Ok(NewDoor { names, port, shared, expired: self.expired.unwrap_or(door.expired), credential })
    }

    fn credential(&self) -> Result<NewCredential, Failure> {
        match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => {
                let text = files::read_text(file)?;
                let password = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
                Ok(NewCredential::Set { user: user.clone(), password: PrivateText::new(password) })
            }
            _ if self.no_password => Ok(NewCredential::None),
            _ => Ok(NewCredential::Keep),
        }
    }
}

/// What to enter in vCenter, in its words, and what else is to be known.
fn advice(door: &Door) -> String {
    let address = door.names.first().map_or("the address of this server", String::as_str);
    let port = door.port.unwrap_or(door.shared_port);
    let mut lines = vec![format!(
        "In the vSphere Client (Key Providers > the provider > its key server > Edit): address {address}, port {port}"
    )];
    lines.push(match &door.user {
        Some(user) => format!("and under Password Protection: user name {user}, and the password that you set."),
        None => "and no user name and password.".to_owned(),
    });
    if let Some(port) = door.port {
        lines.push(format!(
            "Open port {port} in the firewall. If another program has it, the server's log says so, and it is tried again every 10 seconds."
        ));
    }
    if !door.shared {
        lines.push("Clients of this adapter that still use the shared port are refused from now on.".to_owned());
    }
    if door.damaged {
        lines.push("Its record is damaged or was changed by somebody else, so it is shut: set it anew.".to_owned());
    }
    lines.join("\n")
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("say yes or no".to_owned()),
    }
}

fn serve_or_refuse(text: &str) -> Result<WhenExpired, String> {
    match text {
        "serve" => Ok(WhenExpired::Served),
        "refuse" => Ok(WhenExpired::Refused),
        _ => Err("say serve or refuse".to_owned()),
    }
}
