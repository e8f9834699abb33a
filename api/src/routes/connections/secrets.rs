//! The secrets that a new connection of each channel needs.

use common::channels::{Channel, Credentials, MetaCredentials, TextCredentials};
use common::config::Secret;
use common::problem::{FieldError, Problem};
use http::StatusCode;

use super::create::CreateConnection;
use crate::text::Checks;

/// The credentials in a request: all that its channel needs, and nothing of another's.
///
/// # Errors
/// 400 when one is missing, 422 when one is of another channel or is none.
pub(super) fn of(input: &CreateConnection) -> Result<Credentials, Problem> {
    refuse_others(input)?;
    match input.channel {
        Channel::Whatsapp => of_meta(input).map(Credentials::Meta),
        Channel::Text => of_text(input).map(Credentials::Text),
    }
}

/// Fields that only another channel's connections have.
fn refuse_others(input: &CreateConnection) -> Result<(), Problem> {
    let meta = [
        ("accessToken", input.access_token.is_some()),
        ("appSecret", input.app_secret.is_some()),
        ("verifyToken", input.verify_token.is_some()),
    ];
    let text = [
        ("accountSid", input.account_sid.is_some()),
        ("authToken", input.auth_token.is_some()),
        ("apiKeySid", input.api_key_sid.is_some()),
        ("apiKeySecret", input.api_key_secret.is_some()),
    ];
    let others = match input.channel {
        Channel::Whatsapp => text.as_slice(),
        Channel::Text => meta.as_slice(),
    };
    let message = format!("is no field of a connection to {}", input.channel);
    let error = |(name, given): &(&str, bool)| {
        let (field, code) = ((*name).to_owned(), "unknown_field".to_owned());
        given.then(|| FieldError { field, code, message: message.clone() })
    };
    let errors: Vec<FieldError> = others.iter().filter_map(error).collect();
    match errors.first() {
        None => Ok(()),
        Some(first) => {
            let detail = format!("{} {message}", first.field);
            Err(Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", detail) })
        }
    }
}

fn needed(secret: Option<&Secret>, field: &str) -> Result<Secret, Problem> {
    secret.cloned().ok_or_else(|| Problem::required(field))
}

fn of_meta(input: &CreateConnection) -> Result<MetaCredentials, Problem> {
    let access_token = needed(input.access_token.as_ref(), "accessToken")?;
    let app_secret = needed(input.app_secret.as_ref(), "appSecret")?;
    let verify_token = needed(input.verify_token.as_ref(), "verifyToken")?;
    let mut checks = Checks::default();
    checks.digits("externalId", &input.external_id);
    checks.token("accessToken", access_token.expose(), 4096);
    checks.token("appSecret", app_secret.expose(), 255);
    checks.line("verifyToken", verify_token.expose(), 255);
    checks.finish()?;
    Ok(MetaCredentials { access_token, app_secret, verify_token })
}

fn of_text(input: &CreateConnection) -> Result<TextCredentials, Problem> {
    let auth_token = needed(input.auth_token.as_ref(), "authToken")?;
    let (api_key_sid, api_key_secret) = match (&input.api_key_sid, &input.api_key_secret) {
        (Some(_), None) => return Err(Problem::required("apiKeySecret")),
        (None, Some(_)) => return Err(Problem::required("apiKeySid")),
        (sid, secret) => (sid.clone(), secret.clone()),
    };
    let mut checks = Checks::default();
    checks.sid("externalId", &input.external_id, "AC");
    checks.token("authToken", auth_token.expose(), 255);
    if let (Some(sid), Some(secret)) = (&api_key_sid, &api_key_secret) {
        checks.sid("apiKeySid", sid, "SK");
        checks.token("apiKeySecret", secret.expose(), 255);
    }
    let same = input.account_sid.as_ref().is_none_or(|sid| *sid == input.external_id);
    checks.ensure(same, "accountSid", "mismatch", "must be externalId, or be left out");
    checks.finish()?;
    Ok(TextCredentials { auth_token, api_key_sid, api_key_secret })
}
