//! The Graph API's error codes as far as WhatsApp sends and look-ups meet them, as data.

use crate::channels::Action::{
    Account, Auth, Content, OptOut, Recipient, Template, ThrottleRecipient, ThrottleSender, Transient, Window,
};
use crate::channels::MARKETING_OPT_OUT;
use crate::channels::code_table::{self, Entry, one, range, tried, waiting};
use crate::channels::meta::words::{HOUR, PARAMETER, PERMISSION, SERVICE, TOKEN};

const RATE: &str = "The account sends too fast";
const RESTRICTED: &str = "The account is restricted";
const UNREGISTERED: &str = "The phone number is not registered";
const MISSING: &str = "The phone number or account does not exist, or this token may not see it";
const PARAMETERS: &str = "The template's parameters do not fit it";

/// Every code known, in ascending order.
pub(super) const TABLE: &[Entry] = &[
    one(0, Auth, "token_expired", TOKEN),
    tried(one(1, Transient, "provider_error", SERVICE), 3),
    one(2, Transient, "provider_error", SERVICE),
    one(3, Auth, "permission_missing", PERMISSION),
    one(4, ThrottleSender, "rate_limited", RATE),
    one(10, Auth, "permission_missing", PERMISSION),
    one(17, ThrottleSender, "rate_limited", RATE),
    one(32, ThrottleSender, "rate_limited", RATE),
    one(33, Account, "number_missing", MISSING),
    one(100, Content, "invalid_parameter", PARAMETER),
    one(102, Auth, "token_expired", TOKEN),
    one(190, Auth, "token_expired", TOKEN),
    range(200, 299, Auth, "permission_missing", PERMISSION),
    one(368, Account, "number_restricted", RESTRICTED),
    one(613, ThrottleSender, "rate_limited", RATE),
    one(803, Account, "number_missing", MISSING),
    range(80_000, 80_014, ThrottleSender, "rate_limited", RATE),
    one(130_429, ThrottleSender, "rate_limited", RATE),
    one(
        130_472,
        Recipient,
        "recipient_in_experiment",
        "The contact is in a provider's experiment without such messages",
    ),
    one(130_497, Recipient, "country_restricted", "The account may not write to the contact's country"),
    one(131_000, Transient, "provider_error", SERVICE),
    one(131_005, Auth, "permission_missing", PERMISSION),
    one(131_008, Content, "invalid_parameter", PARAMETER),
    one(131_009, Content, "invalid_parameter", PARAMETER),
    one(131_016, Transient, "provider_error", SERVICE),
    one(131_020, Content, "group_not_supported", "The provider does not take this for a group"),
    one(131_021, Content, "recipient_is_sender", "The sender cannot write to itself"),
    one(131_026, Recipient, "recipient_unreachable", "The contact cannot be reached on WhatsApp"),
    one(131_030, Recipient, "recipient_not_allowed", "The contact is not on the test number's list"),
    one(131_031, Account, "number_restricted", RESTRICTED),
    one(131_037, Account, "display_name_not_approved", "The phone number's display name is not approved"),
    one(131_041, Content, "group_not_supported", "The provider does not take this for a group"),
    one(131_042, Account, "payment_issue", "The account's payment method has a problem"),
    one(131_044, Account, "payment_issue", "The account's payment method has a problem"),
    one(131_045, Account, "number_not_registered", UNREGISTERED),
    one(131_047, Window, "window_closed", "The reply window is closed"),
    waiting(
        one(131_048, ThrottleSender, "spam_rate_limited", "Contacts reported or blocked too many messages"),
        HOUR,
    ),
    waiting(
        one(
            131_049,
            Recipient,
            "recipient_limit_reached",
            "The contact gets no more marketing messages today",
        ),
        24 * HOUR,
    ),
    one(131_050, OptOut, MARKETING_OPT_OUT, "The contact does not want marketing messages"),
    one(131_051, Content, "unsupported_content", "The provider does not take this type of message"),
    one(131_052, Content, "media_not_loaded", "The contact's file could not be loaded"),
    // The provider fetches links itself, and now and then fails at one that is there.
    tried(one(131_053, Transient, "media_not_fetched", "The provider could not fetch the file"), 3),
    one(131_055, Content, "unsupported_content", "The provider does not take this type of message"),
    waiting(
        one(131_056, ThrottleRecipient, "pair_rate_limited", "The contact gets too many messages at once"),
        4,
    ),
    waiting(one(131_057, Transient, "provider_maintenance", "The phone number is under maintenance"), 60),
    one(131_059, Content, "group_not_supported", "The provider does not take this for a group"),
    one(131_062, Content, "recipient_without_number", "This template needs the contact's phone number"),
    one(131_063, Template, "marketing_disabled", "Marketing templates are turned off for this account here"),
    waiting(
        one(
            131_064,
            ThrottleSender,
            "messaging_limit_reached",
            "The account has used up its messaging limit",
        ),
        HOUR,
    ),
    range(131_201, 131_215, Content, "group_not_supported", "The provider does not take this for a group"),
    one(132_000, Template, "template_parameters", PARAMETERS),
    one(
        132_001,
        Template,
        "template_missing",
        "The template does not exist in this language, or is not approved",
    ),
    one(132_005, Template, "template_parameters", PARAMETERS),
    one(132_007, Template, "template_parameters", PARAMETERS),
    one(132_008, Template, "template_parameters", PARAMETERS),
    one(132_012, Template, "template_parameters", PARAMETERS),
    one(132_015, Template, "template_paused", "The template is paused"),
    one(132_016, Template, "template_disabled", "The template is disabled"),
    one(132_018, Template, "template_parameters", PARAMETERS),
    one(132_068, Template, "flow_blocked", "The flow is blocked"),
    // It limits the flow, not the sender: only this message waits.
    waiting(one(132_069, Transient, "flow_rate_limited", "The flow is sent too often"), HOUR),
    one(133_004, Transient, "provider_error", SERVICE),
    one(133_010, Account, "number_not_registered", UNREGISTERED),
    waiting(one(133_015, Transient, "provider_maintenance", "The phone number was deleted just now"), 300),
    waiting(one(133_016, ThrottleSender, "rate_limited", "The phone number was registered too often"), HOUR),
    one(134_011, Account, "payment_issue", "The account has not agreed to the provider's payment terms"),
    one(134_100, Content, "unsupported_content", "Only marketing messages pass here"),
    waiting(one(134_101, Transient, "template_not_ready", "The template is being prepared"), 600),
    one(134_102, Content, "unsupported_content", "The template cannot be sent this way"),
    one(135_000, Content, "invalid_parameter", PARAMETER),
    one(137_000, Recipient, "identity_changed", "The contact's identity has changed and must be confirmed"),
    waiting(one(2_494_100, Transient, "provider_maintenance", "The phone number is under maintenance"), 60),
];

