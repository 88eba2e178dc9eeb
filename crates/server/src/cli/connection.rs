//! Which server to talk to, as whom, trusting which CA: from the environment, else from `admin.json` in the data folder.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Failure, Global};
use crate::config::{self, Flags, load};

/// The name of the file in the data folder that the first start of the server writes.
const ADMIN_FILE: &str = "admin.json";
const API_KEY: &str = "KEYSTEAD_API_KEY";
const INSTANCE: &str = "KEYSTEAD_INSTANCE";

/// Where a server is and how to be let in.
pub(crate) struct Connection {
    /// `https://HOST:PORT`.
    pub(crate) url: String,
    /// The API key.
    pub(crate) api_key: Zeroizing<String>,
    /// The only CA that is trusted, as PEM.
    pub(crate) ca: String,
    /// What the server on this machine serves, as PEM: trusted for itself, also when it has expired or is another CA's.
    pub(crate) served: Vec<String>,
    /// Where the API key came from, for error messages.
    pub(crate) origin: String,
    /// The instance that is asked about, by identifier or name; none: the one that can be meant.
    pub(crate) instance: Option<String>,
}

#[derive(Deserialize)]
struct AdminFile {
    url: String,
    api_key: String,
    ca: String,
}

/// Reads the environment and, for what that leaves open, the data folder.
pub(crate) fn find(global: &Global) -> Result<Connection, Failure> {
    let environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let connection = assemble(|| data_folder(global), environment)?;
    Ok(match &global.instance {
        Some(instance) => Connection { instance: Some(instance.clone()), ..connection },
        None => connection,
    })
}

/// The folder that `serve` would use.
pub(super) fn data_folder(global: &Global) -> Result<PathBuf, Failure> {
    let flags = Flags { data: global.data.clone(), ..Flags::default() };
    match load(&flags, &config::environment()) {
        Ok(loaded) => Ok(loaded.config.data),
        Err(error) => {
            Err(Failure::new(error, "mend the configuration, or set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA"))
        }
    }
}

fn assemble(
    data: impl FnOnce() -> Result<PathBuf, Failure>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Connection, Failure> {
    let url = environment("KEYSTEAD_URL").map(|value| text("KEYSTEAD_URL", value)).transpose()?;
    let api_key = environment(API_KEY).map(|value| text(API_KEY, value)).transpose()?.map(Zeroizing::new);
    let api_key = api_key.map(|text| api_key_in(API_KEY, &text)).transpose()?;
    let ca = environment("KEYSTEAD_CA").map(|path| read_ca(&PathBuf::from(path))).transpose()?;
    let instance = environment(INSTANCE).map(|value| text(INSTANCE, value)).transpose()?;
    let (url, api_key, ca) = match (url, api_key, ca) {
        (Some(url), Some(api_key), Some(ca)) => {
            return Ok(Connection { url, api_key, ca, served: Vec::new(), origin: API_KEY.to_owned(), instance });
        }
        incomplete => incomplete,
    };
    let folder = data()?;
    let path = folder.join(ADMIN_FILE);
    let file = read_admin(&path)?;
    let origin = if api_key.is_some() { API_KEY.to_owned() } else { path.display().to_string() };
    let of_file = Zeroizing::new(file.api_key);
    let api_key = api_key.map_or_else(|| api_key_in(&origin, &of_file), Ok)?;
    // Whoever names a CA trusts that one alone.
    let served = if ca.is_some() { Vec::new() } else { served(&folder) };
    Ok(Connection { url: url.unwrap_or(file.url), api_key, ca: ca.unwrap_or(file.ca), served, origin, instance })
}

/// The server's own certificates beside the API key, as far as they can be read.
fn served(folder: &Path) -> Vec<String> {
    ["server.crt", "server-ecdsa.crt"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(folder.join(file)).ok())
        .collect()
}

/// An API key that can be sent: one word of printable characters.
fn api_key_in(origin: &str, text: &str) -> Result<Zeroizing<String>, Failure> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage(
            format!("what {origin} holds is no API key: it has blanks or other characters that no API key has"),
            "an API key is one word, which begins with keystead_",
        ));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn text(name: &str, value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|_| Failure::usage(format!("{name} is not UTF-8 text"), format!("set {name} again")))
}

