//! What the administrator reads on standard output: where the server is, and what to do next in vCenter.

use super::first::ADAPTER;
use crate::pki::with_colons;
use crate::tls;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// What there is to say.
pub(super) struct Guide<'a> {
    pub(super) kmip: SocketAddr,
    pub(super) admin_url: &'a str,
    pub(super) names: &'a [String],
    /// The server certificate, DER.
    pub(super) certificate: &'a [u8],
    pub(super) data: &'a Path,
    pub(super) master_key: String,
    pub(super) first: bool,
}

impl Guide<'_> {
    /// Says it. Nobody may be listening, and that is fine.
    pub(super) fn print(&self) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(self.text().as_bytes()).and_then(|()| out.flush());
    }

    fn text(&self) -> String {
        let mut text = self.facts();
        if self.first {
            text.push_str(&self.next_steps());
        }
        text
    }

    /// The name that vCenter should use: the first that other machines can reach.
    fn name(&self) -> &str {
        self.names.first().map_or("localhost", String::as_str)
    }

    fn facts(&self) -> String {
        let mut text = String::from("Keystead is ready.\n\n");
        let rows = [
            ("KMIP", format!("{} port {} (listening on {})", self.name(), self.kmip.port(), self.kmip)),
            ("Administration", self.admin_url.to_owned()),
            ("Server certificate", format!("SHA-256 {}", with_colons(&tls::fingerprint(self.certificate)))),
            ("", format!("SHA-1   {}", with_colons(&wrap::primitive::thumbprint(self.certificate)))),
            ("Its names", self.names.join(", ")),
            ("Data folder", self.data.display().to_string()),
            ("Master key", self.master_key.to_owned()),
        ];
        for (what, value) in rows {
            let _ = writeln!(text, "  {what:<19} {value}"); // writing to a String can't fail
        }
        text
    }

    fn next_steps(&self) -> String {
        let (name, port, data) = (self.name(), self.kmip.port(), self.data.display());
        let (master_key, keystead) = (&self.master_key, command());
        format!(
            "
Keep a copy of the master key ({master_key}) away from this machine, and never on storage that it
unlocks. Without it nobody can open the keys, and with them the virtual machines.

Next, in the vSphere Client:

  1. Select the vCenter Server > Configure > Security > Key Providers > Add > Add Standard Key Provider.
     Give it a name; as its server enter address {name} and port {port}. Leave user name and password empty.
  2. vCenter shows the server's certificate: compare it with the fingerprints above, then Trust.
  3. On this machine, make vCenter's certificate; it then says which files go where, and watches until a key was made:

       {keystead} trust issue --data {data} --adapter {ADAPTER} --watch

vCenter can also keep a key of its own: `trust certificate`, `trust root-ca` or `trust csr` say how. Who knocks without being on
the list is in `{keystead} door list`.
"
        )
    }
}

/// What was typed to start this program, so that what is shown can be typed as it is.
fn command() -> String {
    std::env::args().next().unwrap_or_else(|| "keystead".to_owned())
}
