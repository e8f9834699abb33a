//! What WhatsApp does not take is known before it is sent, field by field.

use common::channels::{Channel, check, content_types, passes_closed_window};
use common::domain::content::{Content, Media, Unsupported, parse_outgoing};
use common::problem::WindowState;
use serde_json::{Value, json};

/// The fields at fault with their codes.
fn faults(content: &Content) -> String {
    let faults = check(Channel::Whatsapp, content).err().unwrap_or_default();
    let named: Vec<_> = faults.iter().map(|fault| format!("{}:{}", fault.field, fault.code)).collect();
    named.join(" ")
}

fn assert_faults(cases: Vec<(Value, &str)>) {
    for (json, expected) in cases {
        let content =
            parse_outgoing(&json, "content").unwrap_or_else(|problem| panic!("{json}: {problem:?}"));
        assert_eq!(faults(&content), expected, "{json}");
    }
}

#[test]
fn the_limits_of_texts_and_files_name_the_field() {
    let media = |url: &str, caption: usize, filename: &str| Media {
        url: Some(url.into()),
        caption: (caption > 0).then(|| "👋".repeat(caption)),
        filename: (!filename.is_empty()).then(|| filename.into()),
        ..Media::default()
    };
    let upload = |mime_type: &str, size: u64| Media {
        media_id: Some("med_01KASDQ0Y4E9GTHSRQ3QWS9E3B".into()),
        mime_type: Some(mime_type.into()),
        size: Some(size),
        ..Media::default()
    };
    let sticker = |animated: bool, size: u64| {
        Content::Sticker(Media { animated: Some(animated), ..upload("image/webp", size) })
    };
    let link = "https://x.example/a?b=c";
    let long = format!("https://x.example/{}", "a".repeat(2048));
    let cases = [
        (Content::text("😀".repeat(4096)), ""),
        (Content::text("😀".repeat(4097)), "content.text:too_long"),
        (Content::text(" \n"), "content.text:too_short"),
        (Content::Image(media(link, 1024, "")), ""),
        (Content::Image(media("http://localhost:1/a", 0, "")), ""),
        (Content::Video(media(link, 1025, "")), "content.caption:too_long"),
        (Content::Document(media(link, 0, &"a".repeat(240))), ""),
        (
            Content::Document(media("x", 0, &"a".repeat(241))),
            "content.url:invalid_url content.filename:too_long",
        ),
        (Content::Document(media(link, 0, "a\nb")), "content.filename:invalid_character"),
        (Content::Audio(media(link, 1, "")), "content.caption:not_supported"),
        (Content::Sticker(media(&long, 1, "")), "content.url:too_long content.caption:not_supported"),
        (Content::Image(media("ftp://x.example/a", 0, "")), "content.url:invalid_url"),
        (Content::Image(media("https://", 0, "")), "content.url:invalid_url"),
        (Content::Image(media("https://x.example/a b", 0, "")), "content.url:invalid_url"),
        (Content::Image(media("data:image/png;base64,AA", 0, "")), "content.url:invalid_url"),
        (Content::Image(media("", 0, "")), "content.url:invalid_url"),
        (Content::Image(Media::default()), "content.url:required"),
        (Content::Image(upload("image/jpeg", 5 << 20)), ""),
        (Content::Image(upload("image/png", (5 << 20) + 1)), "content.mediaId:media_too_large"),
        (Content::Image(upload("image/gif", 1)), "content.mediaId:media_type_not_supported"),
        (Content::Video(upload("video/mp4", 16 << 20)), ""),
        (Content::Video(upload("video/3gpp", (16 << 20) + 1)), "content.mediaId:media_too_large"),
        (Content::Audio(upload("audio/x-wav", 1)), "content.mediaId:media_type_not_supported"),
        (Content::Sticker(upload("image/webp", (500 << 10) + 1)), "content.mediaId:media_too_large"),
        (sticker(true, 500 << 10), ""),
        (sticker(false, 100 << 10), ""),
        (sticker(true, (500 << 10) + 1), "content.mediaId:media_too_large"),
        (sticker(false, (100 << 10) + 1), "content.mediaId:media_too_large"),
        (Content::Sticker(upload("image/png", 1)), "content.mediaId:media_type_not_supported"),
        (Content::Document(upload("application/x-own", 100 << 20)), ""),
        (Content::Document(upload("text/csv", (100 << 20) + 1)), "content.mediaId:media_too_large"),
        (
            Content::Unsupported(Unsupported { reason: None, raw: Value::Null }),
            "content.type:unsupported_content",
        ),
    ];
    for (content, expected) in cases {
        assert_eq!(faults(&content), expected);
    }
}

