//! Where secrets are opened: a list of files, so that a new one is a decision that a reviewer sees.
//!
//! The invariant: the list is exact. A file that opens nothing any more leaves it.

use super::source::code;
use super::tree::{File, Offence, Tree};

/// The files that may call `expose`. Tests are not listed: their secrets are no secrets.
const OPENERS: &[&str] = &[
    "crates/engine/src/seal.rs",
    "crates/engine/src/seal/credential.rs",
    "crates/keymanager/src/identity/api_key.rs",
    "crates/keymanager/src/import_token.rs",
    "crates/keymanager/src/import_token/open.rs",
    "crates/keymanager/src/key/material.rs",
    "crates/keymanager/src/wrapper.rs",
    "crates/kmip/src/message.rs",
    "crates/server/src/cli/client.rs",
    "crates/server/src/cli/private.rs",
    "crates/server/src/http/doors.rs",
    "crates/server/src/http/identity/api_keys.rs",
    "crates/server/src/http/key_protect/payload.rs",
    "crates/server/src/http/server_certificate.rs",
    "crates/server/src/http/tokens.rs",
    "crates/server/src/pki/files.rs",
    "crates/server/src/serve/change.rs",
    "crates/server/src/serve/first.rs",
    "crates/server/src/serve/sealed.rs",
    "crates/wrap/src/keys/content.rs",
    "crates/wrap/src/keys/file.rs",
    "crates/wrap/src/master/file.rs",
    "crates/wrap/src/master/passphrase.rs",
    "crates/wrap/src/primitive/import_key.rs",
    "crates/wrap/src/primitive/nonce.rs",
    "crates/wrap/src/primitive/seal.rs",
    "crates/server/src/backup/kit.rs",
    "crates/server/src/backup/write.rs",
    "crates/wrap/src/recovery.rs",
    "crates/wrap/src/shares.rs",
    "crates/wrap/src/shares/text.rs",
];

/// `expose()` is called in the listed files alone.
pub(super) fn opened(tree: &Tree) -> Vec<Offence> {
    offences(tree, OPENERS)
}

fn offences(tree: &Tree, openers: &[&str]) -> Vec<Offence> {
    let files = || tree.ending(".rs").filter(|file| file.path.starts_with("crates/") && !is_test(&file.path));
    let unlisted = files().filter(|file| !openers.contains(&file.path.as_str()));
    let idle = openers.iter().filter(|path| !files().any(|file| file.path == **path && line_of_expose(file).is_some()));
    unlisted
        .filter_map(|file| {
            Some(file.offence(line_of_expose(file)?, "opens a secret, and is not in the list of files that may"))
        })
        .chain(idle.map(|path| Offence::general(format!("{path} opens no secret: take it off the list"))))
        .collect()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The first line outside the file's own tests that opens a secret.
fn line_of_expose(file: &File) -> Option<usize> {
    let code = code(&file.text);
    let code = code.split("#[cfg(test)]\nmod ").next()?;
    code.lines().position(|line| line.contains(".expose()")).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::offences;

    #[test]
    fn an_unlisted_opener_and_an_idle_entry_are_offences() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "fn f(s: &Secret) { s.expose(); }"),
            (
                "crates/a/src/doc.rs",
                "/// See `expose()`.\nfn f() {}\n\n#[cfg(test)]\nmod tests { fn f() { s.expose(); } }",
            ),
            ("crates/a/tests/it/main.rs", "fn f(s: &Secret) { s.expose(); }"),
        ]);
        let check = |openers: &[&str], expected| assert_eq!(offences(&tree, openers).len(), expected, "{openers:?}");
        check(&["crates/a/src/lib.rs"], 0);
        check(&[], 1);
        check(&["crates/a/src/lib.rs", "crates/a/src/doc.rs"], 1);
    }
}
