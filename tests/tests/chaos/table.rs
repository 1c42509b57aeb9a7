//! A line for each scenario, for whoever reads along; nothing in it is asserted. It goes to the file that `CHAOS_TABLE`
//! names, or past the test runner's capture.

use std::{fs::OpenOptions, io::Write, path::Path, sync::Once, time::Duration};

use system_tests::footprint;

use crate::reckoning::COLUMNS;

pub(crate) fn row(fault: &str, numbers: &str, healthy: Duration) {
    static HEAD: Once = Once::new();
    HEAD.call_once(|| put(&line("fault", COLUMNS, "healthy after")));
    put(&line(fault, numbers, &format!("{:.1} s", healthy.as_secs_f64())));
}

fn line(fault: &str, numbers: &str, healthy: &str) -> String {
    format!("{fault:<52} {numbers:<44} {healthy:>13}")
}

fn put(line: &str) {
    match std::env::var_os("CHAOS_TABLE") {
        Some(path) => append(Path::new(&path), line),
        None => footprint::print(line),
    }
}

/// In one write, so that lines of several tests do not mix.
fn append(path: &Path, line: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.expect("the file for the table can be written");
}
