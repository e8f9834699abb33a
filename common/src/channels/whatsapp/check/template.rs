//! Checks templates, as far as can be told without knowing them.

use super::Place;
use crate::domain::content::{Template, TemplateParameters};

const NAME_LIMIT: usize = 512;

pub(super) fn check(template: &Template, place: &mut Place<'_>) {
    if !is_name(&template.name) {
        let why = format!("must be 1 to {NAME_LIMIT} lower-case letters, digits and underscores on WhatsApp");
        place.fault("name", "invalid_name", why);
    }
    if !is_language(&template.language) {
        place.fault("language", "invalid_language", "must be a language code such as en or en_US");
    }
    match &template.parameters {
        None => (),
        Some(TemplateParameters::Positional(texts)) => {
            for (n, text) in texts.iter().enumerate().filter(|(_, text)| text.is_empty()) {
                check_parameter(&format!("parameters[{n}]"), text, place);
            }
        }
        Some(TemplateParameters::Named(texts)) => {
            for (name, text) in texts {
                check_parameter(&format!("parameters.{name}"), text, place);
                if name.is_empty() {
                    place.fault("parameters", "invalid_name", "must not have a parameter without a name");
                }
            }
        }
    }
}

fn check_parameter(field: &str, text: &str, place: &mut Place<'_>) {
    if text.is_empty() {
        place.fault(field, "too_short", "must not be empty");
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(plain)
}

/// A language of two or three letters, and perhaps its region or script.
fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(code, region)| (code, Some(region)));
    let known = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let region = region.is_none_or(|region| {
        (2..=4).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    known && region
}
