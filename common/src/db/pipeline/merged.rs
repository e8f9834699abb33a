//! Several statements as one: each a part of a `WITH`, so that a step of the pipeline writes all its tables in one request.
//!
//! A statement of its own costs a message each way, a snapshot and a wake-up of either side, for each group and table.
//! The parts see none of each other's rows, so no two of them may write the same row, and none may read what another writes.
//! Foreign keys are checked when all are done.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::rows::Rows;
use crate::db::tx::{Params, Step};
use crate::db::{Error, Tx};

/// Texts of the combinations met so far; there are a few dozen.
static TEXTS: LazyLock<Mutex<HashMap<Vec<&'static str>, Arc<str>>>> = LazyLock::new(Mutex::default);

/// Statements that become one.
#[derive(Default)]
pub(super) struct Merged<'a> {
    parts: Vec<&'static str>,
    params: Params<'a>,
    returning: bool,
}

impl<'a> Merged<'a> {
    /// Adds what is to be written of a table, if anything is.
    pub(super) fn rows<R: Rows>(&mut self, rows: &'a R) {
        if !rows.is_empty() {
            self.parts.push(R::SQL);
            self.params.extend(rows.params());
        }
    }

    /// Adds the last part, whose rows are those of the whole.
    pub(super) fn returning(&mut self, sql: &'static str, params: Params<'a>) {
        self.parts.push(sql);
        self.params.extend(params);
        self.returning = true;
    }

    /// Whether there is nothing to run.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The one statement. No part has a `WITH` of its own that writes: PostgreSQL takes that only at the top.
    pub(super) async fn step(self, tx: &Tx) -> Result<Step<'a>, Error> {
        let text = {
            let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
            let written = || text(&self.parts, self.returning).into();
            texts.entry(self.parts.clone()).or_insert_with(written).clone()
        };
        tx.step(&text, self.params).await
    }
}

/// The parts' parameters are numbered on from one part to the next.
fn text(parts: &[&str], returning: bool) -> String {
    let (mut text, mut taken) = (String::from("WITH "), 0);
    for (n, part) in parts.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let (renumbered, highest) = renumber(part, taken);
        _ = write!(text, "{comma}p{n} AS ({renumbered})");
        taken += highest;
    }
    if returning {
        _ = write!(text, " SELECT * FROM p{}", parts.len().saturating_sub(1));
    } else {
        text.push_str(" SELECT 1 WHERE false");
    }
    text
}

/// The statement with `by` added to the number of each parameter, and how many parameters it has.
fn renumber(sql: &str, by: usize) -> (String, usize) {
    let mut pieces = sql.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut highest = 0;
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = piece[..digits].parse().unwrap_or_default();
        highest = highest.max(number);
        _ = write!(text, "${}{}", number + by, &piece[digits..]);
    }
    (text, highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_on_from_part_to_part() {
        let insert = "INSERT INTO a SELECT * FROM unnest($1::uuid[], $2::text[])";
        let update = "UPDATE b SET c = r.c FROM unnest($1::uuid[], $2::int[]) AS r (id, c) WHERE b.id = ANY($1) RETURNING b.id";
        assert_eq!(
            text(&[insert, update], true),
            "WITH p0 AS (INSERT INTO a SELECT * FROM unnest($1::uuid[], $2::text[])), p1 AS (UPDATE b SET c = r.c FROM \
             unnest($3::uuid[], $4::int[]) AS r (id, c) WHERE b.id = ANY($3) RETURNING b.id) SELECT * FROM p1"
        );
        assert_eq!(
            text(&["DELETE FROM a WHERE id = $1"], false),
            "WITH p0 AS (DELETE FROM a WHERE id = $1) SELECT 1 WHERE false"
        );
    }

    #[test]
    fn ten_parameters_are_more_than_one() {
        assert_eq!(renumber("SELECT $1, $10, $2", 5), ("SELECT $6, $15, $7".to_owned(), 10));
    }
}
