//! A value as it was written, in TOML or as text, and its readings. Each reading's error says what would be right.

use crate::pki::check_name;
use keymanager::Network;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// A value as it was written.
pub(super) enum Value<'a> {
    /// In a file.
    Toml(&'a DeValue<'a>),
    /// In the environment or on the command line.
    Text(&'a str),
}

impl Value<'_> {
    pub(super) fn text(&self) -> Result<&str, String> {
        match self {
            Value::Text(text) => Ok(text),
            Value::Toml(value) => {
                value.as_str().ok_or_else(|| format!("this is {}; a text in quotes is wanted", sort(value)))
            }
        }
    }

    pub(super) fn path(&self) -> Result<PathBuf, String> {
        match self.text()? {
            "" => Err("this is empty; the path of a file is wanted".into()),
            text => Ok(PathBuf::from(text)),
        }
    }

    /// Paths of files.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, String> {
        let list = self.list("/etc/keystead/share.txt")?;
        match list.iter().any(String::is_empty) {
            true => Err("one of them is empty; paths of files are wanted".into()),
            false => Ok(list.into_iter().map(PathBuf::from).collect()),
        }
    }

    pub(super) fn number(&self, range: RangeInclusive<u32>) -> Result<u32, String> {
        let wanted = format!("a whole number from {} to {} is wanted", range.start(), range.end());
        let written = match self {
            Value::Text(text) => (*text).to_owned(),
            Value::Toml(DeValue::Integer(integer)) => integer.as_str().replace('_', ""),
            Value::Toml(value) => return Err(format!("this is {}; {wanted}", sort(value))),
        };
        let number = written.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("`{written}` can't be; {wanted}"))
    }

    /// A number with or without a fraction, as it was written; `wanted` says which would be right.
    pub(super) fn decimal(&self, wanted: &str) -> Result<String, String> {
        match self {
            Value::Text(text) => Ok((*text).to_owned()),
            Value::Toml(DeValue::Float(float)) => Ok(float.as_str().replace('_', "")),
            Value::Toml(DeValue::Integer(integer)) => Ok(integer.as_str().replace('_', "")),
            Value::Toml(value) => Err(format!("this is {}; a number {wanted} is wanted", sort(value))),
        }
    }

    pub(super) fn truth(&self) -> Result<bool, String> {
        match self {
            Value::Text("true") | Value::Toml(DeValue::Boolean(true)) => Ok(true),
            Value::Text("false") | Value::Toml(DeValue::Boolean(false)) => Ok(false),
            Value::Text(text) => Err(format!("`{text}` can't be; true or false is wanted")),
            Value::Toml(value) => Err(format!("this is {}; true or false is wanted", sort(value))),
        }
    }

    pub(super) fn seconds(&self, range: RangeInclusive<u32>) -> Result<Duration, String> {
        self.number(range).map(|seconds| Duration::from_secs(seconds.into()))
    }

    pub(super) fn address(&self) -> Result<SocketAddr, String> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("`{text}` is no address with a port, such as 0.0.0.0:5696 or [::]:5696"))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, String> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            format!("`{text}` can't be; it is one of: {}", words.join(", "))
        })
    }

    /// Some of a few words.
    pub(super) fn choices<T: Copy>(&self, choices: &[(&str, T)]) -> Result<Vec<T>, String> {
        let list = self.list(choices.first().map_or("", |(word, _)| word))?;
        list.iter().map(|word| Value::Text(word).choice(choices)).collect()
    }

    /// Names of the server.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        names(&self.list("kms1.example.com")?)
    }

    /// Addresses and blocks of them.
    pub(super) fn networks(&self) -> Result<Vec<Network>, String> {
        let network = |text: &String| {
            text.parse().map_err(|_| format!("`{text}` is no address and no block of addresses such as 192.0.2.0/28"))
        };
        self.list("192.0.2.0/28")?.iter().map(network).collect()
    }

    /// A list in TOML, separated by commas in text.
    fn list(&self, sample: &str) -> Result<Vec<String>, String> {
        match self {
            Value::Text(text) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
            Value::Toml(DeValue::Array(items)) => {
                items.iter().map(|item| Value::Toml(item.get_ref()).text().map(str::to_owned)).collect()
            }
            Value::Toml(value) => Err(format!("this is {}; a list such as [\"{sample}\"] is wanted", sort(value))),
        }
    }
}

/// Checks names of the server.
pub(super) fn names(names: &[String]) -> Result<Vec<String>, String> {
    names.iter().try_for_each(|name| check_name(name)).map_err(|error| error.to_string())?;
    Ok(names.to_vec())
}

fn sort(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array" | "inline table") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
