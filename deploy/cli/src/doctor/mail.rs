//! Whether the mail server takes us in, if there is one.

use std::time::Duration;

use common::config::Notifications;
use common::mailer::Mailer;

use super::report::Report;

const PATIENCE: Duration = Duration::from_secs(10);

/// Connects and authenticates, and sends nothing.
pub(super) async fn check(report: &mut Report, notifications: &Notifications) {
    let Some(mail) = &notifications.mail else {
        return report.ok("smtp", "SWITCHBOARD_SMTP_URL is not set: nobody is told by email");
    };
    let remedy = "start the mail server, or correct SWITCHBOARD_SMTP_URL; emails are tried again for a day";
    match Mailer::new(mail, PATIENCE) {
        Err(error) => report.fail("smtp", error.to_string(), remedy),
        Ok(mailer) => match mailer.test().await {
            Ok(()) => report.ok("smtp", "the mail server takes us in"),
            Err(failure) => report.fail("smtp", failure.to_string(), remedy),
        },
    }
}
