//! "Create inbox".

use super::*;

fn asked(numbers: &[&str]) -> Option<Value> {
    Some(json!({ "whatsapp": { "resourceIds": [WABA], "phoneNumberIds": numbers } }))
}

#[tokio::test]
async fn connects_one_or_more_channel_resources_and_makes_them_available_as_inboxes() {
    let seed = Seed::start().await;
    let created = seed.call("POST", "/inboxes", asked(&[NUMBER, "112233445566779"])).await.expect(200);
    let inboxes = created["inboxes"].as_array().unwrap();
    inboxes.iter().for_each(assert_shape);
    assert_eq!(inboxes.len(), 2);
    let first = &inboxes[0];
    assert_eq!((&first["channel"], &first["externalId"]), (&json!("whatsapp"), &json!(NUMBER)));
    assert_eq!(first["name"], "Support WhatsApp");
    assert_eq!(first["status"], json!({ "state": "active", "reasons": [] }));
    assert_eq!(first["config"], json!({ "phoneNumberId": NUMBER }));
    assert_eq!(first["createdBy"], seed.workspace.user.to_string());
    let listed = seed.call("GET", "/inboxes", None).await.expect(200);
    assert_eq!(&listed["inboxes"].as_array().unwrap()[1..], inboxes);
}

#[tokio::test]
async fn all_of_a_requests_resources_connect_or_none() {
    let seed = Seed::start().await;
    let refused = seed.call("POST", "/inboxes", asked(&[NUMBER, "999"])).await;
    assert_eq!(refused.fields(422, "not_in_account"), ["whatsapp.phoneNumberIds[1]"]);
    let unconnected = json!({ "whatsapp": { "resourceIds": [WABA, "777"], "phoneNumberIds": [NUMBER] } });
    let refused = seed.call("POST", "/inboxes", Some(unconnected)).await;
    assert_eq!(refused.fields(422, "no_connection"), ["whatsapp.resourceIds[1]"]);
    assert_eq!(
        seed.app.count(&format!("SELECT count(*) FROM inboxes WHERE external_id = '{NUMBER}'")).await,
        0
    );
}

#[tokio::test]
async fn a_request_connects_one_channel_type() {
    let seed = Seed::start().await;
    let both = json!({
        "whatsapp": { "resourceIds": [WABA], "phoneNumberIds": [NUMBER] },
        "messenger": { "pageIds": ["1"] },
    });
    let refused = seed.call("POST", "/inboxes", Some(both)).await;
    assert_eq!(refused.fields(422, "unsupported_channel"), ["messenger"]);
    assert_eq!(
        seed.app.count(&format!("SELECT count(*) FROM inboxes WHERE external_id = '{NUMBER}'")).await,
        0
    );
}

#[tokio::test]
async fn a_number_that_is_connected_already_is_refused_here_and_to_others() {
    let seed = Seed::start().await;
    seed.inbox().await;
    seed.call("POST", "/inboxes", asked(&[NUMBER])).await.problem(409, "already_connected");
    let stranger = seed.app.workspace().await;
    // Without a connection, and so without a proof of access, it is not even looked up.
    let refused = seed.call_as(&stranger.token, "POST", "/inboxes", asked(&[NUMBER])).await;
    refused.problem(422, "no_connection");
    let theirs = json!({
        "channel": "whatsapp", "externalId": WABA, "accessToken": "guessed", "appSecret": "s", "verifyToken": "v",
        "apiUrl": seed.app.provider,
    });
    let refused = seed.call_as(&stranger.token, "POST", "/connections", Some(theirs.clone())).await;
    refused.problem(422, "access_not_proven");
    let mut proven = theirs;
    proven["accessToken"] = json!(TOKEN);
    seed.call_as(&stranger.token, "POST", "/connections", Some(proven)).await.expect(201);
    let refused = seed.call_as(&stranger.token, "POST", "/inboxes", asked(&[NUMBER])).await;
    refused.problem(409, "already_connected");
}

#[tokio::test]
async fn takes_inbox_create_of_owners_and_admins() {
    Seed::start().await.takes(("POST", "/inboxes"), asked(&[NUMBER]), "inbox:create", false).await;
}
