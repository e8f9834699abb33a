//! The provider's error codes as far as texts meet them, in answers and in statuses, as data.

use crate::channels::Action::{
    Account, Auth, Content, OptOut, Recipient, Template, ThrottleRecipient, ThrottleSender, Transient, Window,
};
use crate::channels::OPT_OUT;
use crate::channels::code_table::{self, Entry, one, range, tried, waiting};

const MINUTE: u32 = 60;
const HOUR: u32 = 3600;

const CREDENTIALS: &str = "The account's credentials are not taken";
const RATE: &str = "The account sends too fast";
const DAILY: &str = "The account has used up its messages of the day";
const SERVICE: &str = "The provider has trouble";
const UNREACHABLE: &str = "The contact cannot be reached";
const FILTERED: &str = "A carrier or the provider filtered the message";
const SENDER: &str = "The sender is not set up for this";
const REGISTRATION: &str = "The sender is not registered for this";
const RESTRICTED: &str = "The account is restricted";
const PARAMETER: &str = "The provider does not take a value of this message";
const MEDIA: &str = "The provider does not take the file";
const TEMPLATE: &str = "The template cannot be used, or not like this";

/// Every code known, in ascending order.
pub(super) const TABLE: &[Entry] = &[
    one(14_107, ThrottleSender, "rate_limited", RATE),
    one(20_003, Auth, "token_expired", CREDENTIALS),
    one(20_404, Auth, "account_missing", "The account does not exist, or these credentials may not use it"),
    one(20_429, ThrottleSender, "rate_limited", RATE),
    one(21_211, Recipient, "recipient_invalid", "The contact's address is no number that can be texted"),
    one(21_408, Recipient, "country_restricted", "The account may not write to the contact's country"),
    range(21_602, 21_604, Content, "invalid_parameter", PARAMETER),
    one(21_606, Account, "number_missing", "The sender is none of this account's, or cannot send texts"),
    one(21_608, Account, "recipient_not_allowed", "A trial account writes to confirmed numbers only"),
    one(21_609, Content, "invalid_parameter", PARAMETER),
    one(21_610, OptOut, OPT_OUT, "The contact stopped texts from this sender"),
    waiting(
        one(21_611, ThrottleSender, "queue_full", "Too many texts of this sender wait at the provider"),
        MINUTE,
    ),
    one(21_612, Recipient, "recipient_unreachable", "This sender cannot reach the contact"),
    one(21_614, Recipient, "recipient_invalid", "The contact's address is no mobile number"),
    one(21_617, Content, "text_too_long", "The text is too long"),
    one(21_620, Content, "media_not_supported", MEDIA),
    one(21_623, Content, "media_not_supported", MEDIA),
    range(21_654, 21_656, Content, "invalid_parameter", PARAMETER),
    range(
        21_701,
        21_705,
        Account,
        "service_missing",
        "The messaging service is not there, or has no such sender",
    ),
    one(21_910, Content, "invalid_parameter", PARAMETER),
    waiting(one(30_001, Transient, "queue_full", "Too many texts of this sender wait at the provider"), HOUR),
    one(30_002, Account, "number_restricted", "The account is suspended"),
    waiting(
        tried(one(30_003, Transient, "recipient_unreachable", "The contact's phone is off or away"), 3),
        HOUR,
    ),
    one(30_004, Recipient, "recipient_blocked", "The message was blocked"),
    one(30_005, Recipient, "recipient_unknown", "The contact's number is not in use"),
    one(30_006, Recipient, "recipient_unreachable", "The contact's number takes no texts"),
    one(30_007, Recipient, "filtered", FILTERED),
    tried(one(30_008, Transient, "provider_error", "The provider does not know why it failed"), 2),
    one(30_010, Account, "payment_issue", "The message costs more than the account allows"),
    waiting(one(30_017, Transient, "carrier_congested", "The contact's carrier has too much to do"), MINUTE),
    one(30_018, Account, "number_not_registered", REGISTRATION),
    one(30_019, Content, "media_too_large", "The file is too large for the contact's carrier"),
    waiting(one(30_022, ThrottleSender, "rate_limited", RATE), MINUTE),
    waiting(one(30_023, ThrottleSender, "daily_limit_reached", DAILY), 24 * HOUR),
    one(30_024, Account, "number_not_registered", REGISTRATION),
    waiting(one(30_027, ThrottleSender, "daily_limit_reached", DAILY), 24 * HOUR),
    one(30_032, Account, "number_not_registered", REGISTRATION),
    one(30_034, Account, "number_not_registered", REGISTRATION),
    one(30_036, Recipient, "expired", "The message was not delivered in time"),
    one(30_410, Transient, "provider_error", "The provider's own provider did not answer"),
    one(30_450, Recipient, "blocked_as_fraud", "The provider took the message for fraud"),
    one(30_453, Recipient, "blocked_as_fraud", "The provider took the message for fraud"),
    waiting(one(30_610, ThrottleRecipient, "quiet_hours", "It is night where the contact is"), HOUR),
    one(30_640, Recipient, "recipient_blocked", "The provider does not let this contact be written to"),
    range(63_001, 63_002, Account, "sender_not_set_up", SENDER),
    one(63_003, Recipient, "recipient_unreachable", UNREACHABLE),
    one(63_005, Content, "invalid_parameter", PARAMETER),
    range(63_007, 63_008, Account, "sender_not_set_up", SENDER),
    range(63_009, 63_010, Transient, "provider_error", SERVICE),
    one(63_012, Transient, "provider_error", SERVICE),
    range(63_013, 63_014, Recipient, "recipient_blocked", "The message was blocked"),
    one(63_016, Window, "window_closed", "The reply window is closed"),
    range(63_017, 63_018, ThrottleSender, "rate_limited", RATE),
    one(63_019, Content, "media_not_supported", MEDIA),
    one(63_020, Account, "sender_not_set_up", SENDER),
    one(63_021, Content, "invalid_parameter", PARAMETER),
    one(63_024, Recipient, "recipient_unreachable", UNREACHABLE),
    one(63_026, Recipient, "recipient_blocked", "The message was blocked"),
    one(63_027, Template, "template_missing", TEMPLATE),
    one(63_028, Content, "invalid_parameter", PARAMETER),
    one(63_029, Template, "template_missing", TEMPLATE),
    range(63_030, 63_031, Content, "invalid_parameter", PARAMETER),
    one(63_032, Recipient, "recipient_limited", "The provider limits what this contact gets"),
    one(63_033, Recipient, "recipient_unreachable", UNREACHABLE),
    one(63_034, Content, "invalid_parameter", PARAMETER),
    one(63_035, Account, "sender_not_set_up", SENDER),
    one(63_036, Recipient, "recipient_unreachable", UNREACHABLE),
    one(63_037, Content, "invalid_parameter", PARAMETER),
    waiting(one(63_038, ThrottleSender, "daily_limit_reached", DAILY), 24 * HOUR),
    range(63_040, 63_042, Template, "template_missing", TEMPLATE),
    one(63_049, Recipient, "recipient_limited", "The provider limits what this contact gets"),
    one(63_051, Account, "number_restricted", RESTRICTED),
];

