//! `GET /v1/contacts`.

use axum::extract::State;
use axum::response::Response;
use common::db::contacts::{self, Filter};
use common::domain::contact::ContactDetail;
use common::domain::ids::ContactId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Allowed, rights::ContactList};
use crate::extract::Query;
use crate::state::AppState;
use crate::{paging, problems};

/// Most characters of an address or of the beginning of a name.
const LONGEST: usize = 255;

/// Which contacts, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListContacts {
    /// Only those with this address on some inbox; a phone number with or without its plus sign. Not together with `name`.
    #[param(example = "15550001111")]
    address: Option<String>,
    /// Only those whose name begins so, whatever its case; in the order of names. Not together with `address`.
    #[param(example = "ad")]
    name: Option<String>,
    /// Contacts on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of contacts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contacts {
    /// Oldest first; by name if that is asked for.
    contacts: Vec<ContactDetail>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List contacts
#[utoipa::path(
    get, path = "/v1/contacts", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:list"]))),
    params(ListContacts),
    responses((status = 200, description = "The contacts", body = Contacts))
)]
pub async fn list_contacts(
    caller: Allowed<ContactList>,
    State(state): State<AppState>,
    Query(query): Query<ListContacts>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 50, 100)?);
    let filter = filter(&query)?;
    let client = state.db().await?;
    let mut found = contacts::list(&client, caller.organization, &filter, size as i64 + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = found.last().filter(|_| more).map(|(last, name)| match filter {
        Filter::Name { .. } => paging::name_token(name, last.id.0),
        Filter::All { .. } | Filter::Address { .. } => paging::id_token(last.id.0),
    });
    let page =
        Contacts { contacts: found.into_iter().map(|(contact, _)| contact).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}

fn filter(query: &ListContacts) -> Result<Filter, Problem> {
    let token = query.page_token.as_deref();
    let after = || Ok::<_, Problem>(paging::read_id_token(token)?.map(ContactId));
    match (&query.address, &query.name) {
        (None, None) => Ok(Filter::All { after: after()? }),
        (Some(address), None) => Ok(Filter::Address { forms: forms(address)?, after: after()? }),
        (None, Some(name)) => {
            let after = paging::read_name_token(token)?.map(|(name, id)| (name, ContactId(id)));
            Ok(Filter::Name { prefix: text("name", name)?.to_owned(), after })
        }
        (Some(_), Some(_)) => Err(problems::parameter("name", "must not come with address")),
    }
}

fn text<'a>(name: &str, text: &'a str) -> Result<&'a str, Problem> {
    let fits = (1..=LONGEST).contains(&text.chars().count()) && !text.contains('\0');
    fits.then_some(text)
        .ok_or_else(|| problems::parameter(name, format!("must have 1 to {LONGEST} characters")))
}

/// A phone number is stored as the channel writes it, with a plus sign or without.
fn forms(address: &str) -> Result<Vec<String>, Problem> {
    // A bare plus sign in a query means a space.
    let plain = text("address", address.trim().trim_start_matches('+'))?;
    let plus = plain.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("+{plain}"));
    Ok(std::iter::once(plain.to_owned()).chain(plus).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_found_in_both_forms_and_anything_else_as_it_is() {
        for text in ["15550001111", "+15550001111", " 15550001111"] {
            assert_eq!(forms(text).unwrap(), ["15550001111", "+15550001111"], "{text}");
        }
        assert_eq!(forms("US.1349").unwrap(), ["US.1349"]);
        for text in ["", "+", " ", "a\0"] {
            assert_eq!(forms(text).unwrap_err().code, "invalid_parameter", "{text:?}");
        }
    }
}
