//! The Graph API's error codes as far as Messenger and Instagram meet them, as data. Where a code has a subcode, that says more.

use crate::channels::Action::{Account, Auth, Content, Recipient, ThrottleSender, Transient, Window};
use crate::channels::code_table::{self, Entry, one, range, tried, waiting};
use crate::channels::meta::words::{HOUR, PARAMETER, PERMISSION, SERVICE, TOKEN};

const RATE: &str = "The page or account sends too fast";
const RESTRICTED: &str = "The page or account is restricted";
const MISSING: &str = "What the message is for does not exist, or this token may not see it";
const UNREACHABLE: &str = "The contact cannot be reached";
const UNKNOWN: &str = "The provider knows no such contact";
const FILE: &str = "The provider could not fetch the file";
const CLOSED: &str = "The reply window is closed";
const PRIVATE_REPLY: &str = "The comment was answered already, or too many were";

/// Every code known, in ascending order.
pub(super) const TABLE: &[Entry] = &[
    one(0, Auth, "token_expired", TOKEN),
    one(1, Transient, "provider_error", SERVICE),
    one(2, Transient, "provider_error", SERVICE),
    one(3, Auth, "permission_missing", PERMISSION),
    one(4, ThrottleSender, "rate_limited", RATE),
    one(9, ThrottleSender, "rate_limited", RATE),
    one(10, Auth, "permission_missing", PERMISSION),
    one(17, ThrottleSender, "rate_limited", RATE),
    one(32, ThrottleSender, "rate_limited", RATE),
    one(33, Recipient, "recipient_unknown", MISSING),
    one(100, Content, "invalid_parameter", PARAMETER),
    one(102, Auth, "token_expired", TOKEN),
    one(190, Auth, "token_expired", TOKEN),
    range(200, 299, Auth, "permission_missing", PERMISSION),
    one(368, Account, "number_restricted", RESTRICTED),
    one(506, Content, "duplicate_content", "The provider takes the message for a repetition"),
    one(551, Recipient, "recipient_unreachable", UNREACHABLE),
    one(613, ThrottleSender, "rate_limited", RATE),
    one(803, Recipient, "recipient_unknown", MISSING),
    one(1200, Transient, "provider_error", SERVICE),
    range(80_000, 80_014, ThrottleSender, "rate_limited", RATE),
    one(1_545_133, Transient, "provider_error", SERVICE),
    one(2_018_247, Content, "content_blocked", "The provider blocks this content"),
    one(2_018_300, Content, "content_blocked", "The provider blocks this content"),
    one(2_018_321, Content, "content_blocked", "The provider blocks this content"),
    one(2_534_001, Recipient, "recipient_unreachable", "The contact archived or deleted the conversation"),
    one(2_534_013, Content, "private_reply_refused", PRIVATE_REPLY),
    one(2_534_025, Content, "private_reply_refused", PRIVATE_REPLY),
    one(9_000_001, Content, "message_missing", "The message that it refers to does not exist"),
];

/// A subcode, of one code or of any.
pub(super) struct Sub {
    pub code: Option<i64>,
    pub entry: Entry,
}

const fn of(code: i64, entry: Entry) -> Sub {
    Sub { code: Some(code), entry }
}

const fn any(entry: Entry) -> Sub {
    Sub { code: None, entry }
}

/// Subcodes that say another thing than their code. A subcode which also comes as a code is in `TABLE`.
pub(super) const SUBCODES: &[Sub] = &[
    of(1, one(99, Content, "provider_refused", "The provider refuses the message for good")),
    of(100, one(33, Recipient, "recipient_unknown", MISSING)),
    any(one(1_545_041, Recipient, "recipient_unreachable", UNREACHABLE)),
    any(one(2_018_001, Recipient, "recipient_unknown", UNKNOWN)),
    any(tried(one(2_018_008, Transient, "media_not_fetched", FILE), 3)),
    any(tried(one(2_018_047, Transient, "media_not_fetched", FILE), 3)),
    any(one(2_018_065, Window, "window_closed", CLOSED)),
    any(tried(one(2_018_074, Transient, "media_not_fetched", FILE), 2)),
    any(one(2_018_108, Recipient, "recipient_unreachable", UNREACHABLE)),
    any(one(2_018_109, Content, "media_too_large", "The file is too large")),
    any(one(2_018_218, Content, "profile_unavailable", "The contact has no profile to show")),
    any(one(2_018_278, Window, "window_closed", CLOSED)),
    any(tried(one(2_018_294, Transient, "media_not_fetched", FILE), 3)),
    any(one(2_018_344, Account, "number_restricted", RESTRICTED)),
    any(waiting(one(2_018_354, ThrottleSender, "rate_limited", RATE), HOUR)),
    any(one(2_534_014, Recipient, "recipient_unknown", UNKNOWN)),
    any(one(2_534_015, Content, "invalid_parameter", PARAMETER)),
    any(one(2_534_022, Window, "window_closed", CLOSED)),
    any(one(2_534_037, Content, "invalid_parameter", PARAMETER)),
    any(one(2_534_040, ThrottleSender, "rate_limited", RATE)),
];

