//! The secrets that a connection of each channel needs.

use common::channels::rcs::service_account::ServiceAccount;
use common::channels::{Channel, Credentials, MetaCredentials, RcsCredentials, TextCredentials};
use common::config::Secret;
use common::problem::{FieldError, Problem};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::create::CreateConnection;
use super::update::UpdateConnection;
use crate::text::Checks;

/// A secret that is a JSON object, kept as its text.
#[derive(Debug, Clone)]
pub(super) struct ObjectSecret(Secret);

impl<'de> Deserialize<'de> for ObjectSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::<String, Value>::deserialize(deserializer)?;
        Ok(Self(Secret::new(Value::Object(object).to_string())))
    }
}

/// Whose connections have a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Meta,
    Text,
    Rcs,
}

impl Of {
    fn connections_to(channel: Channel) -> Self {
        match channel {
            Channel::Whatsapp | Channel::Messenger | Channel::Instagram => Self::Meta,
            Channel::Text => Self::Text,
            Channel::Rcs => Self::Rcs,
        }
    }
}

/// Every secret, whose it is, and whether a request names it.
macro_rules! given {
    ($input:expr) => {
        [
            (Of::Meta, "accessToken", $input.access_token.is_some()),
            (Of::Meta, "appSecret", $input.app_secret.is_some()),
            (Of::Meta, "verifyToken", $input.verify_token.is_some()),
            (Of::Text, "authToken", $input.auth_token.is_some()),
            (Of::Text, "apiKeySid", $input.api_key_sid.is_some()),
            (Of::Text, "apiKeySecret", $input.api_key_secret.is_some()),
            (Of::Rcs, "serviceAccount", $input.service_account.is_some()),
            (Of::Rcs, "clientToken", $input.client_token.is_some()),
        ]
    };
}

/// The credentials in a request: all that its channel needs, and nothing of another's.
///
/// # Errors
/// 400 when one is missing, 422 when one is of another channel or is none.
pub(super) fn of(input: &CreateConnection) -> Result<Credentials, Problem> {
    let account = (Of::Text, "accountSid", input.account_sid.is_some());
    refuse_others(input.channel, &[[account].as_slice(), &given!(input)].concat())?;
    match input.channel {
        Channel::Whatsapp | Channel::Messenger | Channel::Instagram => of_meta(input).map(Credentials::Meta),
        Channel::Text => of_text(input).map(Credentials::Text),
        Channel::Rcs => of_rcs(input).map(Credentials::Rcs),
    }
}

/// The credentials that a connection has once what a request names is changed.
///
/// # Errors
/// 400 when an API key would have no secret, 422 when a field is of another channel or is no secret.
pub(super) fn changed(
    channel: Channel,
    opened: Credentials,
    input: &UpdateConnection,
) -> Result<Credentials, Problem> {
    refuse_others(channel, &given!(input))?;
    let mut checks = Checks::default();
    let changed = match opened {
        Credentials::Meta(secrets) => {
            let changed = MetaCredentials {
                access_token: input.access_token.clone().unwrap_or(secrets.access_token),
                app_secret: input.app_secret.clone().unwrap_or(secrets.app_secret),
                verify_token: input.verify_token.clone().unwrap_or(secrets.verify_token),
            };
            check_meta(&mut checks, &changed);
            Credentials::Meta(changed)
        }
        Credentials::Text(secrets) => {
            let changed = TextCredentials {
                auth_token: input.auth_token.clone().unwrap_or(secrets.auth_token),
                api_key_sid: input.api_key_sid.clone().unwrap_or(secrets.api_key_sid),
                api_key_secret: input.api_key_secret.clone().unwrap_or(secrets.api_key_secret),
            };
            check_text(&mut checks, &changed)?;
            Credentials::Text(changed)
        }
        Credentials::Rcs(secrets) => {
            let service_account = input.service_account.as_ref().map(|given| &given.0);
            let changed = RcsCredentials {
                service_account: service_account.unwrap_or(&secrets.service_account).clone(),
                client_token: input.client_token.clone().unwrap_or(secrets.client_token),
            };
            Credentials::Rcs(check_rcs(&mut checks, &changed)?)
        }
    };
    checks.finish().map(|()| changed)
}

