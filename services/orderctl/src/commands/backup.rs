//! `orderctl backup`: copies of the SQLite databases of an Orderflow that runs in this folder, made by the services' own
//! programs while it runs.
//!
//! The order is what makes the copies fit together: what metrics-service has counted is among the orders that are copied after
//! it, and the ledger, which is last, knows of every step of an order that is in the copy as being on its way.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use runtime::Service;
use serde::Serialize;

use super::program;
use crate::{
    exit::Failure,
    output::{Out, note, spinner, words},
};

const IN_ORDER: [Service; 3] = [Service::MetricsService, Service::OrderApi, Service::OrderProcessor];

/// Copy the databases of the Orderflow in this folder, also while it runs
///
/// Makes FOLDER/order-api.db, order-processor.db and metrics-service.db with the services' own programs, which have to be beside
/// orderctl, and with the settings that hold in the current folder. To restore: stop Orderflow, copy the three files into ./data,
/// remove the *.db-wal and *.db-shm there, start. See docs/ORDERCTL.md.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where to: a folder that is not there yet, or empty
    folder: PathBuf,
}

#[derive(Serialize)]
struct Made {
    folder: String,
    files: Vec<Copy>,
}

#[derive(Serialize)]
struct Copy {
    service: &'static str,
    file: String,
    bytes: u64,
}

impl Backup {
    pub(super) fn run(self, out: Out) -> Result<(), Failure> {
        let folder = &self.folder;
        let cant = |what: &str, error: std::io::Error| {
            Failure::failed(format!("can't {what} {}: {error}", folder.display()))
        };
        // Looked for first, so that nothing is left behind when one is missing.
        for service in IN_ORDER {
            program::of(service)?;
        }
        fs::create_dir_all(folder).map_err(|error| cant("create", error))?;
        if fs::read_dir(folder).map_err(|error| cant("read", error))?.next().is_some() {
            return Err(Failure::usage(format!(
                "{} is not empty: name another folder, such as backup-$(date +%F)",
                folder.display()
            )));
        }
        let mut files = Vec::new();
        for service in IN_ORDER {
            files.push(copy(service, folder)?);
        }
        if out.json {
            out.document(&Made { folder: folder.display().to_string(), files })?;
        } else {
            for copy in &files {
                out.line(&format!("{}  {} bytes", copy.file, words::count(copy.bytes)))?;
            }
            note(
                "to restore: stop Orderflow, copy these into ./data, remove the *.db-wal and *.db-shm there, start",
            );
        }
        Ok(())
    }
}

fn copy(service: Service, folder: &Path) -> Result<Copy, Failure> {
    let file = folder.join(format!("{}.db", service.name()));
    let mut command = program::of(service)?;
    command.arg("backup").arg(&file);
    let progress = spinner(&format!("copying the database of {service}"));
    let done = program::run(command, service);
    progress.finish_and_clear();
    done?;
    let bytes =
        fs::metadata(&file).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?.len();
    Ok(Copy { service: service.name(), file: file.display().to_string(), bytes })
}
