//! `orderctl completions`: for a shell to complete commands and options.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{cli::Cli, exit::Failure};

/// Print the completions of a shell
///
/// For bash, for example: orderctl completions bash > ~/.local/share/bash-completion/completions/orderctl
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        // Not straight to the standard output: the generator panics when nobody reads it.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "orderctl", &mut script);
        std::io::stdout().lock().write_all(&script)?;
        Ok(())
    }
}
