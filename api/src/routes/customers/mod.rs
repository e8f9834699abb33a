//! Customers: whoever the organization's phone numbers serve.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use common::db::customers::{Customer, EXTERNAL_ID_KEY};
use common::domain::ids::CustomerId;
use common::problem::{Problem, Timestamp};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::text::Checks;

/// Longest name, and longest id of the organization's own.
const NAME: usize = 200;
const EXTERNAL_ID: usize = 255;

/// A customer of the organization: whoever some of its phone numbers serve.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerView {
    /// Id.
    #[schema(value_type = String, example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")]
    pub id: CustomerId,
    /// Name.
    #[schema(example = "Acme")]
    pub name: String,
    /// Your own id of it.
    #[schema(example = "acme-42")]
    pub external_id: Option<String>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        Self {
            id: customer.id,
            name: customer.name,
            external_id: customer.external_id,
            created_at: Timestamp(customer.created_at),
            updated_at: Timestamp(customer.updated_at),
        }
    }
}

fn check(name: Option<&str>, external_id: Option<&str>) -> Result<(), Problem> {
    let mut checks = Checks::default();
    if let Some(name) = name {
        checks.name("name", name, NAME);
    }
    if let Some(id) = external_id {
        checks.line("externalId", id, EXTERNAL_ID);
    }
    checks.finish()
}

/// What a write was refused for.
fn refused(error: common::db::Error) -> Problem {
    if error.constraint() != Some(EXTERNAL_ID_KEY) {
        return error.into();
    }
    let detail = "There is a customer with this externalId already";
    let problem = Problem::new(StatusCode::CONFLICT, "already_exists", detail);
    problem.field("externalId", "already_exists", "is another customer's")
}