fn read_ca(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            format!("KEYSTEAD_CA: cannot read {}: {error}", path.display()),
            "set KEYSTEAD_CA to the PEM file of the server's CA (ca.crt in its data folder)",
        )
    })
}

fn read_admin(path: &Path) -> Result<AdminFile, Failure> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?);
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            format!(
                "{} is not what the server writes: line {}, column {}",
                path.display(),
                error.line(),
                error.column()
            ),
            "restore the file, or set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA",
        )
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => Failure::new(
            format!("no server is known here: {path} does not exist"),
            "on the server give its data folder with --data DIR (or KEYSTEAD_DATA); elsewhere set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA",
        ),
        ErrorKind::PermissionDenied => Failure::new(
            format!("{path} may be read by the server's own user only"),
            "run this as that user (sudo -u), or set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA",
        ),
        _ => Failure::new(
            format!("cannot read {path}: {error}"),
            "check the file, or set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::assemble;

    const FILE: &str = r#"{"url": "https://127.0.0.1:8443", "api_key": "from-file", "ca": "CA"}"#;

    fn check(file: Option<&str>, environment: &[(&str, &str)]) -> Result<(String, String), String> {
        let data = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::write(data.path().join("admin.json"), text).unwrap();
        }
        let lookup =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        assemble(|| Ok(data.path().to_owned()), lookup)
            .map(|connection| (connection.url, connection.api_key.to_string()))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let url = ("KEYSTEAD_URL", "https://kms:1");
        let key = ("KEYSTEAD_API_KEY", "from-env");
        let cases = [
            (vec![], ("https://127.0.0.1:8443", "from-file")),
            (vec![url], ("https://kms:1", "from-file")),
            (vec![key], ("https://127.0.0.1:8443", "from-env")),
            (vec![url, key], ("https://kms:1", "from-env")),
            (vec![("KEYSTEAD_API_KEY", " from-env\n")], ("https://127.0.0.1:8443", "from-env")),
        ];
        for (environment, (url, key)) in cases {
            assert_eq!(check(Some(FILE), &environment), Ok((url.to_owned(), key.to_owned())));
        }
    }

    #[test]
    fn a_full_environment_needs_no_file() {
        let ca = tempfile::NamedTempFile::new().unwrap();
        let path = ca.path().to_str().unwrap();
        let environment = [("KEYSTEAD_URL", "https://kms:1"), ("KEYSTEAD_API_KEY", "k"), ("KEYSTEAD_CA", path)];
        assert_eq!(check(None, &environment), Ok(("https://kms:1".to_owned(), "k".to_owned())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let none: &[(&str, &str)] = &[];
        let cases = [
            (None, none, "admin.json does not exist"),
            (Some("{\"url\": 1}"), none, "is not what the server writes: line 1"),
            (None, &[("KEYSTEAD_CA", "/nowhere/ca.pem")], "KEYSTEAD_CA: cannot read /nowhere/ca.pem"),
            (Some(FILE), &[("KEYSTEAD_API_KEY", "two words")], "KEYSTEAD_API_KEY holds is no API key"),
            (Some(FILE), &[("KEYSTEAD_API_KEY", "a\nb")], "KEYSTEAD_API_KEY holds is no API key"),
        ];
        for (file, environment, part) in cases {
            let message = check(file, environment).unwrap_err();
            assert!(message.contains(part) && message.contains("try: "), "{message}");
        }
    }

    #[test]
    fn a_damaged_file_does_not_put_its_key_into_the_message() {
        let message = check(Some(r#"{"url": "u", "api_key": ["keystead_secret"], "ca": ""}"#), &[]).unwrap_err();
        assert!(!message.contains("keystead_secret"), "{message}");
    }
}
