//! What the provider checks of a message before it takes it.

use reqwest::Url;

use super::account::Config;
use super::error::ApiError;

/// Most characters of a text, and most files.
const LONGEST: usize = 1600;
const MOST_FILES: usize = 10;

/// A message that is correct in itself.
#[derive(Debug)]
pub(super) struct Draft {
    pub to: String,
    pub from: String,
    pub service: Option<String>,
    pub body: String,
    pub files: Vec<Url>,
    pub callback: Option<Url>,
}

/// A form's parameters.
pub(super) struct Form(pub Vec<(String, String)>);

impl Form {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Checks a form, in the provider's order.
pub(super) fn draft(config: &Config, form: &Form) -> Result<Draft, ApiError> {
    let to = form.get("To").ok_or_else(|| ApiError::of(21_604))?;
    let service = form.get("MessagingServiceSid");
    let from = match (form.get("From"), service) {
        (None, None) => return Err(ApiError::of(21_603)),
        (from, service) => sender(config, from, service)?,
    };
    let body = form.get("Body").unwrap_or_default();
    let files: Vec<&str> = form.all("MediaUrl").collect();
    if body.is_empty() && files.is_empty() {
        return Err(ApiError::of(21_602));
    }
    if body.chars().count() > LONGEST {
        return Err(ApiError::of(21_617));
    }
    let to = recipient(to)?;
    if to == from {
        return Err(ApiError::of(21_266));
    }
    if files.len() > MOST_FILES {
        return Err(ApiError::of(21_623));
    }
    let files: Option<Vec<Url>> = files.into_iter().map(web_address).collect();
    let callback = form.get("StatusCallback").map(|url| web_address(url).ok_or_else(|| ApiError::of(21_609)));
    Ok(Draft {
        to,
        from,
        service: service.map(str::to_owned),
        body: body.to_owned(),
        files: files.ok_or_else(|| ApiError::of(21_620))?,
        callback: callback.transpose()?,
    })
}

/// Who sends: the sender named, or the first of the account for its service.
fn sender(config: &Config, from: Option<&str>, service: Option<&str>) -> Result<String, ApiError> {
    if let Some(service) = service
        && !config.messaging_services.iter().any(|known| known == service)
    {
        return Err(ApiError::of(21_701));
    }
    match from {
        Some(from) if config.owns(from) => Ok(from.to_owned()),
        Some(_) => Err(ApiError::of(21_606)),
        None => {
            let first = config.phone_numbers.first().ok_or_else(|| ApiError::of(21_703))?;
            Ok(first.phone_number.clone())
        }
    }
}

/// A phone number in the provider's form, or a short code.
fn recipient(to: &str) -> Result<String, ApiError> {
    let digits = to.strip_prefix('+').unwrap_or(to);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match to.starts_with('+') {
        true => (7..=15).contains(&digits.len()) && !digits.starts_with('0'),
        false => (3..=6).contains(&digits.len()),
    };
    if number && fits {
        return Ok(to.to_owned());
    }
    Err(ApiError::new(400, 21_211, format!("Invalid 'To' Phone Number: {to}")))
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
