//! The house rules as tests: what can't be a type is checked here, on the text of the repository.
//!
//! The invariant: a rule is a row of `RULES`, and each has a test that shows it an offence.

mod arrows;
mod length;
mod secrets;
mod source;
mod tree;
mod words;

use crate::count::Count;
use crate::shell::root;
use crate::suites::Outcome;
use tree::{Offence, Tree};

type Rule = fn(&Tree) -> Vec<Offence>;

const RULES: &[(&str, Rule)] = &[
    ("functions are short: none over 80 lines, nine in ten under 35", length::functions),
    ("every Rust file says first what its room is for", length::documented),
    ("secrets are opened in a short list of files", secrets::opened),
    ("crates depend on those that the design names", arrows::ours),
    ("each outside library has its one crate", arrows::theirs),
    ("no crate re-exports another of ours", arrows::re_exports),
    ("words that must not occur", words::forbidden),
];

/// The suite: every rule on the whole repository.
pub(crate) fn suite() -> Outcome {
    let tree = match Tree::read(&root()) {
        Ok(tree) => tree,
        Err(error) => return Outcome::Broken(format!("cannot read the repository: {error}")),
    };
    let mut count = Count::default();
    for (name, rule) in RULES {
        let offences = rule(&tree);
        println!("{} {name}", if offences.is_empty() { "ok    " } else { "BROKEN" });
        offences.iter().for_each(|offence| println!("       {offence}"));
        count += if offences.is_empty() { Count::ONE_PASSED } else { Count::ONE_FAILED };
    }
    Outcome::Ran(count)
}
