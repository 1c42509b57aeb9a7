//! The picture of `top` in the README: a frame, drawn as SVG. The system in it is one that ran: `recording.json` is its rates over
//! a minute, read by `orderctl top --json`, and the last reading.
//!
//! `ORDERCTL_TOP_PICTURE=docs/images/orderctl-top.svg cargo test -p orderctl picture` writes it anew, from the root of the project.

use std::{fmt::Write, path::Path};

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::{Color, Modifier},
    widgets::Widget,
};

use super::{history::History, reading::Reading, view::View};

const COLUMN: f32 = 8.4;
const ROW: f32 = 18.0;
const MARGIN: f32 = 12.0;
const BACKGROUND: &str = "#0d1117";
const TEXT: &str = "#c9d1d9";

/// A system that has some work.
pub(super) fn recorded() -> History {
    #[derive(serde::Deserialize)]
    struct Recording {
        accepted: Vec<f64>,
        finished: Vec<f64>,
        newest: Reading,
    }
    let recording: Recording = serde_json::from_str(include_str!("recording.json")).unwrap();
    History {
        newest: Some(recording.newest),
        accepted: recording.accepted.into(),
        finished: recording.finished.into(),
    }
}

pub(super) fn frame(history: &History, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    View { history, order_api: "http://127.0.0.1:8000", paused: false, keys: true }.render(area, &mut buffer);
    buffer
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (width * COLUMN + 2.0 * MARGIN, height * ROW + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-size=\"14\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
         <style>rect {{ shape-rendering: crispEdges }}</style>\n<title>orderctl top</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for (number, row) in buffer.content.chunks(usize::from(buffer.area.width)).enumerate() {
        let top = MARGIN + number as f32 * ROW;
        let mut column = 0;
        for run in row.chunk_by(|a, b| look(a) == look(b) && kind(a) == kind(b) && kind(a) != Some('#')) {
            draw(&mut svg, run, MARGIN + column as f32 * COLUMN, top);
            column += run.len();
        }
    }
    svg + "</svg>\n"
}

/// Cells that look alike: as text, or, where a font would leave gaps, as what they mean.
fn draw(svg: &mut String, run: &[Cell], left: f32, top: f32) {
    let (colour, bold) = look(&run[0]);
    if let Some(shape) = shape(&run[0]) {
        shape.draw(svg, left, top, run.len() as f32 * COLUMN, colour);
        return;
    }
    let text: String = run.iter().map(Cell::symbol).collect();
    let words = text.trim();
    if words.is_empty() {
        return;
    }
    let before = text.chars().take_while(|letter| *letter == ' ').count();
    let left = left + before as f32 * COLUMN;
    let length = words.chars().count() as f32 * COLUMN;
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let baseline = top + ROW * 0.74;
    writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{baseline:.1}\" textLength=\"{length:.1}\" fill=\"{colour}\"{weight} \
         xml:space=\"preserve\">{words}</text>"
    )
    .unwrap();
}

/// Text, a line that goes on from cell to cell, or a shape of its own.
fn kind(cell: &Cell) -> Option<char> {
    shape(cell).map(|_| if cell.symbol() == "─" { '─' } else { '#' })
}

enum Shape {
    /// A line along the middle, from and to: left, right, up, down.
    Lines(&'static [(f32, f32)]),
    /// A bar from below, in eighths.
    Bar(f32),
}

const LEFT: (f32, f32) = (0.0, 0.5);
const RIGHT: (f32, f32) = (1.0, 0.5);
const UP: (f32, f32) = (0.5, 0.0);
const DOWN: (f32, f32) = (0.5, 1.0);

fn shape(cell: &Cell) -> Option<Shape> {
    let symbol = cell.symbol().chars().next()?;
    Some(match symbol {
        '─' => Shape::Lines(&[LEFT, RIGHT]),
        '│' => Shape::Lines(&[UP, DOWN]),
        '╭' => Shape::Lines(&[RIGHT, DOWN]),
        '╮' => Shape::Lines(&[LEFT, DOWN]),
        '╰' => Shape::Lines(&[RIGHT, UP]),
        '╯' => Shape::Lines(&[LEFT, UP]),
        '▁'..='█' => Shape::Bar((u32::from(symbol) - u32::from('▁') + 1) as f32),
        _ => return None,
    })
}

impl Shape {
    fn draw(&self, svg: &mut String, left: f32, top: f32, width: f32, colour: &str) {
        match self {
            Self::Lines(ends) => {
                for (x, y) in *ends {
                    let (to_x, to_y) = (left + x * width, top + y * ROW);
                    let (x, y) = (left + width / 2.0, top + ROW / 2.0);
                    writeln!(svg, "<path d=\"M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}\" stroke=\"{colour}\"/>")
                        .unwrap();
                }
            }
            Self::Bar(eighths) => {
                let height = eighths / 8.0 * ROW;
                let y = top + ROW - height;
                writeln!(
                    svg,
                    "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
                )
                .unwrap();
            }
        }
    }
}

fn look(cell: &Cell) -> (&'static str, bool) {
    let colour = match cell.fg {
        Color::Green => "#3fb950",
        Color::Red => "#f85149",
        Color::Yellow => "#d29922",
        Color::Cyan => "#39c5cf",
        Color::DarkGray => "#6e7681",
        _ => TEXT,
    };
    (colour, cell.modifier.contains(Modifier::BOLD))
}

#[test]
fn the_picture_is_drawn_and_written_when_asked_for() {
    let svg = svg(&frame(&recorded(), 100, 22));
    assert!(svg.contains(">orderctl top</text>") && svg.contains("worker-2"), "{svg}");
    assert_eq!(svg.matches("<svg").count(), 1);
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    if let Some(file) = std::env::var_os("ORDERCTL_TOP_PICTURE") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = root.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, svg).unwrap();
    }
}
