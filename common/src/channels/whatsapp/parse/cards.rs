//! Contact cards that a contact sends.

use serde_json::Value;

use super::text;
use crate::domain::content::{Card, CardAddress, CardEmail, CardName, CardOrg, CardPhone, CardUrl, Contacts};

/// The cards of a message; none where there are none.
pub(super) fn cards(value: &Value) -> Option<Contacts> {
    let cards = value.as_array()?.iter().filter(|card| card.is_object());
    let contacts: Vec<Card> = cards.map(card).collect();
    (!contacts.is_empty()).then_some(Contacts { contacts })
}

fn card(card: &Value) -> Card {
    Card {
        name: name(&card["name"]),
        phones: each(&card["phones"], |it| CardPhone {
            phone: text(&it["phone"]),
            r#type: text(&it["type"]),
            wa_id: text(&it["wa_id"]),
        }),
        emails: each(&card["emails"], |it| CardEmail {
            email: text(&it["email"]),
            r#type: text(&it["type"]),
        }),
        addresses: each(&card["addresses"], |it| CardAddress {
            street: text(&it["street"]),
            city: text(&it["city"]),
            state: text(&it["state"]),
            zip: text(&it["zip"]),
            country: text(&it["country"]),
            country_code: text(&it["country_code"]),
            r#type: text(&it["type"]),
        }),
        org: card["org"].is_object().then(|| CardOrg {
            company: text(&card["org"]["company"]),
            department: text(&card["org"]["department"]),
            title: text(&card["org"]["title"]),
        }),
        urls: each(&card["urls"], |it| CardUrl { url: text(&it["url"]), r#type: text(&it["type"]) }),
        birthday: text(&card["birthday"]),
    }
}

/// Where the whole name is missing, it is put together of its parts.
fn name(name: &Value) -> CardName {
    let (first_name, last_name) = (text(&name["first_name"]), text(&name["last_name"]));
    let parts = || [&first_name, &last_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    CardName {
        formatted_name: text(&name["formatted_name"]).unwrap_or_else(parts),
        middle_name: text(&name["middle_name"]),
        prefix: text(&name["prefix"]),
        suffix: text(&name["suffix"]),
        first_name,
        last_name,
    }
}

fn each<T>(list: &Value, read: fn(&Value) -> T) -> Vec<T> {
    list.as_array().into_iter().flatten().filter(|item| item.is_object()).map(read).collect()
}
