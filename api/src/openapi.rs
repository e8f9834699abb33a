//! The description of the API: what the handlers say of themselves, completed with what holds for all of them.

use bytes::Bytes;
use common::domain::principal::{Role, Scope};
use common::problem::ProblemBody;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::example::Example;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Required, Type};
use utoipa::{OpenApi as _, PartialSchema, ToSchema};

use crate::examples::{self, events};
use crate::{operation, problems, router};

/// The extension by which a handler names the scope that it takes.
pub const SCOPES: &str = "x-required-scopes";
/// The extension by which a handler says that a lesser role than the scope's is enough.
const LEAST_ROLE: &str = "x-least-role";

const ABOUT: &str = "Switchboard is a shared inbox for customer messaging.

**Keys.** Send yours as `Authorization: Bearer sk_org_…` or as `X-API-Key: sk_org_…`. Its role and scopes say what it may do; each operation names the scope it takes.

**Visitors** of shared inbox links and embeds have a session instead, `Authorization: Bearer sis_…`: it opens those operations that its permissions allow, narrowed to what is shared.

**Ids** are prefixed (`cnv_…`, `msg_…`); wherever one is taken, its UUID form is too. Whatever belongs to another organization answers 404.

**Errors** are `application/problem+json` ([all kinds](/docs/problems)): program against `code`, and quote `traceId` when you ask for help.

**Repeating a POST** is safe with an `Idempotency-Key`: the same key and body repeats the first answer for 24 hours, with `Idempotent-Replayed: true`; another body is 409.

**Lists** are paged with `pageSize` and `pageToken`; follow `nextPageToken`, or the `Link` header, until there is none.

**Tracing.** A `traceparent` header is taken up; every answer carries `X-Trace-Id`.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Switchboard API", version = "1"),
    tags(
        (name = "Connections", description = "Credentials of provider accounts: sealed at rest, never returned"),
        (name = "Inboxes", description = "Connected channel resources"),
        (name = "Phone numbers", description = "The numbers of inboxes, and whom each serves"),
        (name = "Customers", description = "Whoever your phone numbers serve"),
        (name = "Teams", description = "Groups of users that new conversations go to"),
        (name = "Contacts", description = "The people who write to the inboxes"),
        (name = "Conversations", description = "All messages with one contact on one inbox"),
        (name = "Messages", description = "Messages and what happened to them"),
        (name = "Users", description = "The people of your organization"),
        (name = "API keys", description = "Credentials of programs"),
        (name = "Media", description = "Files: uploaded for messages, and those that contacts sent"),
        (name = "Shared inbox links", description = "One number's inbox for somebody outside, by a public URL"),
        (name = "Inbox embeds", description = "Inboxes shown inside other products"),
        (name = "Shared inbox sessions", description = "What the token of a link or embed is exchanged for"),
        (name = "Webhooks", description = "Events posted to endpoints of yours"),
        (name = "Events", description = "Events as a stream and in pages"),
        (name = "Audit", description = "Each write that somebody asked for"),
        (name = "Channel webhooks", description = "Called by the channels"),
        (name = "Health", description = "For whoever watches over the process"),
    )
)]
struct Base;

/// What the description says before any operation is added.
pub fn base() -> OpenApi {
    let mut document = Base::openapi();
    document.info.description = Some(ABOUT.to_owned());
    document.info.license = None;
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sk_org_…").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    components.add_security_scheme("apiKey", SecurityScheme::ApiKey(header));
    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for (name, description, example) in problem_responses() {
        components.responses.insert(name.to_owned(), RefOr::T(problem_response(description, example)));
    }
    document
}

/// The whole description, with every operation.
pub fn complete() -> OpenApi {
    let mut document = router::operations().into_openapi();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                finish(operation, method, path);
            }
        }
    }
    document
}

/// The description as it is served.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> anyhow::Result<Bytes> {
    // By way of a value, whose keys are sorted: the same code always gives the same bytes.
    let mut sorted: Value = serde_json::to_value(complete())?;
    sorted["webhooks"] = events::webhooks();
    let mut text = serde_json::to_vec_pretty(&sorted)?;
    text.push(b'\n');
    Ok(Bytes::from(text))
}

