//! Plain columns, as wide as what is in them. On a terminal the last column is cut where the line would not fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{safe::safe, style::Style};

const GAP: &str = "  ";
/// The last column is not cut below this.
const LEAST: usize = 12;

pub(crate) struct Table {
    head: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

pub(crate) struct Column {
    name: &'static str,
    right: bool,
    least: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Option<Style>,
}

impl Column {
    pub(crate) const fn left(name: &'static str) -> Self {
        Self { name, right: false, least: 0 }
    }

    /// For numbers.
    pub(crate) const fn right(name: &'static str) -> Self {
        Self { name, right: true, least: 0 }
    }

    /// Not narrower than this, so that one page of many lines up with the next.
    pub(crate) const fn at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }
}

impl Cell {
    /// Whatever the text is, it is safe in a cell.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: safe(text.as_ref()).into_owned(), style: None }
    }

    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self { style: Some(style), ..Self::new(text) }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

impl Table {
    pub(crate) fn new(head: impl IntoIterator<Item = Column>) -> Self {
        Self { head: head.into_iter().collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// `width`: of the terminal, if it is one.
    pub(crate) fn render(&self, with_head: bool, width: Option<usize>, coloured: bool) -> String {
        let mut widths: Vec<usize> =
            self.head.iter().map(|column| column.name.width().max(column.least)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        if let (Some(width), Some((last, others))) = (width, widths.split_last_mut()) {
            let before: usize = others.iter().map(|other| other + GAP.len()).sum();
            *last = (*last).min(width.saturating_sub(before).max(LEAST));
        }
        let mut text = String::new();
        if with_head {
            let names = self.head.iter().map(|column| Cell::styled(column.name, Style::Faint));
            self.line(&mut text, &names.collect::<Vec<_>>(), &widths, coloured);
        }
        for row in &self.rows {
            self.line(&mut text, row, &widths, coloured);
        }
        text
    }

    fn line(&self, into: &mut String, cells: &[Cell], widths: &[usize], coloured: bool) {
        let start = into.len();
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            if index > 0 {
                into.push_str(GAP);
            }
            let shown = cut(&cell.text, *width);
            let padding = " ".repeat(width.saturating_sub(shown.width()));
            let right = self.head.get(index).is_some_and(|column| column.right);
            if right {
                into.push_str(&padding);
            }
            match cell.style {
                Some(style) if coloured => into.push_str(&style.paint(&shown)),
                _ => into.push_str(&shown),
            }
            if !right {
                into.push_str(&padding);
            }
        }
        into.truncate(start + into[start..].trim_end().len());
        into.push('\n');
    }
}

/// At most so many columns of it.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        shown.push(character);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new([Column::left("NAME"), Column::right("COUNT"), Column::left("WHY").at_least(5)]);
        table.row([Cell::new("日本"), Cell::new("7"), Cell::styled("because of this and that", Style::Bad)]);
        table.row([Cell::new("a\u{1b}[2J"), Cell::new("1234567"), Cell::new("")]);
        table
    }

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let expected = "\
NAME          COUNT  WHY
日本              7  because of this and that
a\\u{1b}[2J  1234567
";
        assert_eq!(table().render(true, None, false), expected);
    }

    #[test]
    fn a_terminal_gets_colours_and_no_line_that_is_too_long() {
        let text = table().render(false, Some(40), true);
        assert_eq!(text.lines().next(), Some("日本              7  \u{1b}[31mbecause of this an…\u{1b}[0m"));
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
