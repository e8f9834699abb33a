//! Checks contact cards.

use chrono::NaiveDate;

use super::{CAPABILITIES, Place};
use crate::domain::content::Contacts;

pub(super) fn check(contacts: &Contacts, place: &mut Place<'_>) {
    if !place.count("contacts", contacts.contacts.len(), CAPABILITIES.contact_cards) {
        return;
    }
    for (n, card) in contacts.contacts.iter().enumerate() {
        let mut place = place.item("contacts", n);
        place.at("name").filled("formattedName", &card.name.formatted_name);
        if card.birthday.as_deref().is_some_and(|birthday| !is_date(birthday)) {
            place.fault("birthday", "invalid_date", "must be a date: YYYY-MM-DD");
        }
    }
}

/// The parser forgives missing zeros that the provider does not.
fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
