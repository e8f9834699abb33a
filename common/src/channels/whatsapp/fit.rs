//! Whether what fills a template's gaps fits the template, as the provider lists it. What is not certain is left to the provider.

use serde_json::Value;

use super::account::TemplateInfo;
use crate::domain::content::{Template, TemplateParameters};
use crate::problem::FieldError;

/// What does not fit, with its field; nothing if the template is not among those known.
pub fn misfits(template: &Template, known: &[TemplateInfo], field: &str) -> Vec<FieldError> {
    let same = |info: &&TemplateInfo| info.name == template.name && info.language == template.language;
    let Some(info) = known.iter().find(same) else { return Vec::new() };
    let gaps = Gaps::of(info);
    let mut place = Place { field, errors: Vec::new() };
    match &template.components {
        Some(components) => gaps.check_components(components, &mut place),
        None => gaps.check_parameters(template.parameters.as_ref(), &mut place),
    }
    place.errors
}

/// Collects what does not fit.
struct Place<'a> {
    field: &'a str,
    errors: Vec<FieldError>,
}

impl Place<'_> {
    fn fault(&mut self, field: &str, code: &str, message: String) {
        self.errors.push(FieldError { field: format!("{}.{field}", self.field), code: code.into(), message });
    }
}

/// What a template leaves to be filled.
struct Gaps {
    /// Whether they have names.
    named: bool,
    /// Those of its body, in order.
    body: Vec<String>,
    /// What its header takes beside its text: gaps, or a file.
    header: Option<String>,
    /// The buttons whose address has a gap.
    buttons: Vec<usize>,
}

