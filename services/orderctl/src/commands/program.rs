//! The services' own programs, which are beside this one: some things only they can do.

use std::process::Command;

use runtime::Service;

use crate::exit::Failure;

/// The program of a service, with the settings that the service itself would have in this folder.
pub(super) fn of(service: Service) -> Result<Command, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("can't find out where this program is: {error}")))?;
    let path = own.with_file_name(service.name());
    if !path.is_file() {
        return Err(Failure::failed(format!(
            "{service} is not beside orderctl ({} is missing): build all of it with `cargo build --workspace --bins`",
            path.display()
        )));
    }
    Ok(Command::new(path))
}

/// Runs it to its end. What it says goes where our own words go.
pub(super) fn run(mut command: Command, service: Service) -> Result<(), Failure> {
    let status =
        command.status().map_err(|error| Failure::failed(format!("can't start {service}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::failed(format!("{service} could not do it ({status})")))
    }
}