/// What is known of a code.
pub(super) fn find(number: i64) -> Option<&'static Entry> {
    code_table::find(TABLE, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::Action;

    #[test]
    fn the_table_is_in_order_without_overlap() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].first <= pair[0].last && pair[0].last < pair[1].first, "{pair:?}");
        }
    }

    /// The provider's codes by what they call for, as its documents have them.
    #[test]
    fn every_code_calls_for_what_it_should() {
        let cases: &[(Action, &[i64])] = &[
            (Auth, &[20_003, 20_404]),
            (ThrottleSender, &[20_429, 14_107, 21_611, 30_022, 30_023, 30_027, 63_017, 63_018, 63_038]),
            (ThrottleRecipient, &[30_610]),
            (Transient, &[30_001, 30_003, 30_008, 30_017, 30_410, 63_009, 63_010, 63_012]),
            (
                Recipient,
                &[
                    30_005, 30_006, 21_211, 21_612, 21_614, 21_408, 63_003, 63_024, 63_033, 63_036, 30_004,
                    30_007, 30_450, 30_453, 63_013, 63_014, 63_026, 30_036, 30_640, 63_032, 63_049,
                ],
            ),
            (OptOut, &[21_610]),
            (
                Account,
                &[
                    30_002, 30_010, 30_032, 30_034, 30_018, 30_024, 63_001, 63_002, 63_007, 63_008, 63_020,
                    63_035, 21_608, 21_606, 21_701, 21_702, 21_703, 21_704, 21_705, 63_051,
                ],
            ),
            (
                Content,
                &[
                    21_602, 21_603, 21_604, 21_609, 21_617, 21_620, 21_623, 21_654, 21_655, 21_656, 21_910,
                    30_019, 63_005, 63_019, 63_021, 63_028, 63_030, 63_031, 63_034, 63_037,
                ],
            ),
            (Window, &[63_016]),
            (Template, &[63_027, 63_029, 63_040, 63_041, 63_042]),
        ];
        let mut listed = 0;
        for (action, numbers) in cases {
            for number in *numbers {
                assert_eq!(find(*number).map(|entry| entry.action), Some(*action), "{number}");
                listed += 1;
            }
        }
        let known: i64 = TABLE.iter().map(|entry| entry.last - entry.first + 1).sum();
        assert_eq!(listed, known, "every code of the table is checked here");
        for unknown in [-1, 0, 21_605, 63_004, i64::MAX] {
            assert!(find(unknown).is_none(), "{unknown}");
        }
    }
}
