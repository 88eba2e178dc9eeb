//! Sessions as text: `tests/golden/*.txt`, each a conversation with a fresh engine.
//!
//! A line `> ` is of a request and a line `< ` of its answer, in the form of [`kmip::text`]. A request that starts with a batch item is
//! given an envelope in the session's version. `= ` is for the stage: `= version 1.1`; `= header LINE`, a line for the envelopes that
//! follow; `= from ADDRESS`, the connection's other end; `= client NAME`, who asks: `default`, or a client of another adapter of that
//! name; `= pass SECONDS`. Identifiers are `$ID_1` and so on as they appear, dates `$NOW` with an offset, digests and faults' numbers
//! are left out. `UPDATE_GOLDEN=1` writes the answers anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use engine::registry::Client;
use kmip::Version;

use crate::ask::parse;
use crate::bench::{Bench, HOME, NOW};

/// Dates this near to the beginning are written as offsets.
const NEAR: i64 = 400 * 86_400;

struct Session {
    bench: Bench,
    clients: HashMap<String, Client>,
    client: String,
    address: IpAddr,
    version: Version,
    header: Vec<String>,
    ids: Vec<String>,
}

#[tokio::test]
async fn sessions_go_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "the sessions are there");
    let mut wrong = Vec::new();
    for file in files {
        check(&file, &mut wrong).await;
    }
    assert!(
        wrong.is_empty(),
        "these sessions went another way (UPDATE_GOLDEN=1 writes them anew):\n{}",
        wrong.join("\n")
    );
}

async fn check(file: &Path, wrong: &mut Vec<String>) {
    let written = std::fs::read_to_string(file).unwrap();
    let played = Session::new().await.play(&written).await;
    if written == played {
        return;
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, played).unwrap();
        return;
    }
    let lines = written.lines().zip(played.lines()).enumerate();
    let first = lines.into_iter().find(|(_, (written, played))| written != played);
    let (number, (before, after)) = first.unwrap_or((written.lines().count(), ("(end)", "(more)")));
    wrong.push(format!("{}:{}\n  written: {before}\n  played:  {after}", file.display(), number + 1));
}

impl Session {
    async fn new() -> Session {
        let bench = Bench::new().await;
        let clients = HashMap::from([("default".to_owned(), bench.client.clone())]);
        let (client, version) = ("default".to_owned(), Version::V1_4);
        Session { bench, clients, client, address: HOME, version, header: Vec::new(), ids: Vec::new() }
    }

    /// The session's text, with the answers as they are now.
    async fn play(mut self, text: &str) -> String {
        let mut played = String::new();
        let mut request = String::new();
        for line in text.lines().filter(|line| !line.starts_with('<')).chain([""]) {
            if let Some(asked) = line.strip_prefix('>') {
                request += &format!("{}\n", asked.strip_prefix(' ').unwrap_or(asked));
            } else if !request.is_empty() {
                played += &self.answer(&std::mem::take(&mut request)).await;
            }
            if let Some(stage) = line.strip_prefix("= ") {
                self.stage(stage).await;
            }
            played += &format!("{line}\n");
        }
        played.truncate(played.trim_end().len());
        played + "\n"
    }

    async fn stage(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "version" => self.version = Version::ALL.into_iter().find(|version| version.to_string() == rest).unwrap(),
            "header" if rest.is_empty() => self.header.clear(),
            "header" => self.header.push(rest.to_owned()),
            "from" => self.address = rest.parse().unwrap(),
            "pass" => self.bench.pass(rest.parse().unwrap()),
            "client" => {
                if !self.clients.contains_key(rest) {
                    self.clients.insert(rest.to_owned(), self.bench.neighbour(rest).await);
                }
                self.client = rest.to_owned();
            }
            _ => panic!("= {line}"),
        }
    }

    async fn answer(&mut self, request: &str) -> String {
        let frame = parse(&self.meant(&self.enveloped(request)));
        let reply = self.bench.send_from(self.address, &self.clients[&self.client], &frame).await;
        assert!(!reply.close);
        let text = kmip::text::dump(&reply.bytes);
        text.lines().map(|line| format!("< {}\n", self.shown(line))).collect()
    }

    fn enveloped(&self, request: &str) -> String {
        if !request.starts_with("Batch Item") {
            return request.to_owned();
        }
        let mut text = "Request Message\n  Request Header\n    Protocol Version\n".to_owned();
        text += &format!("      Protocol Version Major: 1\n      Protocol Version Minor: {}\n", self.version.minor());
        self.header.iter().for_each(|line| text += &format!("    {line}\n"));
        text += &format!("    Batch Count: {}\n", request.lines().filter(|line| *line == "Batch Item").count());
        text + &request.lines().map(|line| format!("  {line}\n")).collect::<String>()
    }

    /// A request with what stands for something put in.
    fn meant(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, id) in self.ids.iter().enumerate().rev() {
            text = text.replace(&format!("$ID_{}", number + 1), id);
        }
        let lines = text.lines().map(|line| match line.split_once("$NOW") {
            Some((before, offset)) => {
                let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().unwrap() };
                format!("{before}Date-Time {}\n", NOW + offset)
            }
            None => format!("{line}\n"),
        });
        lines.collect()
    }

    /// A line of an answer with what changes from run to run taken out.
    fn shown(&mut self, line: &str) -> String {
        let Some((tag, value)) = line.split_once(": ") else {
            let digest = line.trim_start().starts_with("Digest Value = ");
            return if digest { line.split_once(" = ").unwrap().0.to_owned() + " = $DIGEST" } else { line.to_owned() };
        };
        if let Some(offset) = offset(value) {
            return format!("{tag}: $NOW{}", if offset == 0 { String::new() } else { format!("{offset:+}") });
        }
        if let Some((before, number)) = line.split_once("its log says why under ") {
            assert!(number.len() == 37);
            return format!("{before}its log says why under $FAULT\"");
        }
        let mut shown = line.to_owned();
        for id in identifiers(value) {
            let known = self.ids.iter().position(|known| *known == id);
            let number = known.unwrap_or_else(|| {
                self.ids.push(id.clone());
                self.ids.len() - 1
            });
            shown = shown.replace(&id, &format!("$ID_{}", number + 1));
        }
        shown
    }
}

/// A date's distance from the beginning, if it is one and near.
fn offset(value: &str) -> Option<i64> {
    let bytes = parse_date(value)?;
    let offset = bytes - NOW;
    (offset.abs() <= NEAR).then_some(offset)
}

fn parse_date(value: &str) -> Option<i64> {
    let item = kmip::text::parse(&format!("Time Stamp: {value}\n")).ok()?;
    let item = kmip::ttlv::Item::parse(&item, Version::NEWEST).ok()?;
    item.date_time().ok().map(|date| date.0)
}

/// The UUIDs in a value.
fn identifiers(value: &str) -> Vec<String> {
    let words = value.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    words.filter(|word| word.len() == 36 && uuid::Uuid::parse_str(word).is_ok()).map(str::to_owned).collect()
}
