//! Message templates: what the provider lists, and the parameters each demands.

use serde_json::{Value, json};

use crate::message::Category;

/// A template ready to check messages against.
#[derive(Debug)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its language code.
    pub language: String,
    /// APPROVED, PAUSED and so on.
    pub status: String,
    /// Its category.
    pub category: Category,
    /// Whether parameters go by name.
    pub named: bool,
    /// What its header wants.
    pub header: Header,
    /// Placeholders of its body, in order.
    pub body: Vec<String>,
    /// Its buttons, in order.
    pub buttons: Vec<Button>,
    /// The template as the provider lists it.
    pub view: Value,
}

/// What a template's header wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Header {
    /// No parameter, or no header.
    None,
    /// These placeholders of its text.
    Text(Vec<String>),
    /// One parameter of this type: image, video, document, gif or location.
    Media(String),
}

/// What one button wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// An address, with a suffix to fill in or without.
    Url(bool),
    /// A code to copy.
    CopyCode,
    /// The code of a one-time password.
    OneTimePassword,
    /// A quick reply, whose payload is optional.
    QuickReply,
    /// Anything else.
    Other,
}

impl Template {
    /// Parses a template as the provider lists it.
    pub fn parse(given: &Value) -> Result<Self, String> {
        let text = |name: &str, or: &str| given[name].as_str().unwrap_or(or).to_owned();
        let name = text("name", "");
        if name.is_empty() {
            return Err("a template needs a name".into());
        }
        let mut template = Self {
            language: text("language", "en_US"),
            status: text("status", "APPROVED"),
            category: category(&text("category", "UTILITY"))?,
            named: given["parameter_format"].as_str() == Some("NAMED"),
            header: Header::None,
            body: Vec::new(),
            buttons: Vec::new(),
            view: Value::Null,
            name,
        };
        for component in given["components"].as_array().into_iter().flatten() {
            template.add(component)?;
        }
        template.view = template.list_view(given);
        Ok(template)
    }

    fn add(&mut self, component: &Value) -> Result<(), String> {
        let text = component["text"].as_str().unwrap_or_default();
        match component["type"].as_str().map(str::to_uppercase).as_deref() {
            Some("HEADER") => self.header = header(component, text),
            Some("BODY") => self.body = placeholders(text),
            Some("BUTTONS") => {
                self.buttons = component["buttons"].as_array().into_iter().flatten().map(button).collect();
            }
            Some(_) => {}
            None => return Err(format!("template {}: a component needs a type", self.name)),
        }
        Ok(())
    }

    fn list_view(&self, given: &Value) -> Value {
        let mut view = json!({
            "name": self.name,
            "parameter_format": if self.named { "NAMED" } else { "POSITIONAL" },
            "components": [],
            "language": self.language,
            "status": self.status,
            "category": self.category.name().to_uppercase(),
            "id": template_id(&self.name, &self.language),
        });
        crate::settings::merge(&mut view, given);
        view
    }
}

fn category(name: &str) -> Result<Category, String> {
    match name.to_uppercase().as_str() {
        "MARKETING" => Ok(Category::Marketing),
        "UTILITY" => Ok(Category::Utility),
        "AUTHENTICATION" => Ok(Category::Authentication),
        other => Err(format!("unknown template category {other:?}")),
    }
}

fn header(component: &Value, text: &str) -> Header {
    match component["format"].as_str().unwrap_or("TEXT").to_lowercase().as_str() {
        "text" => match placeholders(text) {
            names if names.is_empty() => Header::None,
            names => Header::Text(names),
        },
        media => Header::Media(media.to_owned()),
    }
}

fn button(button: &Value) -> Button {
    match button["type"].as_str().map(str::to_uppercase).as_deref() {
        Some("URL") => Button::Url(button["url"].as_str().is_some_and(|url| url.contains("{{"))),
        Some("COPY_CODE") => Button::CopyCode,
        Some("OTP") => Button::OneTimePassword,
        Some("QUICK_REPLY") => Button::QuickReply,
        _ => Button::Other,
    }
}

/// The distinct `{{…}}` of a text, in order of appearance.
fn placeholders(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        let Some((name, _)) = part.split_once("}}") else { continue };
        if !names.iter().any(|known| known == name.trim()) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

/// A stable id of sixteen digits.
fn template_id(name: &str, language: &str) -> String {
    let folded =
        name.bytes().chain([0]).chain(language.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (1_000_000_000_000_000 + folded % 9_000_000_000_000_000).to_string()
}

/// The templates every sandbox starts with.
pub fn samples() -> Vec<Value> {
    vec![
        json!({"name": "hello_world", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            {"type": "BODY", "text": "Welcome and congratulations!! This message demonstrates your ability to send a template."},
            {"type": "FOOTER", "text": "Sandbox"}]}),
        json!({"name": "order_update", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Hi {{1}}, your order {{2}} is on its way.",
             "example": {"body_text": [["Ann", "42"]]}}]}),
        json!({"name": "appointment_reminder", "language": "en_US", "category": "UTILITY", "parameter_format": "NAMED",
            "components": [
            {"type": "BODY", "text": "Hi {{first_name}}, see you on {{date}}.", "example": {"body_text_named_params": [
                {"param_name": "first_name", "example": "Ann"}, {"param_name": "date", "example": "Monday"}]}},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Confirm"}, {"type": "QUICK_REPLY", "text": "Cancel"}]}]}),
        json!({"name": "invoice", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": ["https://example.com/invoice.pdf"]}},
            {"type": "BODY", "text": "Hi {{1}}, here is your invoice.", "example": {"body_text": [["Ann"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Pay", "url": "https://example.com/pay/{{1}}",
                "example": ["https://example.com/pay/42"]}]}]}),
        json!({"name": "one_time_code", "language": "en_US", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "text": "*{{1}}* is your verification code.", "example": {"body_text": [["123456"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]}]}),
        json!({"name": "winter_sale", "language": "en_US", "category": "MARKETING", "status": "PAUSED", "components": [
            {"type": "BODY", "text": "Winter sale: everything must go."}]}),
    ]
}
