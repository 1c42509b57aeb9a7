//! Memory, open files and processor time of this process, read when somebody asks for metrics. Only where
//! there is a `/proc`; elsewhere these metrics are absent.

use prometheus::{
    Counter, Gauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

#[derive(Clone)]
pub(super) struct ProcessCollector {
    resident_memory: Gauge,
    open_files: Gauge,
    cpu_seconds: Counter,
}

impl ProcessCollector {
    pub(super) fn new() -> Self {
        let gauge =
            |name, help| Gauge::with_opts(Opts::new(name, help)).expect("the name is a valid constant");
        Self {
            resident_memory: gauge("process_resident_memory_bytes", "Resident memory size in bytes"),
            open_files: gauge("process_open_fds", "Number of open file descriptors"),
            cpu_seconds: Counter::new("process_cpu_seconds_total", "User and system CPU time in seconds")
                .expect("the name is a valid constant"),
        }
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = [&self.resident_memory, &self.open_files].map(Collector::desc);
        gauges.into_iter().chain([self.cpu_seconds.desc()]).flatten().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let readings = [(&self.resident_memory, resident_bytes()), (&self.open_files, open_files())];
        let gauges = readings.into_iter().filter_map(|(gauge, reading)| {
            gauge.set(reading?);
            Some(gauge.collect())
        });
        let cpu = cpu_seconds().map(|seconds| {
            // It only grows. Two that read at once may both count the same moment, and the next has it right again.
            self.cpu_seconds.inc_by((seconds - self.cpu_seconds.get()).max(0.0));
            self.cpu_seconds.collect()
        });
        gauges.chain(cpu).flatten().collect()
    }
}

fn resident_bytes() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as f64)
}

fn open_files() -> Option<f64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold blanks: count from behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / rustix::param::clock_ticks_per_second() as f64)
}