/// A number or account that does not exist is told by a subcode of the code for bad parameters.
const MISSING_OBJECT: Entry = one(100, Account, "number_missing", MISSING);

/// What is known of a code with its subcode.
pub(super) fn find(number: i64, subcode: Option<i64>) -> Option<&'static Entry> {
    if (number, subcode) == (100, Some(33)) {
        return Some(&MISSING_OBJECT);
    }
    code_table::find(TABLE, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_without_overlap() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].first <= pair[0].last && pair[0].last < pair[1].first, "{pair:?}");
        }
    }

    /// What the provider says of templates, forms, reactions and other content, as its documents have it.
    #[test]
    fn every_code_about_content_is_known() {
        let cases = [
            (100, Content, "invalid_parameter", 0),
            (131_008, Content, "invalid_parameter", 0),
            (131_009, Content, "invalid_parameter", 0),
            (131_047, Window, "window_closed", 0),
            (131_049, Recipient, "recipient_limit_reached", 24 * HOUR),
            (131_050, OptOut, "recipient_opted_out", 0),
            (131_051, Content, "unsupported_content", 0),
            (131_053, Transient, "media_not_fetched", 0),
            (131_055, Content, "unsupported_content", 0),
            (131_062, Content, "recipient_without_number", 0),
            (131_063, Template, "marketing_disabled", 0),
            (131_064, ThrottleSender, "messaging_limit_reached", HOUR),
            (132_000, Template, "template_parameters", 0),
            (132_001, Template, "template_missing", 0),
            (132_005, Template, "template_parameters", 0),
            (132_007, Template, "template_parameters", 0),
            (132_008, Template, "template_parameters", 0),
            (132_012, Template, "template_parameters", 0),
            (132_015, Template, "template_paused", 0),
            (132_016, Template, "template_disabled", 0),
            (132_018, Template, "template_parameters", 0),
            (132_068, Template, "flow_blocked", 0),
            (132_069, Transient, "flow_rate_limited", HOUR),
            (134_100, Content, "unsupported_content", 0),
            (134_101, Transient, "template_not_ready", 600),
            (134_102, Content, "unsupported_content", 0),
            (135_000, Content, "invalid_parameter", 0),
        ];
        for (number, action, code, wait) in cases {
            let entry = find(number, None).unwrap_or_else(|| panic!("{number} is not known"));
            assert_eq!((entry.action, entry.code, entry.wait), (action, code, wait), "{number}");
        }
    }

    #[test]
    fn codes_find_their_entry() {
        let cases = [
            (190, None, Some(Auth)),
            (250, None, Some(Auth)),
            (300, None, None),
            (80_007, None, Some(ThrottleSender)),
            (100, None, Some(Content)),
            (100, Some(33), Some(Account)),
            (131_026, None, Some(Recipient)),
            (-1, None, None),
            (i64::MAX, None, None),
        ];
        for (number, subcode, action) in cases {
            assert_eq!(find(number, subcode).map(|entry| entry.action), action, "{number}");
        }
    }
}
