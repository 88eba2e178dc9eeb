//! What is configured of traces: who gets them, and of how many requests.

use std::path::PathBuf;

use super::value::Value;

/// All of them, in [`Traces::sample`]'s unit.
pub const EACH: u32 = 1_000_000;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// Where they are posted to; none: there are no traces.
    pub endpoint: Option<String>,
    /// Whom the collector's certificate has to come from.
    pub ca_file: Option<PathBuf>,
    /// A file with the value of the header `Authorization`.
    pub authorization_file: Option<PathBuf>,
    /// Of how many requests, in millionths.
    pub sample: u32,
}

impl Default for Traces {
    fn default() -> Self {
        Traces { endpoint: None, ca_file: None, authorization_file: None, sample: EACH / 100 }
    }
}

impl Traces {
    /// What does not go together, and what this build can't do.
    pub(super) fn conflict(&self) -> Option<&'static str> {
        let endpoint = self.endpoint.as_ref()?;
        if cfg!(not(feature = "traces")) {
            return Some(
                "traces.otlp.endpoint: this keystead was built without traces: leave it out, or build with the feature `traces`",
            );
        }
        if endpoint.starts_with("https:") && self.ca_file.is_none() {
            return Some("traces.otlp.ca_file is missing: give the CA of the collector's certificate as a PEM file");
        }
        None
    }
}

/// A share of all requests: 0 none, 1 each.
pub(super) fn sample(value: &Value<'_>) -> Result<u32, String> {
    let written = value.decimal("from 0 (none) to 1 (each request), such as 0.01")?;
    match written.parse::<f64>() {
        // Within the range, the product is a whole number that fits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(share) if (0.0..=1.0).contains(&share) => Ok((share * f64::from(EACH)).round() as u32),
        Ok(_) | Err(_) => Err(format!("`{written}` can't be; a number from 0 (none) to 1 (each request) is wanted")),
    }
}

/// The share as it would be written.
pub(super) fn share(sample: u32) -> String {
    (f64::from(sample) / f64::from(EACH)).to_string()
}
