//! Which crate may depend on which: the arrows of ARCHITECTURE.md, of which the absent ones are the point.
//!
//! The invariant: a dependency on one of our crates, or on a library that belongs to one of them, stands in a table here.

use super::source::code;
use super::tree::{File, Offence, Tree};

/// Our crates, what each may depend on, and what its tests may use besides.
const OURS: &[(&str, &[&str], &[&str])] = &[
    ("kmip", &[], &[]),
    ("wrap", &[], &[]),
    ("store", &[], &[]),
    ("keymanager", &["kmip", "store", "wrap"], &[]),
    ("engine", &["kmip", "store", "wrap"], &["keymanager"]),
    ("server", &["engine", "keymanager", "kmip", "store", "wrap"], &[]),
    ("bench", &["kmip"], &[]),
    ("xtask", &[], &[]),
    ("fuzz", &["engine", "kmip"], &[]),
];

/// Libraries that have a crate of ours around them, which alone may import them.
const THEIRS: &[(&str, &[&str])] = &[
    ("aws-lc-rs", &["wrap", "bench"]),
    ("argon2", &["wrap"]),
    ("rusqlite", &["store"]),
    ("axum", &["server", "bench"]),
    ("hyper", &["server"]),
    ("reqwest", &["server"]),
    ("rustls", &["server", "bench"]),
    ("tokio-rustls", &["server", "bench"]),
    ("rcgen", &["server", "bench"]),
    ("opentelemetry", &["server"]),
    ("opentelemetry_sdk", &["server"]),
    ("opentelemetry-otlp", &["server"]),
    ("tracing-opentelemetry", &["server"]),
];

/// A dependency, as a line of a crate's Cargo.toml names it.
struct Dependency<'a> {
    name: &'a str,
    line: usize,
    for_tests: bool,
}

/// Our crates depend on those that the table names.
pub(super) fn ours(tree: &Tree) -> Vec<Offence> {
    let is_ours = |name: &str| OURS.iter().any(|(ours, ..)| *ours == name);
    offences(tree, |of, dependency| {
        let Some((_, may, tests_may)) = OURS.iter().find(|(name, ..)| *name == of) else {
            return Some(format!("{of} is in no table of what crates may depend on"));
        };
        let allowed = may.contains(&dependency.name) || dependency.for_tests && tests_may.contains(&dependency.name);
        (is_ours(dependency.name) && !allowed).then(|| format!("{of} may not depend on {}", dependency.name))
    })
}

/// A library that belongs to one of our crates is imported by no other.
pub(super) fn theirs(tree: &Tree) -> Vec<Offence> {
    offences(tree, |of, dependency| {
        let (library, owners) = THEIRS.iter().find(|(library, _)| *library == dependency.name)?;
        (!owners.contains(&of) && !dependency.for_tests)
            .then(|| format!("{of} may not depend on {library}: it belongs to {}", owners.join(" and ")))
    })
}

/// `pub use` of another crate of ours would make a second way to its types.
pub(super) fn re_exports(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in tree.ending(".rs") {
        for (index, line) in code(&file.text).lines().enumerate() {
            let used = line.trim().strip_prefix("pub use ").unwrap_or_default().trim_start_matches("::");
            let root = used.split("::").next().unwrap_or_default();
            if imports(&file.path, root) {
                offences.push(file.offence(index + 1, format!("re-exports {root}")));
            }
        }
    }
    offences
}

/// Whether the crate that a file is of may depend on this name: else the name is a module of its own.
fn imports(path: &str, name: &str) -> bool {
    let of = path.split('/').nth(1).unwrap_or_default();
    OURS.iter().any(|(ours, may, _)| *ours == of && may.contains(&name))
}

fn offences(tree: &Tree, judge: impl Fn(&str, &Dependency) -> Option<String>) -> Vec<Offence> {
    let manifests = tree.ending("/Cargo.toml").filter_map(|file| Some((file, file.path.rsplit('/').nth(1)?)));
    let judged = manifests.flat_map(|(file, of)| {
        let found = dependencies(file).into_iter();
        found.filter_map(|each| Some(file.offence(each.line, judge(of, &each)?))).collect::<Vec<_>>()
    });
    judged.collect()
}

fn dependencies(file: &File) -> Vec<Dependency<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
        } else if section.ends_with("dependencies") {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.push(Dependency { name, line: index + 1, for_tests: section.ends_with("dev-dependencies") });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::{ours, re_exports, theirs};

    fn check(manifest: &str, text: &str, forbidden: [usize; 2]) {
        let path = format!("crates/{manifest}/Cargo.toml");
        let tree = Tree::of(&[(&path, text)]);
        assert_eq!([ours(&tree).len(), theirs(&tree).len()], forbidden, "{manifest}: {text}");
    }

    #[test]
    fn arrows_that_the_tables_lack_are_offences() {
        check("engine", "[dependencies]\nkmip.workspace = true\nstore = { path = \"../store\" }\n", [0, 0]);
        check("engine", "[dependencies]\nkeymanager.workspace = true\n", [1, 0]);
        check("engine", "[dev-dependencies]\nkeymanager.workspace = true\n", [0, 0]);
        check("kmip", "[dependencies]\nstore.workspace = true\nrusqlite = \"1\"\n", [1, 1]);
        check("engine", "[target.'cfg(unix)'.dependencies]\naws-lc-rs.workspace = true\n", [0, 1]);
        check("newcomer", "[dependencies]\nserde.workspace = true\n", [1, 0]);
    }

    #[test]
    fn a_re_export_is_an_offence() {
        let tree =
            Tree::of(&[("crates/engine/src/lib.rs", "pub use kmip::Tag;\npub use object::Object;\nuse store::Key;\n")]);
        assert_eq!(re_exports(&tree).len(), 1);
    }
}
