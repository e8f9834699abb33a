//! What a contact pressed or filled in.

use serde_json::Value;

use super::text;
use crate::channels::raw_json;
use crate::domain::content::{Choice, FlowReply, Interactive, InteractiveKind, Postback};

/// Most levels of a form's answers: what is stored must be readable again, inside of all that surrounds it.
const DEPTH_LIMIT: usize = 64;

/// A button of a template. What only people can read stands for what programs should.
pub(super) fn button(button: &Value) -> Option<Postback> {
    let title = text(&button["text"]);
    let payload = text(&button["payload"]).or_else(|| title.clone())?;
    Some(Postback { payload, title })
}

/// An answer to an interactive message.
pub(super) fn interactive(answer: &Value) -> Option<Interactive> {
    let kind = answer["type"].as_str()?;
    let part = &answer[kind];
    let interactive = match kind {
        "button_reply" => InteractiveKind::ButtonReply(choice(part)?),
        "list_reply" => InteractiveKind::ListReply(choice(part)?),
        "nfm_reply" => InteractiveKind::FlowReply(form(part)?),
        _ => return None,
    };
    Some(Interactive { interactive })
}

fn choice(choice: &Value) -> Option<Choice> {
    Some(Choice {
        id: choice["id"].as_str()?.to_owned(),
        title: text(&choice["title"]).unwrap_or_default(),
        description: text(&choice["description"]),
    })
}

fn form(form: &Value) -> Option<FlowReply> {
    let response = match &form["response_json"] {
        Value::Null => return None,
        Value::String(json) => read(json),
        other => other.clone(),
    };
    Some(FlowReply { name: text(&form["name"]), body: text(&form["body"]), response })
}

/// JSON within JSON; a text, where it is none.
fn read(json: &str) -> Value {
    match serde_json::from_str::<Value>(json) {
        Ok(mut value) if depth(&value) <= DEPTH_LIMIT => {
            raw_json::make_storable(&mut value);
            value
        }
        _ => json.into(),
    }
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}