#[test]
fn places_cards_and_reactions_have_limits() {
    let place = |latitude: f64, longitude: f64| json!({"type": "location", "latitude": latitude, "longitude": longitude});
    let cards = |cards: Vec<Value>| json!({"type": "contacts", "contacts": cards});
    let card = |name: &str| json!({"name": {"formattedName": name}});
    let born = |birthday: &str| json!({"name": {"formattedName": "Ada"}, "birthday": birthday});
    let reaction = |emoji: &str| json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": emoji});
    assert_faults(vec![
        (place(90.0, -180.0), ""),
        (place(-90.0, 180.0), ""),
        (place(90.1, 180.5), "content.latitude:out_of_range content.longitude:out_of_range"),
        (place(-1e300, -181.0), "content.latitude:out_of_range content.longitude:out_of_range"),
        (cards(vec![card("Ada"); 257]), ""),
        (cards(vec![card("Ada"); 258]), "content.contacts:too_many"),
        (cards(vec![]), "content.contacts:too_few"),
        (cards(vec![card("Ada"), card(" ")]), "content.contacts[1].name.formattedName:too_short"),
        (cards(vec![born("1815-12-10")]), ""),
        (cards(vec![born("1815-2-30")]), "content.contacts[0].birthday:invalid_date"),
        (cards(vec![born("10.12.1815")]), "content.contacts[0].birthday:invalid_date"),
        (cards(vec![born("1815-02-30")]), "content.contacts[0].birthday:invalid_date"),
        (reaction(""), ""),
        (reaction("👍"), ""),
        (reaction("👍🏽"), ""),
        (reaction("❤"), ""),
        (reaction("❤\u{fe0f}"), ""),
        (reaction("👨‍👩‍👧"), ""),
        (reaction("🇺🇳"), ""),
        (reaction("👍👍"), "content.emoji:invalid_emoji"),
        (reaction("ok"), "content.emoji:invalid_emoji"),
        (reaction(" "), "content.emoji:invalid_emoji"),
        (reaction("👍 "), "content.emoji:invalid_emoji"),
        (reaction("7"), "content.emoji:invalid_emoji"),
    ]);
}

#[test]
fn templates_have_limits() {
    let of = |name: &str, language: &str| json!({"type": "template", "name": name, "language": language});
    let with = |parameters: Value| json!({"type": "template", "name": "n", "language": "en", "parameters": parameters});
    assert_faults(vec![
        (of("order_update_2", "en_US"), ""),
        (of(&"a".repeat(512), "fil"), ""),
        (of(&"a".repeat(513), "zh_CN"), "content.name:invalid_name"),
        (of("", ""), "content.name:invalid_name content.language:invalid_language"),
        (of("Order", "en-US"), "content.name:invalid_name content.language:invalid_language"),
        (of("order update", "EN"), "content.name:invalid_name content.language:invalid_language"),
        (of("ордер", "english"), "content.name:invalid_name content.language:invalid_language"),
        (of("a", "en_"), "content.language:invalid_language"),
        (of("a", "en_US_x"), "content.language:invalid_language"),
        (with(json!(["Ada", "two\nlines", "שלום"])), ""),
        (with(json!(["Ada", ""])), "content.parameters[1]:too_short"),
        (with(json!({"first_name": "", "date": "Monday"})), "content.parameters.first_name:too_short"),
        (with(json!({"": "a"})), "content.parameters:invalid_name"),
    ]);
    let many = parse_outgoing(&with(json!(vec![""; 1_000])), "content").unwrap();
    assert_eq!(check(Channel::Whatsapp, &many).unwrap_err().len(), 100);
}

/// A good message of a kind with one field set to something else.
fn interactive(kind: &str, field: &str, value: Value) -> Value {
    let button = json!({"id": "yes", "title": "Yes"});
    let mut message = match kind {
        "buttons" => json!({"type": "buttons", "body": "b", "buttons": [button]}),
        "list" => json!({"type": "list", "body": "b", "button": "c", "sections": [{"rows": [button]}]}),
        "ctaUrl" => json!({"type": "ctaUrl", "body": "b", "button": "c", "url": "https://a.example"}),
        _ => json!({"type": "flow", "body": "b", "button": "c", "flowId": "7"}),
    };
    message[field] = value;
    json!({"type": "interactive", "interactive": message})
}

