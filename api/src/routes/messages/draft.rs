//! What every request to send has in its body, read into a draft.

use chrono::{DateTime, TimeDelta, Utc};
use common::domain::content::{self, Content};
use common::domain::ids::MessageId;
use common::domain::postponed::ClosedWindow;
use common::problem::Problem;
use http::StatusCode;
use serde_json::Value;

use crate::accept::Draft;
use crate::text::Checks;

/// Longest `expiresAt`, after acceptance or the scheduled time.
const EXPIRES_AT_MOST: TimeDelta = TimeDelta::days(30);
/// Farthest `scheduledAt`.
const SCHEDULED_AT_MOST: TimeDelta = TimeDelta::days(365);

/// The fields of a body that describe a message to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What to send.
    pub content: &'a Value,
    /// The message to quote.
    pub reply_to: Option<&'a str>,
    /// What to do when the reply window is closed.
    pub on_closed_window: Option<&'a str>,
    /// The template to send then.
    pub fallback_template: Option<&'a Value>,
    /// When to send.
    pub scheduled_at: Option<&'a str>,
    /// When to give up.
    pub expires_at: Option<&'a str>,
    /// The client's own reference.
    pub client_reference: Option<&'a str>,
}

impl Asked<'_> {
    /// Reads them.
    ///
    /// # Errors
    /// 400 or 422, naming the fields at fault.
    pub fn draft(self) -> Result<Draft, Problem> {
        if self.content.is_null() {
            return Err(Problem::required("content"));
        }
        let content = content::parse_outgoing(self.content, "content")?;
        let closed_window = self.closed_window()?;
        let mut checks = Checks::default();
        if let Some(reference) = self.client_reference {
            checks.line("clientReference", reference, 255);
        }
        checks.finish()?;
        let reply_to = self.reply_to.map(quoted).transpose()?;
        let now = Utc::now();
        let scheduled_at = self.scheduled_at.map(|text| scheduled(text, now)).transpose()?;
        let expires_at = self.expires_at.map(|text| expiry(text, scheduled_at, now)).transpose()?;
        let client_reference = self.client_reference.map(str::to_owned);
        Ok(Draft {
            content,
            reply_to,
            closed_window,
            scheduled_at,
            expires_at,
            client_reference,
            inbox: None,
        })
    }

    fn closed_window(self) -> Result<ClosedWindow, Problem> {
        if self.fallback_template.is_some() && self.on_closed_window != Some("template") {
            let message = "is taken with onClosedWindow template only";
            return Err(Problem::invalid("fallbackTemplate", "not_used", message));
        }
        match self.on_closed_window {
            None | Some("fail") => Ok(ClosedWindow::Fail),
            Some("hold") => Ok(ClosedWindow::Hold),
            Some("template") => {
                let value = self.fallback_template.ok_or_else(|| Problem::required("fallbackTemplate"))?;
                let content = content::parse_outgoing(value, "fallbackTemplate")?;
                if !matches!(content, Content::Template(_)) {
                    let message = "must be template";
                    return Err(Problem::invalid("fallbackTemplate.type", "not_a_template", message));
                }
                Ok(ClosedWindow::Template(Box::new(content)))
            }
            Some(_) => {
                let detail = "onClosedWindow has a value that is not supported";
                let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported_value", detail);
                let message = "must be fail, template or hold";
                Err(problem.field("onClosedWindow", "unsupported_value", message))
            }
        }
    }
}

fn quoted(text: &str) -> Result<MessageId, Problem> {
    text.parse().map_err(|_| Problem::invalid("replyTo", "invalid_id", "must be the id of a message"))
}

fn time(field: &str, text: &str) -> Result<DateTime<Utc>, Problem> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    time.map_err(|_| Problem::invalid(field, "invalid", "must be an RFC 3339 time"))
}

fn scheduled(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let time = time("scheduledAt", text)?;
    if time <= now {
        return Err(Problem::invalid("scheduledAt", "in_the_past", "must be in the future"));
    }
    if time > now + SCHEDULED_AT_MOST {
        return Err(Problem::invalid("scheduledAt", "too_late", "must be within 365 days"));
    }
    Ok(time)
}

fn expiry(
    text: &str,
    scheduled_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Problem> {
    let time = time("expiresAt", text)?;
    if time <= now {
        return Err(Problem::invalid("expiresAt", "in_the_past", "must be in the future"));
    }
    if scheduled_at.is_some_and(|scheduled| time <= scheduled) {
        return Err(Problem::invalid("expiresAt", "before_scheduled_at", "must be later than scheduledAt"));
    }
    if time > scheduled_at.unwrap_or(now) + EXPIRES_AT_MOST {
        let message = "must be within 30 days of acceptance or of scheduledAt";
        return Err(Problem::invalid("expiresAt", "too_late", message));
    }
    Ok(time)
}