impl Gaps {
    fn of(info: &TemplateInfo) -> Self {
        let named = info.parameter_format.as_deref() == Some("NAMED");
        let mut gaps = Self { named, body: Vec::new(), header: None, buttons: Vec::new() };
        for component in &info.components {
            let text = component["text"].as_str().unwrap_or_default();
            match component["type"].as_str().unwrap_or_default().to_ascii_uppercase().as_str() {
                "BODY" => gaps.body = names(text),
                "HEADER" => gaps.header = header(component, text),
                "BUTTONS" => {
                    let buttons = component["buttons"].as_array().into_iter().flatten().enumerate();
                    let open = buttons.filter(|(_, button)| {
                        button["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("URL"))
                            && button["url"].as_str().is_some_and(|url| url.contains("{{"))
                    });
                    gaps.buttons = open.map(|(index, _)| index).collect();
                }
                _ => (),
            }
        }
        gaps
    }

    fn check_parameters(&self, given: Option<&TemplateParameters>, place: &mut Place<'_>) {
        match given {
            Some(TemplateParameters::Named(_)) if !self.named && !self.body.is_empty() => {
                place.fault(
                    "parameters",
                    "wrong_type",
                    "must be a list: the template's gaps have numbers".into(),
                );
            }
            Some(TemplateParameters::Positional(texts)) if self.named && !texts.is_empty() => {
                let message = format!("must be given by name: {}", self.body.join(", "));
                place.fault("parameters", "wrong_type", message);
            }
            Some(TemplateParameters::Named(texts)) => {
                for name in self.body.iter().filter(|name| !texts.contains_key(*name)) {
                    place.fault(&format!("parameters.{name}"), "required", missing(name));
                }
                for name in texts.keys().filter(|name| !self.body.contains(name)) {
                    place.fault(&format!("parameters.{name}"), "unexpected", "is not in the template".into());
                }
            }
            Some(TemplateParameters::Positional(texts)) => self.check_positions(texts.len(), place),
            None if self.named => {
                for name in &self.body {
                    place.fault(&format!("parameters.{name}"), "required", missing(name));
                }
            }
            None => self.check_positions(0, place),
        }
        if let Some(takes) = &self.header {
            let message = format!("are needed: the template's header takes {takes}");
            place.fault("components", "required", message);
        }
        if let Some(button) = self.buttons.first() {
            let message = format!("are needed: the address of the template's button {button} has a gap");
            place.fault("components", "required", message);
        }
    }

    fn check_positions(&self, given: usize, place: &mut Place<'_>) {
        for (index, name) in self.body.iter().enumerate().skip(given) {
            place.fault(&format!("parameters[{index}]"), "required", missing(name));
        }
        for index in self.body.len()..given.min(self.body.len() + 100) {
            place.fault(&format!("parameters[{index}]"), "unexpected", "is not in the template".into());
        }
    }

    /// Of components in the provider's own form only what is certain: that something is missing.
    fn check_components(&self, components: &[Value], place: &mut Place<'_>) {
        let kind = |component: &Value, kind: &str| {
            component["type"].as_str().is_some_and(|given| given.eq_ignore_ascii_case(kind))
        };
        let body = components.iter().position(|component| kind(component, "body"));
        let given = body.and_then(|index| components[index]["parameters"].as_array());
        let lacks = |index: usize, name: &str| match given {
            None => true,
            Some(given) if self.named => !given.iter().any(|it| it["parameter_name"].as_str() == Some(name)),
            Some(given) => index >= given.len(),
        };
        for (index, name) in self.body.iter().enumerate().filter(|(index, name)| lacks(*index, name)) {
            let field = match body {
                Some(at) if self.named => format!("components[{at}].parameters"),
                Some(at) => format!("components[{at}].parameters[{index}]"),
                None => "components".to_owned(),
            };
            place.fault(&field, "required", missing(name));
        }
        let header = components.iter().find(|component| kind(component, "header"));
        let filled =
            header.is_some_and(|it| it["parameters"].as_array().is_some_and(|list| !list.is_empty()));
        if let Some(takes) = self.header.as_ref().filter(|_| !filled) {
            place.fault("components", "required", format!("lack what the template's header takes: {takes}"));
        }
        for button in &self.buttons {
            let index = |component: &Value| match &component["index"] {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64().and_then(|index| usize::try_from(index).ok()),
            };
            let there = |it: &Value| kind(it, "button") && index(it) == Some(*button);
            if !components.iter().any(there) {
                let message = format!("lack what fills the address of the template's button {button}");
                place.fault("components", "required", message);
            }
        }
    }
}

fn missing(name: &str) -> String {
    format!("is missing: the template has {{{{{name}}}}}")
}

fn header(component: &Value, text: &str) -> Option<String> {
    let format = component["format"].as_str().unwrap_or("TEXT").to_ascii_lowercase();
    match format.as_str() {
        "text" => {
            let names: Vec<String> = names(text).iter().map(|name| format!("{{{{{name}}}}}")).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        "image" | "video" | "document" | "location" => Some(format!("its {format}")),
        _ => None,
    }
}

/// The distinct names in a text's `{{…}}`, in their order.
fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim().to_owned();
            if !name.is_empty() && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(format: &str, components: &Value) -> TemplateInfo {
        serde_json::from_value(json!({
            "id": "1", "name": "n", "language": "en", "status": "APPROVED", "category": "UTILITY",
            "parameter_format": format, "components": components,
        }))
        .unwrap()
    }

    #[track_caller]
    fn told(info: &TemplateInfo, given: &Value) -> String {
        let mut template = json!({ "name": "n", "language": "en" });
        template.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let template: Template = serde_json::from_value(template).unwrap();
        let known = [info.clone()];
        let errors = misfits(&template, &known, "content");
        errors.iter().map(|it| format!("{}:{}", it.field, it.code)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbered_gaps_are_filled_in_order_one_for_each() {
        let info = info("POSITIONAL", &json!([{ "type": "BODY", "text": "Hi {{1}}, {{2}} and {{1}}" }]));
        let cases = [
            (json!({ "parameters": ["a", "b"] }), ""),
            (json!({ "parameters": ["a"] }), "content.parameters[1]:required"),
            (json!({}), "content.parameters[0]:required content.parameters[1]:required"),
            (json!({ "parameters": ["a", "b", "c"] }), "content.parameters[2]:unexpected"),
            (json!({ "parameters": { "1": "a" } }), "content.parameters:wrong_type"),
            (json!({ "components": [] }), "content.components:required content.components:required"),
            (
                json!({ "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "a" }] }] }),
                "content.components[0].parameters[1]:required",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(told(&info, &given), expected, "{given}");
        }
    }

    #[test]
    fn named_gaps_are_filled_by_name() {
        let info = info("NAMED", &json!([{ "type": "body", "text": "Hi {{ name }}, on {{date}}" }]));
        let cases = [
            (json!({ "parameters": { "name": "a", "date": "b" } }), ""),
            (
                json!({ "parameters": { "name": "a", "day": "b" } }),
                "content.parameters.date:required content.parameters.day:unexpected",
            ),
            (json!({ "parameters": ["a", "b"] }), "content.parameters:wrong_type"),
            (json!({}), "content.parameters.name:required content.parameters.date:required"),
            (
                json!({ "components": [{ "type": "body", "parameters": [{ "parameter_name": "name" }] }] }),
                "content.components[0].parameters:required",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(told(&info, &given), expected, "{given}");
        }
    }

    #[test]
    fn headers_and_buttons_take_components() {
        let info = info(
            "POSITIONAL",
            &json!([
                { "type": "HEADER", "format": "DOCUMENT" },
                { "type": "BUTTONS", "buttons": [
                    { "type": "QUICK_REPLY", "text": "a" }, { "type": "URL", "url": "https://x.example/{{1}}" },
                ] },
            ]),
        );
        let header = json!({ "type": "header", "parameters": [{ "type": "document" }] });
        let button =
            |index: Value| json!({ "type": "button", "sub_type": "url", "index": index, "parameters": [] });
        let cases = [
            (json!({}), "content.components:required content.components:required"),
            (json!({ "components": [header, button(json!("1"))] }), ""),
            (json!({ "components": [header, button(json!(1))] }), ""),
            (json!({ "components": [header, button(json!("0"))] }), "content.components:required"),
            (json!({ "components": [button(json!(1))] }), "content.components:required"),
        ];
        for (given, expected) in cases {
            assert_eq!(told(&info, &given), expected, "{given}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_to_the_provider() {
        let other = TemplateInfo { language: "de".into(), ..info("POSITIONAL", &json!([])) };
        let template: Template = serde_json::from_value(json!({ "name": "n", "language": "en" })).unwrap();
        assert_eq!(misfits(&template, &[other], "content"), []);
        let odd = info("POSITIONAL", &json!([{ "type": 5 }, { "text": "{{" }, "x", { "type": "BODY" }]));
        assert_eq!(told(&odd, &json!({ "parameters": [] })), "");
    }
}
