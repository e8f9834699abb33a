//! `switchboard contact`.

use common::domain::ids::ContactId;
use common::testing::{TestDatabase, workspace};
use serde_json::json;

use crate::support::{Cli, audited};

#[tokio::test]
async fn an_erased_contact_is_marked_once_and_noted_once() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database);
    let workspace = workspace(database.pool(), "http://127.0.0.1:9").await;
    workspace.conversation(database.pool(), "15550000001").await;
    let client = database.pool().get().await.unwrap();
    let row = client.query_one("SELECT id FROM contacts", &[]).await.unwrap();
    let id = ContactId(row.get(0));
    for _ in 0..2 {
        assert_eq!(cli.json(&["contact", "erase", &id.to_string()]), json!({ "id": id }));
    }
    assert!(cli.run(&["contact", "erase", &id.to_string()]).out.contains("had been erased before"));
    assert_eq!(audited(&database).await, ["contact.erase"]);
    let left = "SELECT count(*) FROM contacts k, erasures e WHERE e.contact_id = k.id AND k.name IS NULL
        AND k.erased_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contact_addresses)";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 1);
    cli.run(&["contact", "erase", &ContactId::new().to_string()]).fails_with(1, "there is no contact");
    cli.run(&["contact", "erase", "msg_1"]).fails_with(2, "not an id");
}
