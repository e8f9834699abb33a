//! `switchboard org`, `user` and `key`.

use common::crypto::hash_token;
use common::db::api_keys::{Credential, find_credential};
use common::domain::ids::{ApiKeyId, OrganizationId, UserId};
use common::domain::principal::{Role, Scope};
use common::testing::TestDatabase;
use serde_json::json;

use crate::support::{Cli, audited, execute};

fn text(value: &serde_json::Value) -> &str {
    value.as_str().expect("a text")
}

async fn credential(database: &TestDatabase, token: &str) -> Credential {
    let session = database.pool().get().await.unwrap();
    find_credential(&session, &hash_token(token)).await.unwrap().expect("a key that was created is known")
}

async fn expect_credential(
    database: &TestDatabase,
    token: &str,
    (organization, user): (OrganizationId, UserId),
) {
    let credential = credential(database, token).await;
    assert_eq!(credential.principal.organization, organization);
    assert_eq!((credential.principal.user, credential.principal.role()), (user, Some(Role::Agent)));
    assert_eq!(
        credential.principal.scopes().into_iter().flatten().copied().collect::<Vec<_>>(),
        [Scope::MessageCreate, Scope::MessageRead]
    );
    assert_eq!(credential.expires_at.unwrap().to_rfc3339(), "2999-01-01T00:00:00+00:00");
}

#[tokio::test]
async fn an_organization_gets_an_owner_and_a_key_that_works_until_it_is_revoked() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let org = cli.json(&["org", "create", "--name", "Acme"]);
    let org_id: OrganizationId = text(&org["id"]).parse().unwrap();
    assert_eq!(org, json!({ "id": org_id }));
    assert!(text(&org["id"]).starts_with("tn_"));
    let user = cli.json(&[
        "user",
        "create",
        "--org",
        text(&org["id"]),
        "--name",
        "Ada",
        "--email",
        "ada@example.com",
        "--role",
        "admin",
    ]);
    let user_id: UserId = text(&user["id"]).parse().unwrap();
    assert_eq!(user, json!({ "id": user_id }));
    // The other form of an id is as good.
    let uuid = user_id.0.to_string();
    let key = cli.json(&[
        "key",
        "create",
        "--user",
        &uuid,
        "--name",
        "CI",
        "--role",
        "agent",
        "--scope",
        "message:create",
        "--scope",
        "message:read",
        "--scope",
        "message:create",
        "--expires",
        "2999-01-01T01:00:00+01:00",
    ]);
    let key_id: ApiKeyId = text(&key["id"]).parse().unwrap();
    let token = text(&key["key"]);
    assert_eq!(key, json!({ "id": key_id, "key": token }));

    expect_credential(&database, token, (org_id, user_id)).await;
    let listed = cli.json(&["key", "list", "--org", text(&org["id"])]);
    let listed = &listed["keys"][0];
    assert_eq!(
        (&listed["id"], &listed["state"], &listed["role"]),
        (&key["id"], &json!("active"), &json!("agent"))
    );
    assert!(token.starts_with(text(&listed["hint"])) && !listed.to_string().contains(token));
    for _ in 0..2 {
        assert_eq!(cli.json(&["key", "revoke", text(&key["id"])]), json!({ "id": key_id }));
    }
    assert!(credential(&database, token).await.revoked);
    let table = cli.run(&["key", "list", "--org", text(&org["id"])]).out;
    assert!(table.contains("revoked") && table.contains("message:create,message:read"), "{table}");
    let expected =
        ["organization.create", "user.create", "api_key.create", "api_key.revoke", "api_key.revoke"];
    assert_eq!(audited(&database).await, expected);
}

#[tokio::test]
async fn a_key_has_at_most_its_owners_rights() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let org = text(&cli.json(&["org", "create", "--name", "Acme"])["id"]).to_owned();
    let agent =
        ["user", "create", "--org", &org, "--name", "Ada", "--email", "ada@example.com", "--role", "agent"];
    let user = text(&cli.json(&agent)["id"]).to_owned();
    let create = ["key", "create", "--user", &user, "--name", "k"];
    let with = |more: &[&'static str]| cli.run(&[&create[..], more].concat());
    with(&["--role", "owner"]).fails_with(1, "at most its owner's role, which is agent");
    with(&["--scope", "connection:create"]).fails_with(1, "needs the role admin");
    with(&["--scope", "rockets:launch"]).fails_with(2, "is no scope");
    with(&["--role", "king"]).fails_with(2, "expected owner, admin or agent");
    with(&["--expires", "2001-01-01T00:00:00Z"]).fails_with(2, "a time that is to come");
    with(&["--expires", "tomorrow"]).fails_with(2, "RFC 3339");
    let run = with(&[]);
    assert!(run.code == 0 && run.out.contains("shown this once") && run.out.contains("\nsk_org_"), "{run:?}");
    execute(&database, "UPDATE users SET disabled_at = now()", &[]).await;
    with(&[]).fails_with(1, "is removed");
    assert_eq!(audited(&database).await, ["organization.create", "user.create", "api_key.create"]);
}

#[tokio::test]
async fn an_address_belongs_to_one_user_of_an_organization() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let org = text(&cli.json(&["org", "create", "--name", "Acme"])["id"]).to_owned();
    let other = text(&cli.json(&["org", "create", "--name", "Other"])["id"]).to_owned();
    let create = |org: &str, email: &str| {
        cli.run(&["user", "create", "--org", org, "--name", "Ada", "--email", email, "--role", "owner"])
    };
    assert_eq!(create(&org, "ada@example.com").code, 0);
    assert_eq!(create(&other, "ada@example.com").code, 0);
    create(&org, "ADA@example.com").fails_with(1, "has the address ADA@example.com already");
    create(&org, "ada").fails_with(2, "expected an e-mail address");
    let users = cli.json(&["user", "list", "--org", &org]);
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&users["users"][0]["email"], &users["users"][0]["disabledAt"]),
        (&json!("ada@example.com"), &json!(null))
    );
    let organizations = cli.run(&["org", "list"]).out;
    assert!(organizations.contains(&org) && organizations.contains("Other"), "{organizations}");
    assert_eq!(audited(&database).await.len(), 4);
}
