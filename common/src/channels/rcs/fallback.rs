//! What a message says where RCS does not reach: the same in a text.

use super::bodies::{place_words, words};
use crate::channels::text;
use crate::domain::content::{Choice, Content, Frame, Header, InteractiveKind, Location, Media};

/// The content as it can be texted; none for what cannot.
pub fn in_a_text(content: &Content) -> Option<Content> {
    let text = match content {
        Content::Location(location) => Content::text(place(location)),
        Content::Interactive(it) => match &it.interactive {
            InteractiveKind::Buttons(it) => {
                let titles: Vec<&str> = it.buttons.iter().map(|button| button.title.as_str()).collect();
                framed(&it.frame, &lines(titles))
            }
            InteractiveKind::List(it) => {
                let rows = it.sections.iter().flat_map(|section| &section.rows);
                let rows: Vec<String> = rows.map(row).collect();
                framed(&it.frame, &lines(rows.iter().map(String::as_str).collect()))
            }
            InteractiveKind::CtaUrl(it) => framed(&it.frame, &format!("{}: {}", it.button, it.url)),
            _ => return None,
        },
        other => other.clone(),
    };
    text::check::check(&text).is_ok().then_some(text)
}

fn place(location: &Location) -> String {
    let degrees = format!("{}, {}", location.latitude, location.longitude);
    match place_words(location) {
        Some(words) => format!("{words}\n{degrees}"),
        None => degrees,
    }
}

fn row(row: &Choice) -> String {
    match &row.description {
        Some(description) => format!("{}: {description}", row.title),
        None => row.title.clone(),
    }
}

fn lines(choices: Vec<&str>) -> String {
    choices.into_iter().map(|choice| format!("- {choice}")).collect::<Vec<_>>().join("\n")
}

/// A file with the words beside it, if there is one above them.
fn framed(frame: &Frame, choices: &str) -> Content {
    let text = format!("{}\n\n{choices}", words(frame));
    let with = |media: &Media| Media { caption: Some(text.clone()), ..media.clone() };
    match &frame.header {
        Some(Header::Image(media)) => Content::Image(with(media)),
        Some(Header::Video(media)) => Content::Video(with(media)),
        _ => Content::text(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn texted(content: Value) -> Option<Value> {
        let content: Content = serde_json::from_value(content).unwrap();
        in_a_text(&content).map(|content| serde_json::to_value(content).unwrap())
    }

    #[test]
    fn what_can_be_said_in_words_is() {
        let link = "https://files.example.com/a.png";
        let interactive = |interactive: Value| json!({ "type": "interactive", "interactive": interactive });
        let words = |text: &str| Some(json!({ "type": "text", "text": text }));
        let cases = [
            (json!({ "type": "text", "text": "Hi" }), words("Hi")),
            (json!({ "type": "text", "text": "x".repeat(1601) }), None),
            (json!({ "type": "image", "url": link }), Some(json!({ "type": "image", "url": link }))),
            (
                json!({ "type": "image", "mediaId": "med_1", "mimeType": "image/png", "size": 6_000_000 }),
                None,
            ),
            (
                json!({ "type": "location", "latitude": 52.5, "longitude": 13.25, "name": "Gate" }),
                words("Gate\n52.5, 13.25"),
            ),
            (
                interactive(json!({ "type": "buttons", "body": "B", "footer": "F", "buttons": [
                    { "id": "1", "title": "One" }, { "id": "2", "title": "Two" }] })),
                words("B\n\nF\n\n- One\n- Two"),
            ),
            (
                interactive(
                    json!({ "type": "buttons", "header": { "type": "image", "url": link }, "body": "B",
                    "buttons": [{ "id": "1", "title": "One" }] }),
                ),
                Some(json!({ "type": "image", "url": link, "caption": "B\n\n- One" })),
            ),
            (
                interactive(json!({ "type": "list", "body": "B", "button": "b", "sections": [{ "rows": [
                    { "id": "1", "title": "One", "description": "first" }, { "id": "2", "title": "Two" }] }] })),
                words("B\n\n- One: first\n- Two"),
            ),
            (
                interactive(json!({ "type": "ctaUrl", "body": "B", "button": "Open", "url": link })),
                words("B\n\nOpen: https://files.example.com/a.png"),
            ),
        ];
        for (content, expected) in cases {
            assert_eq!(texted(content.clone()), expected, "{content}");
        }
    }
}
