//! Reads messages with something to press.

use serde_json::Value;

use super::Fields;
use crate::domain::content::{
    Button, Buttons, Choice, CtaUrl, Flow, Frame, Header, Interactive, InteractiveKind, List, Section,
};

/// Kinds that come in and cannot be sent.
const INBOUND_ONLY: &[&str] = &["buttonReply", "listReply", "flowReply"];
/// Fields that every kind has.
const FRAME: &[&str] = &["type", "header", "body", "footer"];

impl Fields<'_> {
    pub(super) fn interactive(&mut self) -> Option<Interactive> {
        self.refuse_others(&["type", "interactive"]);
        Some(Interactive { interactive: self.required_object("interactive", |it| it.interactive_kind())? })
    }

    fn interactive_kind(&mut self) -> Option<InteractiveKind> {
        let kind = self.required("type")?;
        match kind.as_str() {
            "buttons" => self.buttons().map(InteractiveKind::Buttons),
            "list" => self.list().map(InteractiveKind::List),
            "ctaUrl" => self.cta_url().map(InteractiveKind::CtaUrl),
            "flow" => self.flow().map(InteractiveKind::Flow),
            known if INBOUND_ONLY.contains(&known) => {
                self.faults.invalid(self.name("type"), "unsupported_content", "cannot be sent")
            }
            _ => {
                let why = "is no kind of interactive message";
                self.faults.invalid(self.name("type"), "unknown_content_type", why)
            }
        }
    }

    /// What stands around that which can be pressed; refuses all but its fields and `more`.
    fn frame(&mut self, more: &[&str]) -> Option<Frame> {
        self.refuse_others(&[FRAME, more].concat());
        let header = self.object("header", |header| header.header());
        let (body, footer) = (self.required("body"), self.optional("footer"));
        Some(Frame { header, body: body?, footer })
    }

    fn header(&mut self) -> Option<Header> {
        let kind = self.required("type")?;
        match kind.as_str() {
            "text" => {
                self.refuse_others(&["type", "text"]);
                Some(Header::Text { text: self.required("text")? })
            }
            "image" => self.media().map(Header::Image),
            "video" => self.media().map(Header::Video),
            "document" => self.media().map(Header::Document),
            _ => {
                let why = "must be text, image, video or document";
                self.faults.invalid(self.name("type"), "unsupported_value", why)
            }
        }
    }

    fn buttons(&mut self) -> Option<Buttons> {
        let frame = self.frame(&["buttons"]);
        let buttons = self.required_objects("buttons", |button| {
            button.refuse_others(&["id", "title"]);
            let (id, title) = (button.required("id"), button.required("title"));
            Some(Button { id: id?, title: title? })
        });
        Some(Buttons { frame: frame?, buttons: buttons? })
    }

    fn list(&mut self) -> Option<List> {
        let frame = self.frame(&["button", "sections"]);
        let button = self.required("button");
        let sections = self.required_objects("sections", |section| {
            section.refuse_others(&["title", "rows"]);
            let title = section.optional("title");
            let rows = section.required_objects("rows", |row| row.row());
            Some(Section { title, rows: rows? })
        });
        Some(List { frame: frame?, button: button?, sections: sections? })
    }

    fn row(&mut self) -> Option<Choice> {
        self.refuse_others(&["id", "title", "description"]);
        let (id, title) = (self.required("id"), self.required("title"));
        let description = self.optional("description");
        Some(Choice { id: id?, title: title?, description })
    }

    fn cta_url(&mut self) -> Option<CtaUrl> {
        let frame = self.frame(&["button", "url"]);
        let (button, url) = (self.required("button"), self.required("url"));
        Some(CtaUrl { frame: frame?, button: button?, url: url? })
    }

    fn flow(&mut self) -> Option<Flow> {
        let more = ["button", "flowId", "flowName", "flowToken", "mode", "action", "screen", "data"];
        let (frame, button) = (self.frame(&more), self.required("button"));
        let (flow_id, flow_name) = (self.optional("flowId"), self.optional("flowName"));
        let (flow_token, mode) = (self.optional("flowToken"), self.optional("mode"));
        let (action, screen) = (self.optional("action"), self.optional("screen"));
        let data = self.object("data", |data| {
            let value = Value::Object(data.map.clone());
            data.faults.check_stored(&value, data.path);
            Some(value)
        });
        let (frame, button) = (frame?, button?);
        Some(Flow { frame, button, flow_id, flow_name, flow_token, mode, action, screen, data })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{assert_read_as_it_is_shown, told};

    #[test]
    fn every_kind_is_read() {
        let link = "https://files.example.com/a.png";
        for interactive in [
            json!({"type": "buttons", "body": "b", "buttons": [{"id": "yes", "title": "כן"}]}),
            json!({"type": "buttons", "header": {"type": "text", "text": "h"}, "body": "b", "footer": "f",
                "buttons": [{"id": "1", "title": "One"}, {"id": "2", "title": "Two"}]}),
            json!({"type": "buttons", "header": {"type": "image", "url": link}, "body": "b", "buttons": []}),
            json!({"type": "list", "body": "b", "button": "Choose", "sections": [
                {"rows": [{"id": "1", "title": "One"}]},
                {"title": "More", "rows": [{"id": "2", "title": "Two", "description": "the second"}]}]}),
            json!({"type": "ctaUrl", "header": {"type": "video", "url": link}, "body": "b", "button": "Open", "url": "https://a.example"}),
            json!({"type": "flow", "body": "b", "button": "Start", "flowId": "77"}),
            json!({"type": "flow", "header": {"type": "document", "url": link, "filename": "a.pdf"}, "body": "b", "button": "Start",
                "flowName": "survey", "flowToken": "t", "mode": "draft", "action": "navigate", "screen": "FIRST", "data": {"a": [1, null]}}),
        ] {
            assert_read_as_it_is_shown(&json!({"type": "interactive", "interactive": interactive}));
        }
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let at = "content.interactive";
        let cases = [
            (r#"{}"#, format!("400 required_field_missing {at}.type:required")),
            (r#"{"type":"hologram"}"#, format!("422 unknown_content_type {at}.type:unknown_content_type")),
            (
                r#"{"type":"buttonReply","id":"1","title":"One"}"#,
                format!("422 unsupported_content {at}.type:unsupported_content"),
            ),
            (r#"{"type":"listReply"}"#, format!("422 unsupported_content {at}.type:unsupported_content")),
            (r#"{"type":"flowReply"}"#, format!("422 unsupported_content {at}.type:unsupported_content")),
            (
                r#"{"type":"buttons"}"#,
                format!("400 required_field_missing {at}.body:required {at}.buttons:required"),
            ),
            (
                r#"{"type":"buttons","body":"b","header":"h","footer":{},"buttons":[{"id":1,"title":null},{"id":"2","title":"t","x":1}]}"#,
                format!(
                    "400 malformed_request {at}.header:wrong_type {at}.footer:wrong_type {at}.buttons[0].id:wrong_type {at}.buttons[0].title:required {at}.buttons[1].x:unknown_field"
                ),
            ),
            (
                r#"{"type":"buttons","body":"b","header":{"type":"sticker"},"buttons":[]}"#,
                format!("422 invalid_request {at}.header.type:unsupported_value"),
            ),
            (
                r#"{"type":"buttons","body":"b","header":{"type":"image"},"buttons":[]}"#,
                format!("400 required_field_missing {at}.header.url:required"),
            ),
            (
                r#"{"type":"list","body":"b","button":"c","sections":[{"rows":[{"id":"1","title":"t"},{"id":"2","title":"t"},{"id":"3"}]},{}]}"#,
                format!(
                    "400 required_field_missing {at}.sections[0].rows[2].title:required {at}.sections[1].rows:required"
                ),
            ),
            (
                r#"{"type":"ctaUrl","body":"b","buttons":[]}"#,
                format!(
                    "400 required_field_missing {at}.button:required {at}.url:required {at}.buttons:unknown_field"
                ),
            ),
            (
                r#"{"type":"flow","body":"b","button":"c","flowId":7,"data":"{}"}"#,
                format!("400 malformed_request {at}.flowId:wrong_type {at}.data:wrong_type"),
            ),
            (
                r#"{"type":"flow","body":"b","button":"c","flowId":"7","data":{"a":[{"b":"\u0000"}]}}"#,
                format!("422 invalid_request {at}.data.a[0].b:invalid_character"),
            ),
        ];
        for (interactive, expected) in cases {
            let text = format!(r#"{{"type":"interactive","interactive":{interactive}}}"#);
            assert_eq!(told(&text), expected, "{interactive}");
        }
    }

    #[test]
    fn something_to_press_is_an_object() {
        assert_eq!(
            told(r#"{"type":"interactive"}"#),
            "400 required_field_missing content.interactive:required"
        );
        assert_eq!(
            told(r#"{"type":"interactive","interactive":"buttons"}"#),
            "400 malformed_request content.interactive:wrong_type"
        );
    }
}
