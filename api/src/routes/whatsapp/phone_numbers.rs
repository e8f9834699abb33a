//! `GET /v1/whatsapp/{wabaId}/phone-numbers`.

use std::convert::Infallible;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use common::channels::Channel;
use common::channels::whatsapp::account::PhoneNumberInfo;
use common::db::connections;
use common::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Allowed, rights::InboxCreate};
use crate::extract::{Named, Path};
use crate::state::AppState;

/// The provider's id of a business account, whatever it looks like: it names a connection, or nothing.
#[derive(Debug)]
pub struct WabaId(String);

impl FromStr for WabaId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for WabaId {
    const NOUN: &'static str = "connection to this business account";
}

/// The phone numbers of a business account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WabaPhoneNumbers {
    /// In the provider's order.
    phone_numbers: Vec<WabaPhoneNumber>,
}

/// A phone number that can be connected as an inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WabaPhoneNumber {
    /// The provider's id of it: one of `phoneNumberIds` when an inbox is created.
    #[schema(example = "112233445566778")]
    id: String,
    /// The number, written for people.
    #[schema(example = "+48 123 456 789")]
    display_phone_number: String,
    /// The name that contacts see.
    #[schema(example = "Support")]
    verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    #[schema(example = "GREEN")]
    quality_rating: Option<String>,
    /// Whether the business has proven that the number is its own, such as `VERIFIED`.
    #[schema(example = "VERIFIED")]
    code_verification_status: Option<String>,
    /// Whether it is registered with the Cloud API, so that it can send.
    is_registered: bool,
}

impl From<&PhoneNumberInfo> for WabaPhoneNumber {
    fn from(number: &PhoneNumberInfo) -> Self {
        let is_registered = number.is_registered();
        let number = number.clone();
        Self {
            id: number.id,
            display_phone_number: number.display_phone_number,
            verified_name: number.verified_name,
            quality_rating: number.quality_rating,
            code_verification_status: number.code_verification_status,
            is_registered,
        }
    }
}

/// List the phone numbers of a business account
///
/// The numbers that can be connected as inboxes, as the provider lists them; its answer is used for a minute. The account needs
/// a connection.
#[utoipa::path(
    get, path = "/v1/whatsapp/{wabaId}/phone-numbers", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:create"]))),
    params(("wabaId" = String, Path, description = "The provider's id of the business account", example = "123456789012345")),
    responses(
        (status = 200, description = "The phone numbers", body = WabaPhoneNumbers),
        (status = 502, description = "The provider cannot be asked (`provider_unavailable`), or refuses (`provider_refused`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list_waba_phone_numbers(
    caller: Allowed<InboxCreate>,
    State(state): State<AppState>,
    Path(account): Path<WabaId>,
) -> Result<Json<WabaPhoneNumbers>, Problem> {
    let missing = || Problem::not_found(WabaId::NOUN);
    // PostgreSQL's text holds no zero byte, so no account has one.
    let account = Some(account.0).filter(|account| !account.contains('\0')).ok_or_else(missing)?;
    let client = state.db().await?;
    let (organization, channel) = (caller.organization, Channel::Whatsapp);
    let found = connections::list_by_external_id(&client, organization, channel, &[account]).await?;
    drop(client);
    let connection = found.first().ok_or_else(missing)?;
    let numbers = state.lookups.phone_numbers(&state, connection).await?;
    Ok(Json(WabaPhoneNumbers { phone_numbers: numbers.iter().map(WabaPhoneNumber::from).collect() }))
}
