//! The terminal.

use std::io::{IsTerminal, Write};

use rustix::termios::tcgetwinsize;

/// Columns where nobody says how many there are.
const COLUMNS: usize = 100;

/// Standard output.
pub(super) struct Screen {
    is_terminal: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { is_terminal: std::io::stdout().is_terminal() }
    }

    /// Columns of a line.
    pub(super) fn columns(&self) -> usize {
        let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        told.or_else(|| self.size().map(|(columns, _)| columns)).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
    }

    /// Shows `lines`; again and again in the same place if `is_watched`.
    pub(super) fn show(&self, lines: &[String], is_watched: bool) {
        let mut text = String::new();
        let rows = self.size().map_or(usize::MAX, |(_, rows)| rows.max(2) - 1);
        let is_cut = is_watched && self.is_terminal && lines.len() > rows;
        let shown = if is_cut { rows - 1 } else { lines.len() };
        if is_watched && self.is_terminal {
            // To the upper left corner, and nothing left of what was there.
            text.push_str("\x1b[H\x1b[2J");
        }
        for line in &lines[..shown] {
            text.push_str(line);
            text.push('\n');
        }
        if is_cut {
            text.push_str(&format!("... {} lines more\n", lines.len() - shown));
        } else if is_watched && !self.is_terminal {
            text.push('\n');
        }
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            // Nobody reads any more.
            std::process::exit(0);
        }
    }

    /// Columns and rows.
    fn size(&self) -> Option<(usize, usize)> {
        let size = tcgetwinsize(std::io::stdout()).ok().filter(|_| self.is_terminal)?;
        Some((size.ws_col.into(), size.ws_row.into())).filter(|size| *size != (0, 0))
    }
}
