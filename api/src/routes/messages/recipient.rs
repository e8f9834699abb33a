//! To whom a message is to go: read from the body, and looked up.

use common::db::recipients::{self, SendingInbox};
use common::domain::ids::{ContactId, ConversationId, InboxId, OrganizationId};
use common::problem::Problem;
use common::{channels, db};
use deadpool_postgres::Object;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::accept::{Beginning, Target};

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// An address on the inbox's channel.
    Channel(String),
    /// A contact, at its address on the inbox's channel.
    Contact(ContactId),
    /// Whoever a conversation is with.
    Conversation(ConversationId),
}

impl Recipient {
    /// Reads the field `recipient`.
    ///
    /// # Errors
    /// 400 or 422, naming the field; 404 for what is no id.
    pub(super) fn read(value: &Value) -> Result<Self, Problem> {
        let fields = match value {
            Value::Null => return Err(Problem::required("recipient")),
            Value::Object(fields) => fields,
            _ => return Err(wrong_type("recipient", "must be an object")),
        };
        let kind = text(fields, "type")?;
        let field = match kind {
            "channel" => "externalId",
            "contact" => "contactId",
            "conversation" => "conversationId",
            _ => {
                let detail = "recipient.type has a value that is not supported";
                let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported_value", detail);
                let message = "must be channel, contact or conversation";
                return Err(problem.field("recipient.type", "unsupported_value", message));
            }
        };
        if let Some(other) = fields.keys().find(|name| *name != "type" && *name != field) {
            let (name, detail) =
                (format!("recipient.{other}"), format!("There is no field recipient.{other} here"));
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", detail);
            return Err(problem.field(&name, "unknown_field", "is not known here"));
        }
        let value = text(fields, field)?;
        match kind {
            "contact" => value.parse().map(Self::Contact).map_err(|_| Problem::not_found("contact")),
            "conversation" => {
                value.parse().map(Self::Conversation).map_err(|_| Problem::not_found("conversation"))
            }
            _ => Ok(Self::Channel(value.to_owned())),
        }
    }

    /// Finds the conversation, or what it takes to begin it. A recipient that is not there is a target too: the request may
    /// repeat one that was answered.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn target(
        self,
        client: &Object,
        organization: OrganizationId,
        inbox: Option<InboxId>,
    ) -> Result<Target, db::Error> {
        let nowhere = |problem: Problem| Ok(Target::Nowhere(Box::new(problem)));
        if let Self::Conversation(conversation) = self {
            return Ok(Target::Conversation(conversation));
        }
        let Some(inbox) = inbox else { return nowhere(Problem::required("inboxId")) };
        let Some(inbox) = recipients::find_inbox(client, organization, inbox).await? else {
            return nowhere(Problem::not_found("inbox"));
        };
        if inbox.deleted {
            let detail = "The inbox was deleted";
            return nowhere(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "inbox_deleted", detail));
        }
        match self {
            Self::Contact(contact) => of_contact(client, organization, inbox, contact).await,
            Self::Channel(text) => match channels::normal_address(inbox.channel, &text) {
                Some(address) => of_address(client, inbox, address, None).await,
                None => {
                    let message = format!("is no address on {}", inbox.channel);
                    nowhere(Problem::invalid("recipient.externalId", "invalid_address", message))
                }
            },
            Self::Conversation(conversation) => Ok(Target::Conversation(conversation)),
        }
    }
}

/// At the contact's address on that inbox, else at one it has on another inbox of the same channel.
async fn of_contact(
    client: &Object,
    organization: OrganizationId,
    inbox: SendingInbox,
    contact: ContactId,
) -> Result<Target, db::Error> {
    let Some(reachable) = recipients::find_contact(client, organization, contact).await? else {
        return Ok(Target::Nowhere(Box::new(Problem::not_found("contact"))));
    };
    let mut reached = reachable.conversations.iter();
    if let Some(here) = reached.clone().find(|reached| reached.inbox == inbox.id) {
        return Ok(Target::Conversation(here.conversation));
    }
    // A conversation that is there says so itself.
    if let Some((code, detail)) = reachable.standing.refusal() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        return Ok(Target::Nowhere(Box::new(problem)));
    }
    match reached.find(|reached| reached.channel == inbox.channel) {
        Some(elsewhere) => {
            let known = Some((reachable.contact, reachable.name.clone()));
            of_address(client, inbox, elsewhere.address.clone(), known).await
        }
        None => {
            let message = format!("has no address on {}", inbox.channel);
            let problem = Problem::invalid("recipient.contactId", "no_address", message);
            Ok(Target::Nowhere(Box::new(problem)))
        }
    }
}

async fn of_address(
    client: &Object,
    inbox: SendingInbox,
    address: String,
    contact: Option<(ContactId, Option<String>)>,
) -> Result<Target, db::Error> {
    let known = recipients::find_by_address(client, inbox.id, &address).await?;
    Ok(match known {
        Some(conversation) => Target::Conversation(conversation),
        None => Target::Beginning(Beginning { inbox: inbox.id, channel: inbox.channel, address, contact }),
    })
}

fn text<'a>(fields: &'a Map<String, Value>, field: &str) -> Result<&'a str, Problem> {
    let name = format!("recipient.{field}");
    match fields.get(field) {
        None | Some(Value::Null) => Err(Problem::required(&name)),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(wrong_type(&name, "must be a string")),
    }
}

fn wrong_type(field: &str, message: &str) -> Problem {
    let detail = format!("{field} has the wrong type: {message}");
    Problem::new(StatusCode::BAD_REQUEST, "wrong_type", detail).field(field, "wrong_type", message)
}
