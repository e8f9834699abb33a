//! `PATCH /v1/contacts/{id}`.

use axum::extract::State;
use common::db::audit::{self, Entry};
use common::db::contacts;
use common::db::contacts::update::{Patch, Patched, patch};
use common::domain::contact::{ContactDetail, MOST_ATTRIBUTES};
use common::domain::ids::ContactId;
use common::problem::Problem;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{entry, resolve};
use crate::auth::{Allowed, rights::ContactUpdate};
use crate::extract::{Json, Path, Trace};
use crate::state::AppState;
use crate::text::Checks;

/// Most characters of a name.
const NAME: usize = 255;
/// Most characters of an attribute's name and value.
const KEY: usize = 64;
const VALUE: usize = 1_000;

/// A merge patch (RFC 7396): what is left out stays, and null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Ada Lovelace", "attributes": {"plan": "pro", "seats": 12, "trial": null}}))]
pub struct UpdateContact {
    /// Another name, 1 to 255 characters; it stays whatever the contact's profile says. Null gives the profile the word again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Option<Option<String>>,
    /// Attributes to add, replace or, with null, remove; at most 50 in all. Names: 1 to 64 letters, digits, `_`, `-` and `.`.
    /// Values: texts of up to 1,000 characters, numbers, booleans. Null takes all away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    attributes: Option<Option<Map<String, Value>>>,
}

/// A field that is there, even as null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Update a contact
#[utoipa::path(
    patch, path = "/v1/contacts/{id}", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    request_body = UpdateContact,
    responses(
        (status = 200, description = "The contact as it is now", body = ContactDetail),
        (status = 422, description = "A name, attribute or value that cannot be taken; `errors` names each",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ContactId>,
    Json(input, _): Json<UpdateContact>,
) -> Result<axum::Json<ContactDetail>, Problem> {
    check(&input)?;
    let mut fields: Vec<&str> = input.name.iter().map(|_| "name").collect();
    fields.extend(input.attributes.iter().map(|_| "attributes"));
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(common::db::Error::from)?;
    let contact = resolve(&tx, &caller, id).await?;
    if !fields.is_empty() {
        let asked = Patch { name: input.name, attributes: input.attributes };
        match patch(&tx, caller.organization, contact, asked).await? {
            Patched::Done => (),
            Patched::Gone => return Err(Problem::not_found("contact")),
            Patched::TooManyAttributes => return Err(too_many()),
        }
        let detail = Some(json!({ "fields": fields }));
        audit::insert(&tx, &Entry { detail, ..entry(&caller, "contact.update", contact, trace) }).await?;
    }
    let found = contacts::find(&tx, caller.organization, &caller.sees, contact).await?;
    tx.commit().await.map_err(common::db::Error::from)?;
    found.map(axum::Json).ok_or_else(|| Problem::not_found("contact"))
}

fn too_many() -> Problem {
    let message = format!("must not be more than {MOST_ATTRIBUTES}, the ones there are included");
    Problem::invalid("attributes", "too_many_attributes", message)
}

fn check(input: &UpdateContact) -> Result<(), Problem> {
    let mut checks = Checks::default();
    if let Some(Some(name)) = &input.name {
        checks.line("name", name, NAME);
        checks.ensure(name.is_empty() || !name.trim().is_empty(), "name", "blank", "must not be blank");
    }
    let attributes = input.attributes.iter().flatten().flatten();
    // One fault more than could be stored tells enough.
    for (key, value) in attributes.take(MOST_ATTRIBUTES * 4) {
        let field = format!("attributes.{}", key.chars().take(KEY).collect::<String>());
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let fits = (1..=KEY).contains(&key.len()) && key.bytes().all(known);
        checks.ensure(fits, &field, "name", "must be named by 1 to 64 letters, digits, _, - and .");
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
            Value::String(text) => {
                let fits = text.chars().count() <= VALUE && !text.contains('\0');
                checks.ensure(fits, &field, "length", "must have at most 1,000 characters");
            }
            Value::Array(_) | Value::Object(_) => {
                checks.ensure(false, &field, "type", "must be a text, a number or a boolean");
            }
        }
    }
    checks.finish()
}
