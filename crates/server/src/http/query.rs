//! The query as IBM's clients send it: booleans in any case, empty values that mean nothing, lists with commas or as repeated
//! parameters. Parameters that nobody asks for are ignored.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::ops::RangeInclusive;

use super::error::Error;

/// The query's parameters.
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Result<Vec<(String, String)>, _> = serde_urlencoded::from_str(query);
        let pairs = pairs.map_err(|error| Error::bad_request("INVALID_QUERY_PARAM_ERR", error.to_string()))?;
        Ok(Parameters(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }
}

impl Parameters {
    /// A parameter's value, if it has one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated or hold commas.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(known, _)| known == name).flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty())
    }

    /// A boolean, in any case.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.text(name).map(|text| truth(name, text)).transpose()
    }

    /// A number within limits, or what it is when it is not given.
    pub(super) fn number(&self, name: &str, usual: usize, within: RangeInclusive<usize>) -> Result<usize, Error> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        text.parse().ok().filter(|number| within.contains(number)).ok_or_else(|| {
            Error::query(name, format!("`{name}` is a number from {} to {}", within.start(), within.end()))
        })
    }
}

fn truth(name: &str, text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::query(name, format!("`{name}` is `true` or `false`"))),
    }
}
