//! The email to an owner whose organization's endpoint was disabled by itself.

use chrono::SecondsFormat;
use common::config::Mail;
use common::db::owner_notices::Disabled;
use html_escape::encode_text;
use lettre::Message;
use lettre::message::MultiPart;
use uuid::Uuid;

use super::letter::{NAME_LIMIT, addressed, line};

/// Most characters of a description.
const DESCRIPTION_LIMIT: usize = 200;

/// Whether there is still something to tell, and to whom.
pub(super) fn decide(found: Option<Disabled>) -> Result<Disabled, &'static str> {
    let disabled = found.ok_or("gone")?;
    if !disabled.is_owner {
        return Err("no_owner");
    }
    if !disabled.still {
        return Err("enabled");
    }
    if !disabled.wanted {
        return Err("not_wanted");
    }
    Ok(disabled)
}

/// The email; none if the owner's address is none that email can be sent to.
pub(super) fn write(id: Uuid, disabled: &Disabled, mail: &Mail) -> Option<Message> {
    let user = line(&disabled.user_name, NAME_LIMIT);
    let told = lines(disabled);
    let subject = format!("The webhook to {} was disabled", host(disabled));
    let text = format!(
        "Hello {user},\n\n{}\n\n-- \nYou get this as an owner of {}.\n",
        told.join("\n\n"),
        organization(disabled)
    );
    let html: String = told.iter().map(|line| format!("<p>{}</p>\n", encode_text(line))).collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n<p>Hello <bdi>{}</bdi>,</p>\n{html}\
         <footer>You get this as an owner of {}.</footer>\n</body>\n</html>\n",
        encode_text(&subject),
        encode_text(&user),
        encode_text(&organization(disabled)),
    );
    let to = (user.as_str(), disabled.user_email.as_str());
    addressed(id, mail, to)?.subject(subject).multipart(MultiPart::alternative_plain_html(text, html)).ok()
}

fn organization(disabled: &Disabled) -> String {
    line(&disabled.organization, NAME_LIMIT)
}

/// Not the whole address: whatever is in its path may be a secret, and mail is read by many.
fn host(disabled: &Disabled) -> String {
    let url = url::Url::parse(&disabled.url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| disabled.webhook.to_string())
}

fn lines(disabled: &Disabled) -> Vec<String> {
    let id = disabled.webhook;
    let why = match disabled.reason.as_deref() {
        Some("gone") => "it answered 410: nobody wants events there any more",
        _ => "it took nothing for days",
    };
    let at = disabled.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let description = disabled.description.as_deref().map(|text| line(text, DESCRIPTION_LIMIT));
    let named =
        description.filter(|text| !text.is_empty()).map(|text| format!(" ({text})")).unwrap_or_default();
    vec![
        format!("The webhook {id}{named} to {} was disabled at {at}, because {why}.", host(disabled)),
        "Nothing is posted there now, and events that happen meanwhile are not noted for it.".to_owned(),
        format!(
            "Once the endpoint takes events again: PATCH /v1/webhooks/{id} with {{\"enabled\": true}}, then POST \
             /v1/webhooks/{id}/replays with {{\"from\": \"{at}\"}} for what it missed."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use common::config::Secret;
    use common::domain::ids::WebhookId;

    use super::*;

    fn disabled() -> Disabled {
        Disabled {
            user_name: "Olu".into(),
            user_email: "olu@example.com".into(),
            is_owner: true,
            wanted: true,
            still: true,
            organization: "Acme".into(),
            webhook: WebhookId(Uuid::from_u128(7)),
            url: "https://hooks.example.com/T0/secret".into(),
            description: Some("<b>CRM</b>\r\nBcc: all@example.com".into()),
            reason: Some("failing".into()),
            at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn it_says_which_why_and_what_to_do_and_no_secret_of_the_address() {
        let mail = Mail {
            smtp_url: Secret::new("smtp://127.0.0.1"),
            from: "Inbox <inbox@example.com>".parse().unwrap(),
            conversation_url: "https://app.example.com/{conversationId}".into(),
        };
        let raw = write(Uuid::from_u128(2), &disabled(), &mail).unwrap().formatted();
        let raw = String::from_utf8(raw).unwrap().replace("=\r\n", "");
        for part in [
            "hooks.example.com",
            "took nothing for days",
            "/v1/webhooks/whk_",
            "owner of Acme",
            "&lt;b&gt;CRM",
        ] {
            assert!(raw.contains(part), "{part} in {raw}");
        }
        assert!(!raw.contains("T0/secret") && !raw.contains("\r\nBcc"), "{raw}");
        assert!(raw.contains("Subject: The webhook to hooks.example.com was disabled"), "{raw}");
    }

    #[test]
    fn what_is_no_longer_so_is_not_told() {
        assert!(decide(Some(disabled())).is_ok());
        assert_eq!(decide(None).unwrap_err(), "gone");
        assert_eq!(decide(Some(Disabled { still: false, ..disabled() })).unwrap_err(), "enabled");
        assert_eq!(decide(Some(Disabled { is_owner: false, ..disabled() })).unwrap_err(), "no_owner");
        assert_eq!(decide(Some(Disabled { wanted: false, ..disabled() })).unwrap_err(), "not_wanted");
    }
}
