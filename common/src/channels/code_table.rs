//! Tables of providers' error codes: each channel has one, in its `codes.rs`.

use super::Action;

/// What a range of provider codes means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) action: Action,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    /// Least wait in seconds where the provider says none; 0 for none.
    pub(super) wait: u32,
    pub(super) most_tries: Option<u32>,
}

/// A range of codes, both ends included.
pub(super) const fn range(
    first: i64,
    last: i64,
    action: Action,
    code: &'static str,
    title: &'static str,
) -> Entry {
    Entry { first, last, action, code, title, wait: 0, most_tries: None }
}

/// One code.
pub(super) const fn one(number: i64, action: Action, code: &'static str, title: &'static str) -> Entry {
    range(number, number, action, code, title)
}

/// The entry with a least wait in seconds.
pub(super) const fn waiting(entry: Entry, wait: u32) -> Entry {
    Entry { wait, ..entry }
}

/// The entry with a number of tries after which it is final.
pub(super) const fn tried(entry: Entry, most: u32) -> Entry {
    Entry { most_tries: Some(most), ..entry }
}

/// What a table in ascending order knows of a code.
pub(super) fn find(table: &'static [Entry], number: i64) -> Option<&'static Entry> {
    let after = table.partition_point(|entry| entry.last < number);
    table.get(after).filter(|entry| entry.first <= number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_found_from_end_to_end_and_nothing_between_them() {
        const TABLE: &[Entry] = &[range(3, 5, Action::Auth, "a", ""), one(9, Action::Content, "b", "")];
        let found = |number| find(TABLE, number).map(|entry| entry.code);
        assert_eq!(
            (2..=10).map(found).collect::<Vec<_>>(),
            [None, Some("a"), Some("a"), Some("a"), None, None, None, Some("b"), None]
        );
    }
}
