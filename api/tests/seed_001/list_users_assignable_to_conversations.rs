//! "List users assignable to conversations".

use super::*;

const PATH: &str = "/conversations/assignable-users";

#[tokio::test]
async fn returns_the_list_of_team_members_of_your_company_that_can_be_assigned_to_a_conversation() {
    let seed = Seed::start().await;
    let ada = seed.colleague("Ada").await;
    seed.app.workspace().await;
    let users = seed.get(PATH).await["users"].clone();
    let ids: Vec<&str> = users.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [ada.to_string(), seed.workspace.user.to_string()]);
}

#[tokio::test]
async fn each_entry_includes_the_user_id_required_as_input_by_assign_the_display_name_and_an_optional_avatar_url()
 {
    let seed = Seed::start().await;
    let ada = seed.colleague("Ada").await;
    let users = seed.get(PATH).await["users"].clone();
    assert_eq!(users[0], json!({ "id": ada, "name": "Ada", "avatarUrl": "https://x.example/Ada.png" }));
    assert_eq!(users[1]["avatarUrl"], Value::Null);
    assert_eq!(seed.assign(users[0]["id"].as_str().unwrap()).await.status, 204);
}

#[tokio::test]
async fn returns_401_if_the_api_key_is_missing_or_invalid() {
    Seed::start().await.asks_for_a_key("GET", PATH).await;
}

#[tokio::test]
async fn returns_502_if_the_upstream_user_profile_service_is_temporarily_unavailable() {
    let url = "http://127.0.0.1:9/users".parse().unwrap();
    let user_directory = Some(common::config::UserDirectory { url, token: None });
    let app = TestApp::start_with(Options { user_directory, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let answer = app.get(&format!("/v1{PATH}")).header("X-Api-Key", &workspace.token).send().await;
    assert_eq!(answer.header("retry-after"), "5");
    answer.problem(502, "user_directory_unavailable");
}

#[tokio::test]
async fn this_is_a_transient_condition_and_the_request_can_be_safely_retried_after_a_short_delay() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/users", listener.local_addr().unwrap()).parse().unwrap();
    let user_directory = Some(common::config::UserDirectory { url, token: None });
    let app = TestApp::start_with(Options { user_directory, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let call = async || app.get(&format!("/v1{PATH}")).header("X-Api-Key", &workspace.token).send().await;
    // The first request is met by silence, the second by an answer.
    call().await.problem(502, "user_directory_unavailable");
    let listed = json!({ "users": [{ "id": workspace.user, "name": "Olu Okafor" }] });
    let routes = axum::Router::new().route("/users", axum::routing::get(axum::Json(listed)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let users = call().await.expect(200)["users"].clone();
    assert_eq!(users, json!([{ "id": workspace.user, "name": "Olu Okafor", "avatarUrl": null }]));
}
