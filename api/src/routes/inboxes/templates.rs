//! `GET /v1/inboxes/{id}/whatsapp/templates`.

use axum::Json;
use axum::extract::State;
use common::channels::whatsapp::account::TemplateInfo;
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::problem::Problem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Allowed, rights::TemplateList};
use crate::extract::Path;
use crate::state::AppState;

/// What may be sent, or will be once the provider has approved it.
const SHOWN: [&str; 2] = ["APPROVED", "PENDING"];

/// The templates of an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct Templates {
    /// In the provider's order.
    templates: Vec<TemplateView>,
}

/// A WhatsApp message template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WhatsAppTemplate)]
pub struct TemplateView {
    /// The provider's id of it.
    #[schema(example = "987654321")]
    id: String,
    /// Its name: `name` of a `template` content.
    #[schema(example = "order_ready")]
    name: String,
    /// Its language: `language` of a `template` content.
    #[schema(example = "en")]
    language: String,
    /// `APPROVED` or `PENDING`.
    #[schema(example = "APPROVED")]
    status: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    #[schema(example = "UTILITY")]
    category: String,
    /// Header, body, footer and buttons, as the provider writes them.
    #[schema(value_type = Vec<Object>, example = json!([
        { "type": "BODY", "text": "Hi {{1}}, your order {{2}} is ready for pickup." },
    ]))]
    components: Vec<Value>,
}

impl From<&TemplateInfo> for TemplateView {
    fn from(template: &TemplateInfo) -> Self {
        let TemplateInfo { id, name, language, status, category, components, .. } = template.clone();
        Self { id, name, language, status, category, components }
    }
}

/// List WhatsApp templates
///
/// The approved and pending templates of the inbox's business account, as the provider lists them; its answer is used for a
/// minute.
#[utoipa::path(
    get, path = "/v1/inboxes/{id}/whatsapp/templates", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:read"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    responses(
        (status = 200, description = "The templates", body = Templates),
        (status = 502, description = "The provider cannot be asked (`provider_unavailable`), or refuses (`provider_refused`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list_templates(
    caller: Allowed<TemplateList>,
    State(state): State<AppState>,
    Path(id): Path<InboxId>,
) -> Result<Json<Templates>, Problem> {
    let client = state.db().await?;
    let found = inboxes::find_connection(&client, caller.organization, id).await?;
    drop(client);
    let found = found.filter(|_| caller.sees.inbox(id.0));
    let (inbox, connection) = found.ok_or_else(|| Problem::not_found("inbox"))?;
    if inbox.channel != common::channels::Channel::Whatsapp {
        return Err(Problem::not_found("WhatsApp inbox"));
    }
    let known = state.lookups.templates(&state, &connection).await?;
    let shown = known.iter().filter(|template| SHOWN.contains(&template.status.as_str()));
    Ok(Json(Templates { templates: shown.map(TemplateView::from).collect() }))
}
