//! Checks a template message against the template it names.

use std::sync::Arc;

use serde_json::Value;

use super::Known;
use super::content;
use super::field::{Field, invalid, missing};
use crate::graph::error::GraphError;
use crate::template::{Button, Header, Template};

/// Checks a template object; answers the template it names.
pub(super) fn check(sent: &Field<'_>, known: &Known<'_>) -> Result<Arc<Template>, GraphError> {
    let name = sent.text("name")?;
    let language = sent.object("language")?.text("code")?;
    let template = find(name, language, known)?;
    let components = sent.optional_objects("components")?;
    let mut header = None;
    let mut body = None;
    let mut buttons = Vec::new();
    for component in &components {
        let kind = component.text("type")?.to_lowercase();
        match kind.as_str() {
            "header" => header = Some(component),
            "body" => body = Some(component),
            "button" => buttons.push(component),
            "limited_time_offer" | "carousel" | "order_status" => {}
            _ => return Err(invalid(&component.path("type"), "is not a template component")),
        }
    }
    check_header(&template, header, known)?;
    count("body", &template.body, &template, &parameters(body)?)?;
    check_buttons(&template, &buttons)?;
    Ok(template)
}

fn find(name: &str, language: &str, known: &Known<'_>) -> Result<Arc<Template>, GraphError> {
    let mut templates = known.account.templates.iter();
    let found = templates.find(|template| template.name == name && template.language == language);
    match found {
        Some(template) => {
            match template.status.as_str() {
                "APPROVED" => Ok(template.clone()),
                "PAUSED" => Err(GraphError::of(132_015)),
                "DISABLED" => Err(GraphError::of(132_016)),
                status => Err(GraphError::of(132_001)
                    .because(format!("template name ({name}) in {language} is {status}"))),
            }
        }
        None => {
            Err(GraphError::of(132_001)
                .because(format!("template name ({name}) does not exist in {language}")))
        }
    }
}

fn parameters<'a>(component: Option<&Field<'a>>) -> Result<Vec<Field<'a>>, GraphError> {
    component.map_or(Ok(Vec::new()), |component| component.optional_objects("parameters"))
}

fn check_header(
    template: &Template,
    header: Option<&Field<'_>>,
    known: &Known<'_>,
) -> Result<(), GraphError> {
    let parameters = parameters(header)?;
    let wanted = match &template.header {
        Header::None => return count("header", &[], template, &parameters),
        Header::Text(names) => return count("header", names, template, &parameters),
        Header::Media(wanted) => wanted.as_str(),
    };
    let [parameter] = parameters.as_slice() else {
        let received = if parameters.is_empty() { "UNKNOWN" } else { "SEVERAL" };
        return Err(format_mismatch("header", wanted, received));
    };
    let received = parameter.text("type")?;
    if !received.eq_ignore_ascii_case(wanted) {
        return Err(format_mismatch("header", wanted, received));
    }
    match wanted {
        "location" => content::location(&parameter.object("location")?),
        // A moving image travels as a video.
        "gif" => content::media("video", &parameter.object("gif")?, known),
        media => content::media(media, &parameter.object(media)?, known),
    }
}

fn format_mismatch(place: &str, expected: &str, received: &str) -> GraphError {
    let (expected, received) = (expected.to_uppercase(), received.to_uppercase());
    GraphError::of(132_012)
        .because(format!("{place}: Format mismatch, expected {expected}, received {received}"))
}

/// Checks that the parameters are as many as the placeholders, and named like them if they are named.
fn count(
    place: &str,
    wanted: &[String],
    template: &Template,
    parameters: &[Field<'_>],
) -> Result<(), GraphError> {
    if parameters.len() != wanted.len() {
        return Err(GraphError::of(132_000).because(format!(
            "{place}: number of localizable_params ({}) does not match the expected number of params ({})",
            parameters.len(),
            wanted.len()
        )));
    }
    for parameter in parameters {
        value(place, parameter)?;
        if template.named
            && !wanted
                .iter()
                .any(|name| parameter.get("parameter_name").and_then(Value::as_str) == Some(name.as_str()))
        {
            let why = "Parameter name is missing or empty, or not one of the template's";
            return Err(GraphError::parameter(format!("{place}: {why}: {}", wanted.join(", "))));
        }
    }
    Ok(())
}

fn value(place: &str, parameter: &Field<'_>) -> Result<(), GraphError> {
    match parameter.text("type")? {
        "text" => parameter.text("text").map(drop),
        "currency" => {
            let currency = parameter.object("currency")?;
            currency.text("fallback_value")?;
            currency.text("code")?;
            let amount = currency.get("amount_1000").filter(|amount| amount.is_number());
            amount.map(drop).ok_or_else(|| missing(&currency.path("amount_1000")))
        }
        "date_time" => parameter.object("date_time")?.text("fallback_value").map(drop),
        other => Err(format_mismatch(place, "text", other)),
    }
}

fn check_buttons(template: &Template, sent: &[&Field<'_>]) -> Result<(), GraphError> {
    let mut given = vec![false; template.buttons.len()];
    for component in sent {
        let index = index(component)?;
        let Some(button) = template.buttons.get(index) else {
            return Err(
                GraphError::of(132_018).because(format!("buttons: there is no button at index {index}"))
            );
        };
        given[index] = check_button(*button, index, component)?;
    }
    for (index, button) in template.buttons.iter().enumerate() {
        if wants_parameter(*button) && !given[index] {
            return Err(GraphError::of(131_008).because(format!(
                "buttons: Button at index {index} of type {button:?} requires a parameter"
            )));
        }
    }
    Ok(())
}

const fn wants_parameter(button: Button) -> bool {
    matches!(button, Button::Url(true) | Button::CopyCode | Button::OneTimePassword)
}

/// A button's place, which may be a number or its digits.
fn index(component: &Field<'_>) -> Result<usize, GraphError> {
    let index = match component.get("index") {
        None => return Err(missing(&component.path("index"))),
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    index.ok_or_else(|| invalid(&component.path("index"), "must be an integer"))
}

/// Checks one button's parameters; says whether it has any.
fn check_button(button: Button, index: usize, component: &Field<'_>) -> Result<bool, GraphError> {
    let sub_type = component.text("sub_type")?.to_lowercase();
    let parameters = parameters(Some(component))?;
    let expected = match button {
        Button::Url(_) | Button::OneTimePassword => "url",
        Button::CopyCode => "copy_code",
        Button::QuickReply => "quick_reply",
        Button::Other => return Ok(!parameters.is_empty()),
    };
    if sub_type != expected {
        let place = format!("buttons: button at index {index}");
        return Err(format_mismatch(&place, expected, &sub_type));
    }
    if button == Button::Url(false) && !parameters.is_empty() {
        let why = format!("buttons: Button at index {index} of type Url does not require parameters");
        return Err(GraphError::of(132_018).because(why));
    }
    for parameter in &parameters {
        match expected {
            "url" => parameter.text("text")?,
            "copy_code" => parameter.text("coupon_code")?,
            _ => parameter.text("payload")?,
        };
    }
    Ok(!parameters.is_empty())
}
