//! `GET /v1/conversations`.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use common::db::conversations::{self, Assigned, Filter};
use common::domain::ids::InboxId;
use common::domain::principal::Reach;
use common::domain::search::Term;
use common::domain::view::{ConversationState, ConversationView};
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Allowed, rights::ConversationList};
use crate::extract::Query;
use crate::state::AppState;
use crate::{paging, problems};

/// The channels that `channelIds` may name.
const CHANNELS: [&str; 5] = ["whatsapp", "messenger", "instagram", "text", "rcs"];
/// Most entries of `channelIds`.
const MOST_CHANNELS: usize = 100;
/// Longest `search`.
const SEARCH_LIMIT: usize = 200;

/// Which conversations, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListConversations {
    /// Only those with a message at or after this time: RFC 3339, or a date, which means its midnight in UTC.
    #[param(example = "2026-04-30T09:00:00Z")]
    date_from: Option<String>,
    /// Only those on these channels or in these inboxes: channel names or inbox ids, separated by commas or repeated.
    #[serde(default)]
    #[param(style = Form, explode = false, example = json!(["whatsapp"]))]
    channel_ids: Vec<String>,
    /// Only those with messages that nobody has read.
    #[param(default = false)]
    unread_only: Option<bool>,
    /// `-lastMessageDate` (newest first) or `+lastMessageDate`.
    #[param(default = "-lastMessageDate", example = "-lastMessageDate")]
    order_by: Option<String>,
    /// Only those in this inbox.
    inbox_id: Option<String>,
    /// Only those of this user.
    assignee_id: Option<String>,
    /// Only those that are nobody's; not together with `assigneeId`.
    #[param(default = false)]
    unassigned: Option<bool>,
    /// Only those in which this is found: in the contact's name or address, or in one message, all words of it, each as the
    /// beginning of a word. 1 to 200 characters. The newest 50, without further pages; messages are found a few seconds
    /// after they were written.
    #[param(min_length = 1, max_length = 200, example = "invoice")]
    search: Option<String>,
    /// The archived ones instead of the others.
    #[param(default = false)]
    archived: Option<bool>,
    /// Conversations on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 25)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversations {
    /// In the order asked for.
    conversations: Vec<ConversationView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List conversations
#[utoipa::path(
    get, path = "/v1/conversations", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:list"]))),
    params(ListConversations),
    responses((status = 200, description = "The conversations", body = Conversations))
)]
pub async fn list_conversations(
    caller: Allowed<ConversationList>,
    State(state): State<AppState>,
    Query(query): Query<ListConversations>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 25, 100)?);
    let mut filter = filter(&query)?;
    if !narrow(&mut filter, &caller.sees) {
        let page = Conversations { conversations: Vec::new(), next_page_token: None };
        return Ok(paging::answer(&page, &uri, None));
    }
    let client = state.db().await?;
    if let Some(text) = &query.search {
        let most = query.page_size.map_or(conversations::search::MOST, usize::from);
        let term = term(text, query.page_token.as_deref())?;
        let mut found = match term {
            Some(term) => conversations::search(&client, caller.organization, &filter, &term).await?,
            None => Vec::new(),
        };
        found.truncate(most);
        if !filter.descending {
            found.reverse();
        }
        let conversations = found.into_iter().map(|(view, _)| view).collect();
        return Ok(paging::answer(&Conversations { conversations, next_page_token: None }, &uri, None));
    }
    let mut found = conversations::list(&client, caller.organization, &filter, size + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let next_page_token = last.map(|(_, position)| paging::position_token(*position, filter.descending));
    let conversations = found.into_iter().map(|(view, _)| view).collect();
    let page = Conversations { conversations, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}

fn filter(query: &ListConversations) -> Result<Filter, Problem> {
    let descending = descending(query.order_by.as_deref())?;
    let (channels, channel_inboxes) = channels(&query.channel_ids)?;
    let inbox = query
        .inbox_id
        .as_deref()
        .map(|text| text.parse().map_err(|_| problems::parameter("inboxId", "must be the id of an inbox")));
    let archived = query.archived.unwrap_or(false);
    Ok(Filter {
        since: query.date_from.as_deref().map(time).transpose()?,
        channels,
        channel_inboxes,
        inbox: inbox.transpose()?,
        reach: None,
        assigned: assigned(query)?,
        unread_only: query.unread_only.unwrap_or(false),
        state: if archived { ConversationState::Archived } else { ConversationState::Open },
        descending,
        after: paging::read_position_token(query.page_token.as_deref(), descending)?,
    })
}

/// Leaves of what is asked for what the caller may see; false if that is nothing.
fn narrow(filter: &mut Filter, reach: &Reach) -> bool {
    filter.reach.clone_from(&reach.inboxes);
    let Some(own) = reach.assignee else { return true };
    let own = Assigned::To(own.into());
    filter.assigned.replace(own).is_none_or(|asked| asked == own)
}

fn assigned(query: &ListConversations) -> Result<Option<Assigned>, Problem> {
    let nobody = query.unassigned.unwrap_or(false);
    match query.assignee_id.as_deref() {
        None => Ok(nobody.then_some(Assigned::ToNobody)),
        Some(_) if nobody => {
            Err(problems::parameter("unassigned", "cannot be true together with assigneeId"))
        }
        Some(text) => {
            let user =
                text.parse().map_err(|_| problems::parameter("assigneeId", "must be the id of a user"));
            user.map(|user| Some(Assigned::To(user)))
        }
    }
}

/// What to look for; none when there is nothing in it that could be found.
fn term(text: &str, token: Option<&str>) -> Result<Option<Term>, Problem> {
    if !(1..=SEARCH_LIMIT).contains(&text.trim().chars().count()) {
        return Err(problems::parameter("search", format!("must have 1 to {SEARCH_LIMIT} characters")));
    }
    if token.is_some() {
        return Err(problems::parameter("pageToken", "cannot be given with search, which has one page"));
    }
    Ok(Term::parse(text))
}

fn descending(order: Option<&str>) -> Result<bool, Problem> {
    match order {
        None | Some("-lastMessageDate") => Ok(true),
        // A bare plus sign in a query means a space.
        Some("+lastMessageDate" | " lastMessageDate" | "lastMessageDate") => Ok(false),
        Some(_) => Err(problems::parameter("orderBy", "must be -lastMessageDate or +lastMessageDate")),
    }
}

fn channels(asked: &[String]) -> Result<(Vec<String>, Vec<InboxId>), Problem> {
    let (mut channels, mut inboxes) = (Vec::new(), Vec::new());
    let entries =
        asked.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|entry| !entry.is_empty());
    for (index, entry) in entries.enumerate() {
        if index == MOST_CHANNELS {
            return Err(problems::parameter(
                "channelIds",
                format!("must have at most {MOST_CHANNELS} entries"),
            ));
        }
        if let Some(channel) = CHANNELS.into_iter().find(|channel| channel.eq_ignore_ascii_case(entry)) {
            channels.push(channel.to_owned());
        } else if let Ok(inbox) = entry.parse() {
            inboxes.push(inbox);
        } else {
            let message = format!("must be ids of inboxes or of {}", CHANNELS.join(", "));
            return Err(problems::parameter("channelIds", message));
        }
    }
    Ok((channels, inboxes))
}

