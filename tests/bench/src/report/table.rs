//! The table, in Markdown that also reads well on a terminal.

use std::fmt::Write;

use super::{Results, RowResult};

const HEAD: [&str; 11] = [
    "what",
    "median",
    "from",
    "to",
    "p50 ms",
    "p99 ms",
    "errors",
    "CPU µs each",
    "share of",
    "ratio",
    "goal",
];

pub(crate) fn table(results: &Results) -> String {
    let machine = &results.machine;
    let mut text = format!(
        "{} cores, {}, {}, {}; {} rounds of {} s\n\n",
        machine.cores,
        machine.system,
        machine.redis.split(" sha=").next().unwrap_or_default(),
        machine.wrk.split(" Copyright").next().unwrap_or_default(),
        results.settings.rounds,
        results.settings.seconds,
    );
    for peer in &results.peers {
        let _ = writeln!(text, "{}: {}. It promises: {}.\n", peer.versions, peer.setting, peer.promises);
    }
    if machine.debug_build {
        text.push_str("A debug build: these figures mean little.\n\n");
    }
    let lines: Vec<[String; 11]> = results.rows.iter().map(cells).collect();
    let mut widths = HEAD.map(|head| head.chars().count());
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    push_line(&mut text, &widths, &HEAD.map(str::to_owned));
    text.push('|');
    for (column, width) in widths.iter().enumerate() {
        let (dashes, colon) = if is_number(column) { (width + 1, ":") } else { (width + 2, "") };
        let _ = write!(text, "{}{colon}|", "-".repeat(dashes));
    }
    text.push('\n');
    for line in &lines {
        push_line(&mut text, &widths, line);
    }
    for failure in &results.failures {
        let _ = writeln!(text, "\nfailed: {failure}");
    }
    text
}

/// Three digits say all that a measurement can; thousands are grouped.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => grouped(value.round() as u64),
        value if value >= 10.0 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        value => format!("{value:.2}"),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn cells(row: &RowResult) -> [String; 11] {
    let optional = |value: Option<f64>| value.map(number).unwrap_or_default();
    let cpu: Vec<String> =
        row.cpu_us.iter().map(|(process, micros)| format!("{process} {micros:.1}")).collect();
    let verdict = match row.met {
        None => "",
        Some(true) => ": met",
        Some(false) => ": NOT met",
    };
    [
        row.what.to_owned(),
        format!("{}{}{}", number(row.median), if row.unit.is_empty() { "" } else { " " }, row.unit),
        number(row.lowest),
        number(row.highest),
        optional(row.p50_ms),
        optional(row.p99_ms),
        row.errors.map(number).unwrap_or_default(),
        cpu.join(", "),
        row.of.unwrap_or_default().to_owned(),
        row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        row.goal.as_ref().map(|goal| format!("{goal}{verdict}")).unwrap_or_default(),
    ]
}

fn push_line(text: &mut String, widths: &[usize; 11], cells: &[String; 11]) {
    text.push('|');
    for (column, (width, cell)) in widths.iter().zip(cells).enumerate() {
        let _ = if is_number(column) {
            write!(text, " {cell:>width$} |")
        } else {
            write!(text, " {cell:<width$} |")
        };
    }
    text.push('\n');
}

const fn is_number(column: usize) -> bool {
    matches!(column, 1..=6 | 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        let shown = [0.0, 0.123, 4.0, 12.345, 999.6, 12_345.6, 1_234_567.0].map(number);
        assert_eq!(shown, ["0", "0.12", "4.00", "12.3", "1,000", "12,346", "1,234,567"]);
    }
}
