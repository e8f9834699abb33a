//! Help, wrong usage, missing settings.

use common::testing::TestDatabase;
use uuid::Uuid;

use crate::support::Cli;

#[test]
fn every_command_explains_itself() {
    let commands = [
        "",
        "migrate",
        "doctor",
        "org",
        "org create",
        "org list",
        "user",
        "user create",
        "user list",
        "key",
        "key create",
        "key list",
        "key revoke",
        "message",
        "message show",
        "dead-letters",
        "dead-letters list",
        "dead-letters show",
        "dead-letters replay",
        "dead-letters discard",
        "retention",
        "retention show",
        "retention set",
        "purge",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let run = Cli::default().run(&arguments);
        assert!(
            run.code == 0 && run.out.contains("Usage: switchboard") && run.out.contains("--json"),
            "{run:?}"
        );
    }
}

#[test]
fn an_id_that_is_none_is_wrong_usage() {
    let other = common::domain::ids::InboxId::new().to_string();
    for id in ["msg_1", "hello", other.as_str()] {
        Cli::default().run(&["message", "show", id]).fails_with(2, "not an id: expected msg… or a UUID");
        Cli::default()
            .run(&["dead-letters", "replay", id])
            .fails_with(2, "not an id: expected dlq… or a UUID");
        Cli::default().run(&["key", "revoke", id]).fails_with(2, "not an id: expected key… or a UUID");
        Cli::default().run(&["user", "list", "--org", id]).fails_with(2, "not an id: expected tn… or a UUID");
    }
    for arguments in [
        &["nonsense"][..],
        &["dead-letters", "discard"],
        &["org", "create"],
        &["org", "create", "--name", " "],
    ] {
        assert_eq!(Cli::default().run(arguments).code, 2, "{arguments:?}");
    }
}

#[tokio::test]
async fn an_unknown_id_fails_and_says_where_to_look() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let id = Uuid::now_v7().to_string();
    cli.run(&["message", "show", &id]).fails_with(1, "there is no message msg_");
    cli.run(&["key", "revoke", &id]).fails_with(1, "`switchboard key list");
    cli.run(&["key", "create", "--user", &id, "--name", "k"]).fails_with(1, "`switchboard user list");
    cli.run(&["key", "list", "--org", &id]).fails_with(1, "`switchboard org list`");
    cli.run(&["user", "list", "--org", &id]).fails_with(1, "`switchboard org list`");
    cli.run(&["dead-letters", "show", &id]).fails_with(1, "`switchboard dead-letters list --all`");
}

#[test]
fn missing_settings_and_servers_are_told_in_one_line() {
    Cli::default().run(&["org", "list"]).fails_with(1, "DATABASE_URL is not set");
    Cli::default()
        .with("DATABASE_URL", "nonsense")
        .run(&["org", "list"])
        .fails_with(1, "DATABASE_URL is not valid");
    let away = Cli::default().with("DATABASE_URL", "postgres://127.0.0.1:1/none");
    away.run(&["org", "list"]).fails_with(1, "PostgreSQL cannot be reached");
    away.run(&["dead-letters", "replay", &Uuid::now_v7().to_string()]).fails_with(1, "AMQP_URL is not set");
}