fn time(text: &str) -> Result<DateTime<Utc>, Problem> {
    // The plus sign of an offset, left bare in a query, means a space; so may the one between date and time.
    let (date, rest) = text.split_at_checked(11).unwrap_or((text, ""));
    let text = format!("{date}{}", rest.replace(' ', "+"));
    let midnight = || text.parse::<NaiveDate>().ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    let time = DateTime::parse_from_rfc3339(&text)
        .map(|time| time.to_utc())
        .ok()
        .or_else(|| midnight().map(|time| time.and_utc()))
        // What the database can hold.
        .filter(|time| (0..=9999).contains(&time.year()));
    time.ok_or_else(|| problems::parameter("dateFrom", "must be an RFC 3339 time or a date"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for text in [
            "2026-04-30T09:00:00Z",
            "2026-04-30T11:00:00+02:00",
            "2026-04-30T11:00:00 02:00",
            "2026-04-30 09:00:00.000Z",
        ] {
            assert_eq!(time(text).unwrap().to_rfc3339(), "2026-04-30T09:00:00+00:00", "{text}");
        }
        assert_eq!(time("2026-04-30").unwrap().to_rfc3339(), "2026-04-30T00:00:00+00:00");
        for text in ["", "yesterday", "2026-13-01", "+99999-01-01", "-0001-01-01", "12345", "אבגדהוזחטיכ"]
        {
            assert_eq!(time(text).unwrap_err().code, "invalid_parameter", "{text}");
        }
    }

    #[test]
    fn channels_and_inboxes_mix() {
        let inbox = InboxId::new();
        let (names, ids) = channels(&[format!("WhatsApp,{inbox}"), "rcs".into(), String::new()]).unwrap();
        assert_eq!((names, ids), (vec!["whatsapp".to_owned(), "rcs".to_owned()], vec![inbox]));
        assert!(channels(&["telegram".into()]).is_err());
        assert!(channels(&["rcs,".repeat(101)]).is_err());
    }

    #[test]
    fn an_order_may_be_written_three_ways() {
        assert!(descending(None).unwrap() && descending(Some("-lastMessageDate")).unwrap());
        for text in ["+lastMessageDate", " lastMessageDate", "lastMessageDate"] {
            assert!(!descending(Some(text)).unwrap());
        }
        assert!(descending(Some("-name")).is_err());
    }
}
