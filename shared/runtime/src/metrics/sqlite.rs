//! How large the files of an SQLite database are, read when somebody asks for metrics: one look at each file's length.

use std::{
    fs,
    path::{Path, PathBuf},
};

use prometheus::{
    IntGauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

#[derive(Clone)]
pub(super) struct SqliteCollector {
    /// Each with its file.
    sizes: [(PathBuf, IntGauge); 2],
}

impl SqliteCollector {
    pub(super) fn new(database: &Path) -> Self {
        let gauge =
            |name, help| IntGauge::with_opts(Opts::new(name, help)).expect("the name is a valid constant");
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let sizes = [
            (
                database.to_owned(),
                gauge("orderflow_sqlite_database_bytes", "Size of the SQLite database's file"),
            ),
            (
                log.into(),
                gauge(
                    "orderflow_sqlite_wal_bytes",
                    "Size of the SQLite database's write-ahead log; 0 without one",
                ),
            ),
        ];
        Self { sizes }
    }
}

impl Collector for SqliteCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.sizes.iter().flat_map(|(_, size)| size.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = |(file, size): &(PathBuf, IntGauge)| {
            size.set(fs::metadata(file).map_or(0, |found| found.len() as i64));
            size.collect()
        };
        self.sizes.iter().flat_map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_lies_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("orders.db");
        let read = || {
            let families = SqliteCollector::new(&database).collect();
            [0, 1].map(|index: usize| families[index].get_metric()[0].get_gauge().get_value() as u64)
        };
        assert_eq!(read(), [0, 0], "neither is there");
        fs::write(&database, "12345").unwrap();
        fs::write(folder.path().join("orders.db-wal"), "1234567").unwrap();
        assert_eq!(read(), [5, 7]);
    }
}
