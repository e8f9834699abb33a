//! The one place that writes to standard output: JSON for programs or text for people.

use std::io::{self, Write};

use serde_json::Value;

/// How answers are written.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON or text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes an answer in the form that was asked for.
    ///
    /// # Errors
    /// When standard output cannot be written to; a reader who has seen enough is none.
    pub fn answer(&self, json: &Value, text: &str) -> io::Result<()> {
        let mut written = if self.json { format!("{json:#}") } else { printable(text) };
        if !written.ends_with('\n') {
            written.push('\n');
        }
        let mut out = io::stdout().lock();
        match out.write_all(written.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    /// Writes what went wrong to standard error, which may be gone as well.
    pub fn complain(&self, line: &str) {
        let _nobody_reads = writeln!(io::stderr().lock(), "switchboard: {}", printable(line));
    }
}

/// Names come from outside: nothing in them may steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Columns under their heads, as wide as their widest cell.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut lines: Vec<Vec<String>> = vec![heads];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| cell.replace('\n', " ")).collect()));
    let columns = lines[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_cells_stay_on_their_line() {
        let rows = [vec!["Zoë\nB".to_owned(), "x".to_owned()], vec!["A".to_owned(), String::new()]];
        assert_eq!(table(&["NAME", "NOTE"], &rows), "NAME   NOTE\nZoë B  x\nA\n");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\n");
    }
}
