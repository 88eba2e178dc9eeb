//! Key ids in JSON, however deep they stand: from `govc ... -json`, from PowerCLI's `ConvertTo-Json`, or a mere array of ids.
//!
//! The invariant: the provider of an id is the one that stands beside it in the same object, or in the nearest object around.

use serde_json::{Map, Value};

use super::field::{self, Field};
use super::{Entry, Error, plain};

pub(super) fn read(text: &str) -> Result<Vec<Entry>, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| Error::Json(error.to_string()))?;
    let mut entries = Vec::new();
    match &value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let ids = items.iter().enumerate().filter_map(|(index, id)| Some((index + 1, id.as_str()?)));
            entries = ids.map(|(line, id)| plain::one(line, id)).collect::<Result<_, _>>()?;
        }
        value => walk(value, None, &mut entries)?,
    }
    Ok(entries)
}

fn walk(value: &Value, provider: Option<&str>, entries: &mut Vec<Entry>) -> Result<(), Error> {
    match value {
        Value::Object(fields) => object(fields, provider, entries),
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, provider, entries)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn object(fields: &Map<String, Value>, around: Option<&str>, entries: &mut Vec<Entry>) -> Result<(), Error> {
    let own = fields.iter().filter(|(name, _)| field::of(name) == Field::Provider).find_map(|(_, value)| named(value));
    let provider = own.or(around);
    for (name, value) in fields {
        match field::of(name) {
            Field::Key => keys(value, provider, entries)?,
            Field::Other => walk(value, provider, entries)?,
            // A list of providers may have keys below it; a provider's own name is none.
            Field::Provider => walk(value, named(value).or(provider), entries)?,
        }
    }
    Ok(())
}

fn keys(value: &Value, provider: Option<&str>, entries: &mut Vec<Entry>) -> Result<(), Error> {
    match value {
        Value::String(id) if !id.trim().is_empty() => {
            entries.push(Entry::new(id.trim(), provider)?);
            Ok(())
        }
        Value::Number(id) => {
            entries.push(Entry::new(&id.to_string(), provider)?);
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| keys(item, provider, entries)),
        Value::Object(fields) => object(fields, provider, entries),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// A provider: its name, or an object with it (`KeyProviderId.id`).
fn named(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Object(fields) => {
            let is_name = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "id" | "name");
            fields.iter().find(|(name, _)| is_name(name)).and_then(|(_, value)| value.as_str())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}