fn finish(operation: &mut Operation, method: &str, path: &str) {
    let id = operation::id(method, path);
    operation.operation_id = Some(id.to_owned());
    if id == "conversations.reply" {
        show(operation, examples::replies());
    }
    let scope = operation
        .extensions
        .as_ref()
        .and_then(|extensions| extensions.get(SCOPES)?.get(0)?.as_str()?.parse().ok());
    let scoped = scope.is_some();
    let lesser = least_role(operation);
    match scope {
        Some(scope) => ask_for(operation, scope, lesser),
        None => operation.security = Some(Vec::new()),
    }
    if scoped && method == "POST" {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
    let mut names = vec!["default"];
    if scoped {
        names.extend(["400", "401", "403", "429", "503"]);
    }
    if path.contains('{') {
        names.push("404");
    }
    if scoped && method == "POST" {
        names.push("409");
    }
    if scoped && (matches!(method, "POST" | "PATCH") || operation.request_body.is_some()) {
        names.extend(["413", "415", "422"]);
    }
    for name in names {
        let reference = RefOr::Ref(Ref::from_response_name(component(name)));
        operation.responses.responses.entry(name.to_owned()).or_insert(reference);
    }
}

/// Shows requests that an operation takes.
fn show(operation: &mut Operation, examples: impl Iterator<Item = (String, RefOr<Example>)>) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(RefOr::T(json)) = body.content.get_mut("application/json")
    {
        json.examples.extend(examples);
    }
}

/// The lesser role that an operation says is enough; only we need to know that it does.
fn least_role(operation: &mut Operation) -> Option<Role> {
    operation.extensions.as_mut()?.remove(LEAST_ROLE)?.as_str()?.parse().ok()
}

/// Says which scope and roles an operation takes.
fn ask_for(operation: &mut Operation, scope: Scope, lesser: Option<Role>) {
    let least = lesser.unwrap_or(scope.least_role());
    let roles: Vec<&str> = [Role::Owner, Role::Admin, Role::Agent]
        .into_iter()
        .filter(|role| *role >= least)
        .map(Role::as_str)
        .collect();
    let description = operation.description.get_or_insert_default();
    description.push_str(&format!("\n\nScope: `{scope}`. Roles: {}.", roles.join(", ")));
    let extensions = operation.extensions.get_or_insert_default();
    extensions.merge(Extensions::from_iter([("x-allowed-roles", json!(roles))]));
    let none = Vec::<String>::new();
    operation.security = Some(vec![
        SecurityRequirement::new("bearer", none.clone()),
        SecurityRequirement::new("apiKey", none),
    ]);
}

fn idempotency_key() -> Parameter {
    let text = Object::builder().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)).build();
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Makes repeating this request safe for 24 hours"))
        .schema(Some(text))
        .build()
}

/// The component that describes the problems of a status.
fn component(status: &str) -> &'static str {
    let found = problem_responses()
        .into_iter()
        .find(|(_, _, code)| problems::find(code).is_some_and(|kind| kind.status.to_string() == status));
    found.map_or("Problem", |(name, _, _)| name)
}

/// Name, description and example code of each shared response.
fn problem_responses() -> [(&'static str, &'static str, &'static str); 11] {
    [
        ("Problem", "Any problem", "internal_error"),
        ("Malformed", "The request cannot be read", "required_field_missing"),
        ("Unauthorized", "No key, or one that is not valid", "key_expired"),
        ("Forbidden", "The key may not do this", "insufficient_scope"),
        ("NotFound", "There is no such thing in your organization", "not_found"),
        (
            "Conflict",
            "It is there already, or the Idempotency-Key was used with another body",
            "idempotency_key_reused",
        ),
        ("TooLarge", "The body is too large", "body_too_large"),
        ("UnsupportedMediaType", "The body is not JSON", "unsupported_media_type"),
        ("Invalid", "Well formed, but not acceptable", "unknown_field"),
        ("RateLimited", "Too many requests; Retry-After says when to go on", "rate_limited"),
        ("Unavailable", "Not now; Retry-After says when to try again", "database_unavailable"),
    ]
}

fn problem_response(description: &str, code: &str) -> Response {
    let (status, meaning) = problems::find(code).map_or((500, ""), |kind| (kind.status, kind.meaning));
    let field = match code {
        "required_field_missing" => Some(("conversationId", "required", "is required")),
        "unknown_field" => Some(("contents", "unknown_field", "unknown field `contents`")),
        _ => None,
    };
    let title = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let errors: Vec<Value> = field
        .into_iter()
        .map(|(field, code, message)| json!({ "field": field, "code": code, "message": message }))
        .collect();
    let example = json!({
        "type": format!("/docs/problems#{code}"), "title": title, "status": status, "detail": meaning,
        "instance": "/v1/conversations/reply", "code": code, "traceId": "0af7651916cd43dd8448eb211c80319c",
        "errors": errors, "error": meaning,
    });
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
