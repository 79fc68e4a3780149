//! Prints figures in columns.

use std::io::{self, Write};

/// Rows of cells under a head; the first column is a name, the others are numbers.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|name| (*name).to_owned()).collect()],
        }
    }

    pub(super) fn add(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the rows, each column as wide as its widest cell.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(out, "{cell:<width$}")?;
                } else {
                    write!(out, "  {cell:>width$}")?;
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// A figure with three digits, a dash where there is none.
pub(super) fn figure(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"))
}
