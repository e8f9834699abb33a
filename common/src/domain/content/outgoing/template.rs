//! Reads templates with what fills their gaps.

use serde_json::Value;

use super::Fields;
use crate::domain::content::{Template, TemplateParameters};

impl Fields<'_> {
    pub(super) fn template(&mut self) -> Option<Template> {
        self.refuse_others(&["type", "name", "language", "components", "parameters"]);
        let (name, language) = (self.required("name"), self.required("language"));
        let components = self.objects("components", |component| component.component());
        let parameters = self.template_parameters();
        if self.given("components").is_some() && self.given("parameters").is_some() {
            let path = self.name("parameters");
            self.faults.invalid::<()>(
                path,
                "conflicting",
                "cannot stand beside components: give one of them",
            );
        }
        Some(Template { name: name?, language: language?, components, parameters })
    }

    /// A component in the provider's own form, kept as it is.
    fn component(&mut self) -> Option<Value> {
        self.required("type")?;
        let component = Value::Object(self.map.clone());
        self.faults.check_stored(&component, self.path);
        Some(component)
    }

    fn template_parameters(&mut self) -> Option<TemplateParameters> {
        let path = self.name("parameters");
        match self.given("parameters")? {
            Value::Array(texts) => {
                let texts = texts.iter().enumerate();
                let read: Vec<Option<String>> =
                    texts.map(|(n, text)| self.faults.text(text, format!("{path}[{n}]"))).collect();
                read.into_iter().collect::<Option<_>>().map(TemplateParameters::Positional)
            }
            Value::Object(texts) => {
                let mut read = Vec::with_capacity(texts.len());
                for (name, text) in texts {
                    let path = format!("{path}.{name}");
                    let name = self.faults.storable(name, path.clone());
                    read.push(
                        self.faults.text(text, path).zip(name).map(|(text, name)| (name.to_owned(), text)),
                    );
                }
                read.into_iter().collect::<Option<_>>().map(TemplateParameters::Named)
            }
            _ => {
                let why = "must be a list of strings, or an object of them by name";
                self.faults.malformed(path, "wrong_type", why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse_outgoing;
    use super::super::tests::{assert_read_as_it_is_shown, told};

    #[test]
    fn templates_are_read_in_all_their_forms() {
        let component = json!({"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "42"}]});
        for json in [
            json!({"type": "template", "name": "hello_world", "language": "en_US"}),
            json!({"type": "template", "name": "order_update", "language": "he", "parameters": ["עדה", "42"]}),
            json!({"type": "template", "name": "n", "language": "en", "parameters": []}),
            json!({"type": "template", "name": "n", "language": "en", "parameters": {"date": "Monday", "first_name": "Ada"}}),
            json!({"type": "template", "name": "n", "language": "en", "components": [component]}),
        ] {
            assert_read_as_it_is_shown(&json);
        }
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let cases = [
            ("", "400 required_field_missing content.name:required content.language:required"),
            (
                r#","name":5,"language":{"code":"en"},"components":{},"parameters":"a""#,
                "400 malformed_request content.name:wrong_type content.language:wrong_type content.components:wrong_type content.parameters:wrong_type content.parameters:conflicting",
            ),
            (
                r#","name":"n","language":"en","components":["a",{"parameters":[]},{"type":1}]"#,
                "400 malformed_request content.components[0]:wrong_type content.components[1].type:required content.components[2].type:wrong_type",
            ),
            (
                r#","name":"n","language":"en","parameters":["a",null,5]"#,
                "400 malformed_request content.parameters[1]:wrong_type content.parameters[2]:wrong_type",
            ),
            (
                r#","name":"n","language":"en","parameters":{"a":"b","c":5}"#,
                "400 malformed_request content.parameters.c:wrong_type",
            ),
            (
                r#","name":"n","language":"en","parameters":[],"components":[]"#,
                "422 invalid_request content.parameters:conflicting",
            ),
            (
                r#","name":"n","language":"en","components":[{"type":"body","parameters":[{"type":"text","text":"a\u0000"}]}]"#,
                "422 invalid_request content.components[0].parameters[0].text:invalid_character",
            ),
            (
                r#","name":"n","language":"en","policy":"deterministic""#,
                "422 unknown_field content.policy:unknown_field",
            ),
        ];
        for (rest, expected) in cases {
            assert_eq!(told(&format!(r#"{{"type":"template"{rest}}}"#)), expected, "{rest}");
        }
        let nested = |levels: usize| {
            let component = format!(r#"{{"type":"body","a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
            format!(r#"{{"type":"template","name":"n","language":"en","components":[{component}]}}"#)
        };
        assert!(parse_outgoing(&serde_json::from_str(&nested(31)).unwrap(), "content").is_ok());
        let deep = format!("content.components[0].a{}:too_deep", "[0]".repeat(31));
        assert_eq!(told(&nested(32)), format!("422 invalid_request {deep}"));
        let named = told(r#"{"type":"template","name":"n","language":"en","parameters":{"a\u0000":"b"}}"#);
        assert!(named.starts_with("422 invalid_request content.parameters.a"), "{named}");
    }
}