#[test]
fn what_stands_around_something_to_press_has_limits() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let file = |kind: &str| json!({"type": kind, "url": "https://a.example/a"});
    let captioned = json!({"type": "image", "url": "u", "caption": "c"});
    for kind in ["buttons", "list", "ctaUrl", "flow"] {
        let body = if kind == "list" { 4096 } else { 1024 };
        assert_faults(vec![
            (interactive(kind, "body", json!("👋".repeat(body))), ""),
            (interactive(kind, "body", json!("👋".repeat(body + 1))), "content.interactive.body:too_long"),
            (interactive(kind, "body", json!(" ")), "content.interactive.body:too_short"),
            (interactive(kind, "footer", json!("é".repeat(60))), ""),
            (interactive(kind, "footer", json!("é".repeat(61))), "content.interactive.footer:too_long"),
            (interactive(kind, "footer", json!("")), "content.interactive.footer:too_short"),
            (interactive(kind, "header", text(&"é".repeat(60))), ""),
            (interactive(kind, "header", text(&"é".repeat(61))), "content.interactive.header.text:too_long"),
            (interactive(kind, "header", text("\n")), "content.interactive.header.text:too_short"),
        ]);
    }
    for kind in ["buttons", "ctaUrl", "flow"] {
        assert_faults(vec![
            (interactive(kind, "header", file("image")), ""),
            (interactive(kind, "header", file("video")), ""),
            (interactive(kind, "header", file("document")), ""),
            (
                interactive(kind, "header", captioned.clone()),
                "content.interactive.header.url:invalid_url content.interactive.header.caption:not_supported",
            ),
        ]);
    }
    let above_list = interactive("list", "header", file("image"));
    assert_faults(vec![(above_list, "content.interactive.header.type:not_supported")]);
}

