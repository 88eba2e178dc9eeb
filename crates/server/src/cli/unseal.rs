//! `keystead unseal`: a holder brings a share of the master key to a server that waits for it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::control::Control;
use super::{Failure, Global, Output, connection, files};
use crate::api::PrivateText;
use crate::serve::control::{Answer, Request};

const EXAMPLE: &str = "Example: keystead unseal --share-file /media/usb/master-share-1-of-3.txt
Each holder runs it on the server's machine, as the server's user or as root. A share that waits for the next one is forgotten after
ten minutes.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// File with a share (`-`: standard input); may be given more than once [default: it is asked for, and not shown]
    #[arg(long, value_name = "FILE")]
    share_file: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, global: &Global, output: Output) -> Result<(), Failure> {
    let data = connection::data_folder(global)?;
    let Some(mut control) = Control::connect(&data)? else {
        return Err(Failure::new(
            format!("no server waits in {}", data.display()),
            "start it first (`keystead serve`), or name its folder with --data",
        ));
    };
    let state = control.ask(&Request::Show)?;
    if state.missing.is_none() {
        return output.done(&state, "The server is open already: no share is needed.");
    }
    let answer = match args.share_file.is_empty() {
        true => give(&mut control, typed()?)?,
        false => from_files(&mut control, &args.share_file)?,
    };
    output.done(&answer, &sentence(&answer.said))
}

/// As many files as are needed.
fn from_files(control: &mut Control, paths: &[PathBuf]) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    for path in paths {
        answer = give(control, files::read_text(path)?)?;
        if answer.missing.is_none() {
            break;
        }
    }
    Ok(answer)
}

fn give(control: &mut Control, text: Zeroizing<String>) -> Result<Answer, Failure> {
    let answer = control.ask(&Request::Share(PrivateText::new(text)))?;
    match answer.done {
        true => Ok(answer),
        false => {
            Err(Failure::new(answer.said, "what was taken before is kept unless it says otherwise; give another share"))
        }
    }
}

fn typed() -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return files::read_text(Path::new("-"));
    }
    let typed = rpassword::prompt_password("Share (it is not shown): ").map(Zeroizing::new);
    typed.map_err(|error| Failure::new(format!("cannot ask for the share: {error}"), "give it with --share-file"))
}

/// With a capital letter and a full stop.
fn sentence(said: &str) -> String {
    let mut letters = said.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
