//! `switchboard retention` and `switchboard purge`.

use common::domain::ids::OrganizationId;
use common::testing::{TestDatabase, workspace};
use serde_json::json;

use crate::support::{Cli, audited, execute};

#[tokio::test]
async fn an_organization_keeps_its_logs_as_it_is_told_and_what_is_older_is_removed() {
    let database = TestDatabase::create().await;
    let ours = workspace(database.pool(), "http://127.0.0.1:9").await.organization;
    let theirs = workspace(database.pool(), "http://127.0.0.1:9").await.organization;
    let cli = Cli::on(&database).with("SWITCHBOARD_RETENTION_EVENTS_DAYS", "20");
    let shown = cli.json(&["retention", "show"]);
    let settings =
        json!({ "eventsDays": 20, "deliveriesDays": 30, "auditDays": 365, "channelEventsDays": 30 });
    assert_eq!(shown, json!({ "settings": settings, "organizations": [] }));
    let set = cli.json(&["retention", "set", "--org", &ours.to_string(), "--events-days", "5"]);
    let own = json!({ "id": ours, "eventsDays": 5, "deliveriesDays": null, "auditDays": null });
    assert_eq!(set, own);
    assert_eq!(cli.json(&["retention", "show"])["organizations"], json!([own]));
    for organization in [ours, theirs] {
        let sql = "INSERT INTO events (id, organization_id, seq, type, at, payload)
            SELECT gen_random_uuid(), $1, n, 'message.sent', now() - (31 - 10 * n) * interval '1 day', '{}'
            FROM generate_series(1, 3) n";
        execute(&database, sql, &[&organization.0]).await;
        execute(&database, "INSERT INTO event_sequences VALUES ($1, 3)", &[&organization.0]).await;
        execute(&database, "INSERT INTO search_progress VALUES ($1, 3)", &[&organization.0]).await;
    }
    // Of 21, 11 and 1 days, one has three too old and the other one.
    assert_eq!(cli.json(&["purge"]), json!({ "removed": { "events": 3 } }));
    assert!(cli.run(&["purge"]).out.contains("Nothing is past its age"));
    let cleared = cli.json(&["retention", "set", "--org", &ours.to_string(), "--events-days", "default"]);
    assert_eq!(cleared["eventsDays"], json!(null));
    assert_eq!(cli.json(&["retention", "show"])["organizations"], json!([]));
    assert_eq!(audited(&database).await, ["retention.update", "retention.update"]);
}

#[tokio::test]
async fn what_cannot_be_set_is_refused() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let unknown = OrganizationId::new().to_string();
    let set = |more: &[&str]| cli.run(&[&["retention", "set", "--org", &unknown], more].concat());
    set(&["--audit-days", "9"]).fails_with(1, "there is no organization");
    for days in ["0", "36501", "-1", "forever"] {
        set(&[&format!("--audit-days={days}")]).fails_with(2, "expected days from 1 to 36500");
    }
    set(&[]).fails_with(2, "required");
    let odd = Cli::on(&database).with("SWITCHBOARD_RETENTION_AUDIT_DAYS", "0");
    for command in [&["purge"][..], &["retention", "show"]] {
        odd.run(command).fails_with(1, "SWITCHBOARD_RETENTION_AUDIT_DAYS");
    }
}
