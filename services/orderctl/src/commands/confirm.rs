//! Asking a person before something is done that can't be taken back.

use std::io::{self, BufRead, Write};

use crate::{
    exit::{Exit, Failure},
    output::person_is_there,
};

/// Goes on only if `yes` was given, or a person says so.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !person_is_there() {
        return Err(Failure::usage(format!("{question} Nobody is there to ask: say --yes")));
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "nothing was done"))
    }
}