/// What is known of a code with its subcode.
pub(super) fn find(number: i64, subcode: Option<i64>) -> Option<&'static Entry> {
    let by_subcode = subcode.and_then(|subcode| {
        let fits = |sub: &&Sub| sub.entry.first == subcode && sub.code.is_none_or(|code| code == number);
        let listed = SUBCODES.iter().find(fits).map(|sub| &sub.entry);
        // Small subcodes are other things than the codes of the same number.
        listed.or_else(|| (subcode >= 1_000_000).then(|| code_table::find(TABLE, subcode)).flatten())
    });
    by_subcode.or_else(|| code_table::find(TABLE, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::Action;

    #[test]
    fn the_table_is_in_order_without_overlap() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].last < pair[1].first, "{} {}", pair[0].last, pair[1].first);
        }
    }

    type Codes = [(i64, Option<i64>)];

    /// The provider's own table, code by code.
    #[test]
    fn each_code_of_the_provider_s_table_has_its_class() {
        let cases: &[(&Codes, Action)] = &[
            (&[(190, None), (190, Some(460)), (190, Some(463)), (0, None), (102, None)], Auth),
            (&[(10, None), (200, None), (250, None), (299, None), (3, None)], Auth),
            (&[(10, Some(2_018_278)), (10, Some(2_018_065)), (10, Some(2_534_022))], Window),
            (&[(10, Some(2_018_108))], Recipient),
            (&[(200, Some(1_545_041)), (551, None), (551, Some(1_545_041))], Recipient),
            (&[(100, Some(2_018_001)), (100, Some(33)), (33, None), (803, None)], Recipient),
            (&[(100, Some(2_534_014)), (100, Some(2_534_001)), (2_534_001, None)], Recipient),
            (&[(100, Some(2_018_008)), (100, Some(2_018_294)), (100, Some(2_018_047))], Transient),
            (&[(100, Some(2_018_074))], Transient),
            (&[(100, Some(2_018_109)), (100, None), (100, Some(460)), (1, Some(99)), (506, None)], Content),
            (
                &[(100, Some(2_534_015)), (100, Some(2_534_037)), (2_534_025, None), (2_534_013, None)],
                Content,
            ),
            (&[(1, None), (1, Some(1_357_046)), (2, None), (1200, None), (1_545_133, None)], Transient),
            (&[(2, Some(2_018_344)), (368, None)], Account),
            (&[(4, None), (4, Some(2_018_022)), (17, None), (32, None), (613, None)], ThrottleSender),
            (
                &[(613, Some(1_893_016)), (613, Some(2_534_040)), (80_002, None), (80_004, None)],
                ThrottleSender,
            ),
            (&[(4, Some(2_018_354)), (9, Some(2_018_352))], ThrottleSender),
            (&[(2_018_300, None), (100, Some(2_018_321)), (2_018_247, None)], Content),
            (&[(100, Some(2_018_218)), (9_000_001, None), (100, Some(9_000_001))], Content),
        ];
        for (codes, action) in cases {
            for (code, subcode) in *codes {
                assert_eq!(
                    find(*code, *subcode).map(|entry| entry.action),
                    Some(*action),
                    "{code}/{subcode:?}"
                );
            }
        }
        assert!(find(300, None).is_none() && find(i64::MIN, Some(i64::MAX)).is_none());
        let tries = |subcode| find(100, Some(subcode)).and_then(|entry| entry.most_tries);
        assert_eq!(
            [tries(2_018_008), tries(2_018_047), tries(2_018_294), tries(2_018_074)],
            [Some(3), Some(3), Some(3), Some(2)]
        );
        assert_eq!(find(4, Some(2_018_354)).map(|entry| entry.wait), Some(HOUR));
    }
}
