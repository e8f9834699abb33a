//! Checks interactive messages: buttons, lists, links, flows, products and carousels.

use serde_json::Value;

use super::Known;
use super::content;
use super::field::{Field, invalid, missing};
use crate::graph::error::GraphError;

const TYPES: [&str; 11] = [
    "address_message",
    "button",
    "carousel",
    "catalog_message",
    "cta_url",
    "flow",
    "list",
    "location_request_message",
    "order_details",
    "product",
    "product_list",
];

/// Checks an interactive object.
pub(super) fn check(interactive: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    let kind = interactive.one_of("type", &[&TYPES[..], &["order_status"]].concat())?;
    header(kind, interactive, known)?;
    body(kind, interactive)?;
    if let Some(footer) = interactive.optional_object("footer")? {
        footer.text_within("text", 60)?;
    }
    let action = interactive.object("action")?;
    match kind {
        "button" => buttons(&action),
        "list" => list(&action),
        "cta_url" => link(&action),
        "location_request_message" => action.one_of("name", &["send_location"]).map(drop),
        "flow" => flow(&action),
        "product" => {
            action.text("catalog_id")?;
            action.text("product_retailer_id").map(drop)
        }
        "product_list" => products(&action),
        "catalog_message" => action.one_of("name", &["catalog_message"]).map(drop),
        "carousel" => carousel(&action, known),
        "address_message" => {
            action.one_of("name", &["address_message"])?;
            action.object("parameters")?.text("country").map(drop)
        }
        _ => {
            action.one_of("name", &["review_and_pay", "review_order"])?;
            action.object("parameters").map(drop)
        }
    }
}

fn header(kind: &str, interactive: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    let Some(header) = interactive.optional_object("header")? else {
        return if kind == "product_list" { Err(missing("interactive['header']")) } else { Ok(()) };
    };
    let allowed: &[&str] = match kind {
        "list" | "product_list" => &["text"],
        "product" | "location_request_message" | "carousel" => {
            return Err(invalid("interactive['header']", &format!("is not allowed for type {kind}")));
        }
        _ => &["text", "image", "video", "document"],
    };
    match header.one_of("type", allowed)? {
        "text" => header.text_within("text", 60).map(drop),
        media => content::media(media, &header.object(media)?, known),
    }
}

fn body(kind: &str, interactive: &Field<'_>) -> Result<(), GraphError> {
    let longest = if kind == "list" { 4_096 } else { 1_024 };
    match interactive.optional_object("body")? {
        Some(body) => body.text_within("text", longest).map(drop),
        // A single product brings its own text.
        None if kind == "product" => Ok(()),
        None => Err(missing("interactive['body']")),
    }
}

fn buttons(action: &Field<'_>) -> Result<(), GraphError> {
    let buttons = action.objects("buttons")?;
    within(action, "buttons", buttons.len(), 1, 3)?;
    let mut ids = Vec::new();
    let mut titles = Vec::new();
    for button in &buttons {
        button.one_of("type", &["reply"])?;
        let reply = button.object("reply")?;
        ids.push(reply.text_within("id", 256)?);
        titles.push(reply.text_within("title", 20)?);
    }
    distinct(action, "buttons", "ids", ids)?;
    distinct(action, "buttons", "titles", titles)
}

fn list(action: &Field<'_>) -> Result<(), GraphError> {
    action.text_within("button", 20)?;
    let sections = action.objects("sections")?;
    within(action, "sections", sections.len(), 1, 10)?;
    let mut ids = Vec::new();
    for section in &sections {
        if sections.len() > 1 {
            section.text_within("title", 24)?;
        } else {
            section.optional_text_within("title", 24)?;
        }
        for row in section.objects("rows")? {
            ids.push(row.text_within("id", 200)?);
            row.text_within("title", 24)?;
            row.optional_text_within("description", 72)?;
        }
    }
    within(action, "sections' rows", ids.len(), 1, 10)?;
    distinct(action, "sections", "row ids", ids)
}

fn link(action: &Field<'_>) -> Result<(), GraphError> {
    action.one_of("name", &["cta_url"])?;
    let parameters = action.object("parameters")?;
    parameters.text_within("display_text", 20)?;
    parameters.address("url")
}

fn flow(action: &Field<'_>) -> Result<(), GraphError> {
    action.one_of("name", &["flow"])?;
    let parameters = action.object("parameters")?;
    if parameters.get("flow_message_version").is_none() {
        return Err(missing(&parameters.path("flow_message_version")));
    }
    if parameters.get("flow_id").is_none() && parameters.get("flow_name").is_none() {
        return Err(missing(&parameters.path("flow_id")));
    }
    parameters.text("flow_cta")?;
    for (name, allowed) in
        [("mode", &["draft", "published"][..]), ("flow_action", &["navigate", "data_exchange"])]
    {
        if parameters.get(name).is_some() {
            parameters.one_of(name, allowed)?;
        }
    }
    Ok(())
}

fn products(action: &Field<'_>) -> Result<(), GraphError> {
    action.text("catalog_id")?;
    let sections = action.objects("sections")?;
    within(action, "sections", sections.len(), 1, 10)?;
    let mut count = 0;
    for section in &sections {
        if sections.len() > 1 {
            section.text_within("title", 24)?;
        }
        for item in section.objects("product_items")? {
            item.text("product_retailer_id")?;
            count += 1;
        }
    }
    within(action, "sections' product_items", count, 1, 30)
}

fn carousel(action: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    let cards = action.objects("cards")?;
    within(action, "cards", cards.len(), 2, 10)?;
    for (place, card) in cards.iter().enumerate() {
        if card.get("card_index").and_then(Value::as_u64) != Some(place as u64) {
            return Err(invalid(&card.path("card_index"), "must count from 0"));
        }
        let action = card.object("action")?;
        match card.one_of("type", &["cta_url", "product"])? {
            "cta_url" => {
                let header = card.object("header")?;
                let media = header.one_of("type", &["image", "video"])?;
                content::media(media, &header.object(media)?, known)?;
                link(&action)?;
            }
            _ => {
                action.text("catalog_id")?;
                action.text("product_retailer_id")?;
            }
        }
    }
    Ok(())
}

fn within(action: &Field<'_>, name: &str, count: usize, low: usize, high: usize) -> Result<(), GraphError> {
    if (low..=high).contains(&count) {
        return Ok(());
    }
    Err(invalid(&action.path(name), &format!("must have between {low} and {high} elements")))
}

fn distinct(action: &Field<'_>, name: &str, what: &str, mut values: Vec<&str>) -> Result<(), GraphError> {
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    if values.len() == count {
        return Ok(());
    }
    Err(invalid(&action.path(name), &format!("must have different {what}")))
}
