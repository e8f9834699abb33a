//! Writes contact cards.

use serde_json::{Map, Value};

use crate::domain::content::Contacts;

/// The cards in the provider's letter case; but for that, its fields are ours.
pub(super) fn cards(contacts: &Contacts) -> Option<Vec<Value>> {
    let cards = contacts.contacts.iter().map(|card| serde_json::to_value(card).ok().map(in_snake_case));
    cards.collect()
}

fn in_snake_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (snake_case(&name), in_snake_case(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(in_snake_case).collect(),
        other => other,
    }
}

/// `formattedName` → `formatted_name`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
