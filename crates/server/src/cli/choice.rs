//! Which instance a command is about: the one that was named; else the one called `default`, or the only one there is.

use std::collections::HashMap;

use super::{Client, Failure};
use crate::api::Instance;

/// The name of the instance that a first start makes.
const DEFAULT: &str = "default";

impl Client {
    /// The identifier of the instance that is meant.
    ///
    /// # Errors
    /// When there is none, or when several can be meant.
    pub(super) async fn instance(&self) -> Result<String, Failure> {
        match self.wanted() {
            Some(id) if is_id(id) => Ok(id.to_owned()),
            wanted => self.named(wanted).await,
        }
    }

    /// The identifier of the instance with this identifier or name.
    pub(super) async fn instance_named(&self, name: &str) -> Result<String, Failure> {
        if is_id(name) { Ok(name.to_owned()) } else { self.named(Some(name)).await }
    }

    async fn named(&self, wanted: Option<&str>) -> Result<String, Failure> {
        let instances: Vec<Instance> = self.installation().list(&["instances"]).await.map_err(unseen)?;
        choose(&instances, wanted)
    }
}

/// Instances by their identifiers, to show names; where they can't be seen, there are no names to show.
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) async fn of(client: &Client) -> Self {
        let instances: Vec<Instance> = client.installation().list(&["instances"]).await.unwrap_or_default();
        Names(instances.into_iter().map(|instance| (instance.id, instance.name)).collect())
    }

    /// The name of an instance, or else its identifier.
    pub(super) fn name(&self, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

/// Whether a text is an identifier, with its hyphens as the API writes it.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::parse_str(text).is_ok()
}

fn unseen(failure: Failure) -> Failure {
    if !failure.is_no_access() {
        return failure;
    }
    Failure::no_access(
        "the API key may not see which instances there are",
        "name the instance by its identifier, with --instance ID or KEYSTEAD_INSTANCE; the role Viewer shows instances",
    )
}

fn choose(instances: &[Instance], wanted: Option<&str>) -> Result<String, Failure> {
    let called: Vec<&Instance> =
        instances.iter().filter(|instance| instance.name == wanted.unwrap_or(DEFAULT)).collect();
    match (called.as_slice(), instances, wanted) {
        ([only], _, _) => Ok(only.id.clone()),
        ([], [only], None) => Ok(only.id.clone()),
        ([first, ..], _, _) => Err(Failure::usage(
            format!("{} instances are called `{}`", called.len(), first.name),
            format!("say which with --instance ID: {}", listed(called.iter().map(|instance| &instance.id))),
        )),
        ([], [], _) => Err(Failure::not_found(
            "there is no instance that this API key has access to",
            "an administrator makes one (keystead instance create) or gives access to one (keystead access grant)",
        )),
        ([], _, None) => Err(Failure::usage(
            format!("there are several instances: {}", listed(instances.iter().map(|instance| &instance.name))),
            "say which with --instance NAME (or ID), or set KEYSTEAD_INSTANCE",
        )),
        ([], _, Some(wanted)) => Err(Failure::not_found(
            format!("there is no instance `{wanted}` that this API key has access to"),
            "see which there are: keystead instance list",
        )),
    }
}

fn listed<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Instance, choose, is_id};

    fn check(names: &[&str], wanted: Option<&str>) -> Result<String, String> {
        let instance = |(number, name): (usize, &&str)| Instance {
            id: number.to_string(),
            name: (*name).to_owned(),
            created_at: String::new(),
            created_by: String::new(),
        };
        let instances: Vec<Instance> = names.iter().enumerate().map(instance).collect();
        choose(&instances, wanted).map_err(|failure| failure.to_string())
    }

    #[test]
    fn one_instance_is_meant_or_it_is_said_which_there_are() {
        let good = [
            (&["a"][..], None, "0"),
            (&["a", "default"], None, "1"),
            (&["a", "default"], Some("a"), "0"),
            (&["a", "b"], Some("b"), "1"),
        ];
        for (names, wanted, id) in good {
            assert_eq!(check(names, wanted).as_deref(), Ok(id), "{names:?} {wanted:?}");
        }
        let bad = [
            (&[][..], None, "there is no instance"),
            (&["a", "b"], None, "several instances: a, b"),
            (&["a"], Some("c"), "there is no instance `c`"),
            (&["a", "a"], Some("a"), "--instance ID: 0, 1"),
            (&["default", "b", "default"], None, "--instance ID: 0, 2"),
            (&["a", "a"], None, "several instances: a, a"),
        ];
        for (names, wanted, part) in bad {
            let failure = check(names, wanted).unwrap_err();
            assert!(failure.contains(part), "{names:?} {wanted:?}: {failure}");
        }
    }

    #[test]
    fn identifiers_are_told_from_names() {
        assert!(is_id("00000000-0000-4000-8000-000000000000"));
        for name in ["default", "", "00000000000040008000000000000000", "urn:uuid:00000000-0000-4000-8000-0000000"] {
            assert!(!is_id(name), "{name}");
        }
    }
}
