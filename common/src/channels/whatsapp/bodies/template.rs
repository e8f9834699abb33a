//! Writes templates with what fills their gaps.

use crate::channels::whatsapp::payloads::{BodyComponent, Components, Language, TemplateBody, TextParameter};
use crate::domain::content::{Template, TemplateParameters};

pub(super) fn template(template: &Template) -> TemplateBody<'_> {
    TemplateBody {
        name: &template.name,
        language: Language { code: &template.language, policy: "deterministic" },
        components: components(template),
    }
}

/// As they were given, or a body out of the parameters.
fn components(template: &Template) -> Option<Components<'_>> {
    if let Some(given) = &template.components {
        return Some(Components::Given(given));
    }
    let text = |name, text| TextParameter { kind: "text", parameter_name: name, text };
    let parameters: Vec<_> = match template.parameters.as_ref()? {
        TemplateParameters::Positional(texts) => texts.iter().map(|it| text(None, it.as_str())).collect(),
        TemplateParameters::Named(texts) => {
            texts.iter().map(|(name, it)| text(Some(name.as_str()), it.as_str())).collect()
        }
    };
    let body = BodyComponent { kind: "body", parameters };
    (!body.parameters.is_empty()).then_some(Components::Body([body]))
}
