//! What the services count, read from `/metrics`.

use anyhow::{Context, ensure};

use crate::load::Connection;

/// One service's counters, over a connection that stays open.
pub(super) struct Counters(Connection);

impl Counters {
    pub(super) async fn open(port: u16) -> anyhow::Result<Self> {
        Ok(Self(Connection::open(port).await?))
    }

    /// The sum of a counter over all of its labels that have these among them; 0 while it has counted nothing.
    pub(super) async fn sum(&mut self, name: &str, labels: &[&str]) -> anyhow::Result<u64> {
        let answer = self.0.get("/metrics").await.context("/metrics")?;
        ensure!(answer.status == 200, "/metrics is answered {}", answer.status);
        Ok(sum(&answer.body, name, labels))
    }
}

fn sum(text: &str, name: &str, labels: &[&str]) -> u64 {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let (its_labels, value) = rest.rsplit_once(' ')?;
        let counts = its_labels.is_empty() || its_labels.starts_with('{');
        (counts && labels.iter().all(|label| its_labels.contains(label)))
            .then(|| value.parse::<f64>().ok())?
    };
    text.lines().filter_map(value).sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_summed() {
        let text = "# HELP a_total A\n\
            a_total{result=\"applied\",type=\"x\"} 3\na_total{result=\"ignored\",type=\"x\"} 4\n\
            a_total{result=\"applied\",type=\"y\"} 5\na_total_more 7\nb_total 6\n";
        assert_eq!(sum(text, "a_total", &["type=\"x\""]), 7);
        assert_eq!(sum(text, "a_total", &["type=\"x\"", "result=\"applied\""]), 3);
        assert_eq!(sum(text, "b_total", &[]), 6);
        assert_eq!(sum(text, "c_total", &[]), 0);
    }
}