#[test]
fn buttons_have_limits() {
    let buttons = |buttons: &[(&str, &str)]| {
        let buttons = buttons.iter().map(|(id, title)| json!({"id": id, "title": title}));
        interactive("buttons", "buttons", buttons.collect())
    };
    let (id, title) = ("i".repeat(256), "é".repeat(20));
    let at = "content.interactive.buttons";
    assert_faults(vec![
        (buttons(&[(&id, &title), ("2", "Two"), ("3", "Three")]), ""),
        (buttons(&[]), &format!("{at}:too_few")),
        (buttons(&[("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]), &format!("{at}:too_many")),
        (
            buttons(&[("1", "1"), (&format!("{id}i"), &format!("{title}é"))]),
            &format!("{at}[1].id:too_long {at}[1].title:too_long"),
        ),
        (buttons(&[("", " ")]), &format!("{at}[0].id:too_short {at}[0].title:too_short")),
        (buttons(&[("1", "a"), ("1", "b")]), &format!("{at}[1].id:duplicate")),
        (buttons(&[("1", "a"), ("2", "a")]), &format!("{at}[1].title:duplicate")),
    ]);
}

#[test]
fn lists_have_limits() {
    let row = |id: &str| json!({"id": id, "title": "t"});
    let rows = |from: usize, to: usize| (from..to).map(|n| row(&n.to_string())).collect::<Vec<_>>();
    let section = |title: &str, rows: Vec<Value>| json!({"title": title, "rows": rows});
    let sections = |sections: Value| interactive("list", "sections", sections);
    let long = |id: usize, title: usize, description: usize| {
        let row =
            json!({"id": "i".repeat(id), "title": "é".repeat(title), "description": "é".repeat(description)});
        sections(json!([{"rows": [row]}]))
    };
    let at = "content.interactive.sections";
    assert_faults(vec![
        (sections(json!([{"rows": rows(0, 10)}])), ""),
        (sections((0..10).map(|n| section("s", rows(n, n + 1))).collect()), ""),
        (sections(json!([section("s", rows(0, 6)), section("s", rows(6, 11))])), &format!("{at}:too_many")),
        (sections((0..11).map(|n| section("s", rows(n, n))).collect()), &format!("{at}:too_many")),
        (sections(json!([])), &format!("{at}:too_few")),
        (
            sections(json!([section("a", rows(0, 1)), {"rows": rows(1, 2)}])),
            &format!("{at}[1].title:required"),
        ),
        (
            sections(json!([section(&"é".repeat(25), rows(0, 1)), section("b", vec![])])),
            &format!("{at}[0].title:too_long {at}[1].rows:too_few"),
        ),
        (
            sections(json!([section("a", rows(0, 1)), section("b", vec![row("1"), row("0")])])),
            &format!("{at}[1].rows[1].id:duplicate"),
        ),
        (long(200, 24, 72), ""),
        (
            long(201, 25, 73),
            &format!(
                "{at}[0].rows[0].id:too_long {at}[0].rows[0].title:too_long {at}[0].rows[0].description:too_long"
            ),
        ),
        (
            long(0, 0, 0),
            &format!(
                "{at}[0].rows[0].id:too_short {at}[0].rows[0].title:too_short {at}[0].rows[0].description:too_short"
            ),
        ),
        (interactive("list", "button", json!("é".repeat(21))), "content.interactive.button:too_long"),
        (interactive("list", "button", json!("")), "content.interactive.button:too_short"),
    ]);
}

#[test]
fn links_and_forms_have_limits() {
    let cta = |field: &str, value: &str| interactive("ctaUrl", field, json!(value));
    let flow = |more: Value| {
        let mut flow = json!({"type": "flow", "body": "b", "button": "c"});
        flow.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"type": "interactive", "interactive": flow})
    };
    let at = "content.interactive";
    assert_faults(vec![
        (cta("button", &"é".repeat(20)), ""),
        (cta("button", &"é".repeat(21)), &format!("{at}.button:too_long")),
        (cta("url", "ftp://a.example"), &format!("{at}.url:invalid_url")),
        (cta("url", "a.example"), &format!("{at}.url:invalid_url")),
        (flow(json!({"flowName": "n", "mode": "published", "action": "data_exchange"})), ""),
        (
            flow(
                json!({"flowId": "7", "mode": "draft", "action": "navigate", "screen": "FIRST", "data": {}}),
            ),
            "",
        ),
        (flow(json!({})), &format!("{at}.flowId:required")),
        (flow(json!({"flowId": "7", "flowName": "n"})), &format!("{at}.flowName:conflicting")),
        (
            flow(json!({"flowId": "", "button": " ", "screen": ""})),
            &format!("{at}.button:too_short {at}.flowId:too_short {at}.screen:too_short"),
        ),
        (
            flow(json!({"flowId": "7", "mode": "live", "action": "open"})),
            &format!("{at}.mode:unsupported_value {at}.action:unsupported_value"),
        ),
        (
            flow(json!({"flowId": "7", "action": "data_exchange", "screen": "FIRST", "data": {}})),
            &format!("{at}.screen:not_supported {at}.data:not_supported"),
        ),
    ]);
}

#[test]
fn what_clients_are_told_can_be_sent_is_what_passes() {
    let outgoing = [
        json!({"type": "text", "text": "Hi"}),
        json!({"type": "image", "url": "https://a.example/a"}),
        json!({"type": "video", "url": "https://a.example/a"}),
        json!({"type": "audio", "url": "https://a.example/a"}),
        json!({"type": "document", "url": "https://a.example/a"}),
        json!({"type": "sticker", "url": "https://a.example/a"}),
        json!({"type": "location", "latitude": 1, "longitude": 2}),
        json!({"type": "contacts", "contacts": [{"name": {"formattedName": "Ada"}}]}),
        json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": "👍"}),
        json!({"type": "template", "name": "n", "language": "en"}),
        interactive("flow", "mode", json!("draft")),
    ];
    let mut kinds = Vec::new();
    for json in outgoing {
        let content = parse_outgoing(&json, "content").unwrap();
        assert_eq!(faults(&content), "", "{json}");
        kinds.push(content.kind());
        let passes = content.kind() == "template";
        assert_eq!(passes_closed_window(Channel::Whatsapp, &content), passes, "{json}");
    }
    assert_eq!(content_types(Channel::Whatsapp, WindowState::Open), kinds);
    assert_eq!(content_types(Channel::Whatsapp, WindowState::Closed), ["template"]);
}
