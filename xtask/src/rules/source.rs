//! Rust source with comments and literals blanked out, so that braces and words in it are code.
//!
//! The invariant: every line break stays where it was.

/// The code of a file: comments become spaces, and so does what strings and characters hold.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match literal(rest, out.chars().next_back()) {
            0 => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
            length => {
                out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
                rest = &rest[length..];
            }
        }
    }
    out
}

/// The length of the comment or literal that the text starts with; zero where it starts with code.
fn literal(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        block_comment(text)
    } else if text.starts_with('"') {
        quoted(text, 1)
    } else if text.starts_with('r') && !in_word {
        raw_string(text)
    } else if text.starts_with('\'') {
        character(text)
    } else {
        0
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (at, pair) in bytes.windows(2).enumerate() {
        match pair {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a string, from its start to past the quote that ends it.
fn quoted(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> usize {
    let after = &text[1..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    match after[hashes..].strip_prefix('"') {
        Some(body) => body.find(&end).map_or(text.len(), |at| 1 + hashes + 1 + at + end.len()),
        None => 0,
    }
}

/// `'x'` and `'\n'` are characters; `'a` alone is a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let after = at + escaped.len_utf8();
            text[after..].find('\'').map_or(0, |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    fn check(text: &str, expected: &str) {
        assert_eq!(code(text), expected);
    }

    #[test]
    fn literals_and_comments_are_blanked() {
        check("a // { \nb", "a      \nb");
        check("a /* { /* } */ */ b", "a                 b");
        check(r#"f("{ \" }", x)"#, r#"f(        , x)"#);
        check("f(r#\"{ \" }\"#, x)", "f(          , x)");
        check("let for_r = bar\"\";", "let for_r = bar  ;");
        check("match c { '{' => '\\'', '\\u{7d}' => 1 }", "match c {     =>     ,          => 1 }");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    }
}