/// Fields that only another channel's connections have.
fn refuse_others(channel: Channel, given: &[(Of, &str, bool)]) -> Result<(), Problem> {
    let message = format!("is no field of a connection to {channel}");
    let error = |(of, name, given): &(Of, &str, bool)| {
        let (field, code) = ((*name).to_owned(), "unknown_field".to_owned());
        (*given && *of != Of::connections_to(channel)).then(|| FieldError {
            field,
            code,
            message: message.clone(),
        })
    };
    let errors: Vec<FieldError> = given.iter().filter_map(error).collect();
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
    let secrets = MetaCredentials {
        access_token: needed(input.access_token.as_ref(), "accessToken")?,
        app_secret: needed(input.app_secret.as_ref(), "appSecret")?,
        verify_token: needed(input.verify_token.as_ref(), "verifyToken")?,
    };
    let mut checks = Checks::default();
    checks.digits("externalId", &input.external_id);
    check_meta(&mut checks, &secrets);
    checks.finish()?;
    Ok(secrets)
}

fn check_meta(checks: &mut Checks, secrets: &MetaCredentials) {
    checks.token("accessToken", secrets.access_token.expose(), 4096);
    checks.token("appSecret", secrets.app_secret.expose(), 255);
    checks.line("verifyToken", secrets.verify_token.expose(), 255);
}

fn of_text(input: &CreateConnection) -> Result<TextCredentials, Problem> {
    let secrets = TextCredentials {
        auth_token: needed(input.auth_token.as_ref(), "authToken")?,
        api_key_sid: input.api_key_sid.clone(),
        api_key_secret: input.api_key_secret.clone(),
    };
    let mut checks = Checks::default();
    checks.sid("externalId", &input.external_id, "AC");
    check_text(&mut checks, &secrets)?;
    let same = input.account_sid.as_ref().is_none_or(|sid| *sid == input.external_id);
    checks.ensure(same, "accountSid", "mismatch", "must be externalId, or be left out");
    checks.finish()?;
    Ok(secrets)
}

fn check_text(checks: &mut Checks, secrets: &TextCredentials) -> Result<(), Problem> {
    checks.token("authToken", secrets.auth_token.expose(), 255);
    match (&secrets.api_key_sid, &secrets.api_key_secret) {
        (Some(_), None) => return Err(Problem::required("apiKeySecret")),
        (None, Some(_)) => return Err(Problem::required("apiKeySid")),
        (None, None) => (),
        (Some(sid), Some(secret)) => {
            checks.sid("apiKeySid", sid, "SK");
            checks.token("apiKeySecret", secret.expose(), 255);
        }
    }
    Ok(())
}

fn of_rcs(input: &CreateConnection) -> Result<RcsCredentials, Problem> {
    let service_account = input.service_account.as_ref().map(|given| &given.0);
    let secrets = RcsCredentials {
        service_account: needed(service_account, "serviceAccount")?,
        client_token: needed(input.client_token.as_ref(), "clientToken")?,
    };
    let mut checks = Checks::default();
    checks.token("externalId", &input.external_id, 255);
    let secrets = check_rcs(&mut checks, &secrets)?;
    checks.finish().map(|()| secrets)
}

/// The same secrets, of the service account only what is needed.
fn check_rcs(checks: &mut Checks, secrets: &RcsCredentials) -> Result<RcsCredentials, Problem> {
    checks.token("clientToken", secrets.client_token.expose(), 255);
    let account = ServiceAccount::read(secrets.service_account.expose()).map_err(|wrong| {
        let field = format!("serviceAccount.{}", wrong.field);
        Problem::invalid(field.trim_end_matches('.'), "invalid", wrong.problem)
    })?;
    Ok(RcsCredentials {
        service_account: Secret::new(account.essence()),
        client_token: secrets.client_token.clone(),
    })
}
