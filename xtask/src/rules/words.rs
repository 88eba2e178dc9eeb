//! Words that must not occur: what is unfinished, what belongs to one machine, and keys.
//!
//! The invariant: this file is the only one that may hold them.

use super::tree::{Offence, Tree};

/// Each word, and what to do about it.
const WORDS: &[(&str, &str)] = &[
    ("TODO", "finish it, or file it"),
    ("FIXME", "finish it, or file it"),
    ("XXX", "finish it, or file it"),
    ("<<<<<<<", "settle the conflict"),
    (">>>>>>>", "settle the conflict"),
    ("/home/", "a path of one machine says nothing to others"),
    ("/root/", "a path of one machine says nothing to others"),
    ("/Users/", "a path of one machine says nothing to others"),
    ("/work/", "a path of one machine says nothing to others"),
    ("issue #", "the text must say itself what it means"),
    ("whitelist", "the word is allow-list"),
    ("blacklist", "the word is deny-list"),
    ("PRIVATE KEY-----\nM", "a private key may not be in the repository"),
];

/// None of the words occurs.
pub(super) fn forbidden(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in tree.files.iter().filter(|file| file.path != "xtask/src/rules/words.rs") {
        for (word, advice) in WORDS {
            offences.extend(file.text.find(word).map(|at| {
                let line = file.text[..at].lines().count().max(1);
                file.offence(line, format!("`{}`: {advice}", word.escape_debug()))
            }));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::{WORDS, forbidden};

    #[test]
    fn every_word_is_found_and_its_line_named() {
        for (word, _) in WORDS {
            let text = format!("first\nsecond {word}IIE");
            let offences = forbidden(&Tree::of(&[("README.md", &text)]));
            let line = offences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert!(line.starts_with("README.md:2: "), "{word}: {line}");
        }
    }
}
