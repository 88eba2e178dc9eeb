//! How long functions are, and whether each file says what it is for.
//!
//! The invariant: what counts is what a reader sees, so a function's lines are all those from `fn` to its last brace.

use super::source::code;
use super::tree::{Offence, Tree};

/// No function has more lines.
const LONGEST: usize = 80;
/// Nine in ten functions have no more lines.
const LONG: usize = 35;

/// A function: where it starts, and how many lines it has.
struct Function {
    line: usize,
    lines: usize,
}

/// No function is over 80 lines, and nine in ten are under 35.
pub(super) fn functions(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    let (mut all, mut long) = (0, 0);
    for file in tree.ending(".rs") {
        for function in functions_of(&file.text) {
            all += 1;
            long += usize::from(function.lines > LONG);
            if function.lines > LONGEST {
                let what = format!("a function of {} lines: {LONGEST} is the most", function.lines);
                offences.push(file.offence(function.line, what));
            }
        }
    }
    if long * 10 > all {
        offences
            .push(Offence::general(format!("{long} of {all} functions have more than {LONG} lines: one in ten may")));
    }
    offences
}

/// Every file starts with `//!`.
pub(super) fn documented(tree: &Tree) -> Vec<Offence> {
    let bare = tree.ending(".rs").filter(|file| !file.text.starts_with("//! "));
    bare.map(|file| file.offence(1, "the first line is not `//! ` and what this room is for")).collect()
}

fn functions_of(text: &str) -> Vec<Function> {
    let code = code(text);
    let starts = code.match_indices("fn ").map(|(at, _)| at);
    let starts = starts.filter(|&at| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    starts.filter_map(|at| Some((at, end(&code[at..])?))).map(|(at, length)| function(&code, at, length)).collect()
}

fn function(code: &str, at: usize, length: usize) -> Function {
    let breaks = |text: &str| text.bytes().filter(|&byte| byte == b'\n').count();
    Function { line: breaks(&code[..at]) + 1, lines: breaks(&code[at..at + length]) + 1 }
}

/// Where the body ends; nothing for a declaration without one. A semicolon inside brackets (`[u8; 4]`) ends nothing.
fn end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0, 0);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b'{' => braces += 1,
            b'}' if braces == 1 => return Some(at + 1),
            b'}' => braces -= 1,
            b';' if brackets == 0 && braces == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::{documented, functions, functions_of};

    fn of_lines(lines: usize) -> String {
        format!("fn f(x: [u8; 4]) {{\n{}}}\n", "    g(\"}\");\n".repeat(lines - 2))
    }

    #[test]
    fn lines_are_counted_from_fn_to_the_last_brace() {
        for lines in [2, 35, 80, 81] {
            let text = format!("trait T {{\n    fn declared(&self);\n}}\n{}{}", of_lines(lines), of_lines(3));
            let found: Vec<_> = functions_of(&text).iter().map(|each| (each.line, each.lines)).collect();
            assert_eq!(found, [(4, lines), (4 + lines, 3)]);
        }
    }

    #[test]
    fn a_long_function_is_an_offence_and_so_are_many_longish_ones() {
        let offences = |text: &str| functions(&Tree::of(&[("a.rs", text)])).len();
        let short = of_lines(3).repeat(9);
        assert_eq!(offences(&format!("{short}{}", of_lines(80))), 0);
        assert_eq!(offences(&format!("{short}{}", of_lines(81))), 1);
        assert_eq!(offences(&format!("{short}{}", of_lines(36).repeat(2))), 1);
    }

    #[test]
    fn a_file_without_documentation_is_an_offence() {
        assert_eq!(documented(&Tree::of(&[("a.rs", "//! A room.\n"), ("b.rs", "use std::fs;\n")])).len(), 1);
    }
}
