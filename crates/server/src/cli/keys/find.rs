//! A key by whatever people call it: its identifier, an alias, or its name, which is looked for among all keys of its sort.

use std::fmt;

use super::Sort;
use crate::api::key_protect::Key;
use crate::cli::choice::is_id;
use crate::cli::{Api, Failure};

/// Every state, the deleted ones' among them.
const STATES: &str = "0,1,2,3,5";

/// A key that was found.
pub(in crate::cli) struct Found {
    /// What the API knows it by.
    pub(in crate::cli) id: String,
    /// What people know it by.
    pub(in crate::cli) name: String,
    /// When it expires, as far as that is known.
    pub(in crate::cli) expires: Option<String>,
}

/// Of several keys with one name, which is rather meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Wish {
    /// One that is there.
    Live,
    /// One that is deleted.
    Deleted,
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id == self.name {
            formatter.write_str(&self.id)
        } else {
            write!(formatter, "{} ({})", self.name, self.id)
        }
    }
}

impl From<&Key> for Found {
    fn from(key: &Key) -> Self {
        Found { id: key.id.clone(), name: key.name.clone(), expires: key.expiration_date.clone() }
    }
}

/// Finds the one key of a sort that is meant.
pub(in crate::cli) async fn find(api: &Api<'_>, sort: Sort, text: &str, wish: Wish) -> Result<Found, Failure> {
    if text.is_empty() {
        return Err(Failure::usage(format!("`` is no {}", sort.name()), "give a name, an alias or an identifier"));
    }
    if !is_id(text)
        && let Some(found) = by_name(api, sort, text, wish).await?
    {
        return Ok(found);
    }
    match api.show::<Key>(&["keys", text, "metadata"]).await {
        Ok(key) if Sort::of(&key) == sort => Ok(Found::from(&key)),
        Ok(key) => Err(other_sort(&key, text)),
        // Who may not look may still have the right to what they came for.
        Err(failure) if failure.is_no_access() => {
            Ok(Found { id: text.to_owned(), name: text.to_owned(), expires: None })
        }
        Err(failure) if failure.is_not_found() => Err(Failure::not_found(
            format!("there is no {} `{text}`", sort.name()),
            format!("see which there are: keystead {} list", sort.verb()),
        )),
        Err(failure) => Err(failure),
    }
}

async fn by_name(api: &Api<'_>, sort: Sort, text: &str, wish: Wish) -> Result<Option<Found>, Failure> {
    let search = searched("exact:", text);
    let query = [("search", search.as_str()), ("extractable", sort.extractable()), ("state", STATES)];
    match api.all(&["keys"], &query).await {
        Ok(keys) => choose(&keys, sort, text, wish),
        Err(failure) if failure.is_no_access() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A word as the API searches for it: as it is, whatever it looks like, and without the comma that some clients put behind it.
pub(super) fn searched(how: &str, word: &str) -> String {
    format!("{how}escape:{word},")
}

fn choose(keys: &[Key], sort: Sort, text: &str, wish: Wish) -> Result<Option<Found>, Failure> {
    if let Some(aliased) = keys.iter().find(|key| key.aliases.iter().any(|alias| alias == text)) {
        return Ok(Some(Found::from(aliased)));
    }
    let (wanted, others): (Vec<&Key>, Vec<&Key>) =
        keys.iter().filter(|key| key.name == text).partition(|key| key.deleted == (wish == Wish::Deleted));
    match if wanted.is_empty() { others } else { wanted }.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(Found::from(*only))),
        several => Err(Failure::usage(
            format!("{} {}s are called `{text}`", several.len(), sort.name()),
            format!("say which: {}", several.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")),
        )),
    }
}

fn other_sort(key: &Key, text: &str) -> Failure {
    let sort = Sort::of(key);
    Failure::usage(
        format!("`{text}` is a {}", sort.name()),
        format!("its verbs are in `keystead {} --help`", sort.verb()),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Key, Sort, Wish, choose};

    fn key(id: &str, name: &str, alias: &str, deleted: bool) -> Key {
        serde_json::from_value(json!({
            "type": Key::TYPE, "id": id, "name": name, "aliases": [alias], "state": 1, "extractable": false,
            "crn": "", "imported": false, "keyRingID": "default", "creationDate": "", "createdBy": "",
            "algorithmType": "", "algorithmMetadata": {"bitLength": "", "mode": ""}, "algorithmBitSize": 256,
            "algorithmMode": "", "dualAuthDelete": {"enabled": false}, "deleted": deleted,
        }))
        .unwrap()
    }

    #[test]
    fn a_name_is_one_keys_or_it_is_said_whose() {
        let keys = [
            key("1", "twice", "a", false),
            key("2", "twice", "b", false),
            key("3", "again", "c", true),
            key("4", "again", "d", false),
            key("5", "gone", "e", true),
            key("6", "Twice", "again", false),
        ];
        let check = |text, wish| choose(&keys, Sort::Root, text, wish).map(|found| found.map(|found| found.id));
        let cases = [
            ("a", Wish::Live, Some("1")),
            ("again", Wish::Live, Some("6")),
            ("Twice", Wish::Live, Some("6")),
            ("gone", Wish::Live, Some("5")),
            ("gone", Wish::Deleted, Some("5")),
            ("none", Wish::Live, None),
        ];
        for (text, wish, id) in cases {
            assert_eq!(check(text, wish).unwrap().as_deref(), id, "{text} {wish:?}");
        }
        let said = check("twice", Wish::Live).unwrap_err();
        assert!(said.code() == 2 && said.to_string().contains("1, 2"), "{said}");
        let without_aliases = &keys[..5];
        let again = |wish| choose(without_aliases, Sort::Root, "again", wish).unwrap().unwrap().id;
        assert_eq!((again(Wish::Live), again(Wish::Deleted)), ("4".to_owned(), "3".to_owned()));
    }
}
