//! The pages that visitors open: who may frame them, and whose pages may call the API.

use serde_json::json;

use crate::support::{Answer, TestApp, all_permissions, link_token};

#[tokio::test]
async fn pages_say_who_may_frame_them_and_name_no_token() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let link = app.link(&workspace, &all_permissions()).await;
    let body = json!({ "inbox_embed": {
        "scope_type": "project", "allowed_origins": ["https://app.example.com", "*.example.org"],
    } });
    let made =
        app.post("/platform/v1/inbox_embeds").key(&workspace.token).json(&body).send().await.expect(201);
    let embed = format!("/embed/{}", made["data"]["token"].as_str().unwrap());
    let shared = format!("/shared/inbox/{}", link_token(&link));
    for (path, ancestors) in [
        (&shared, "frame-ancestors 'none'"),
        (&"/shared/inbox".to_owned(), "frame-ancestors 'none'"),
        (&embed, "frame-ancestors https://app.example.com https://*.example.org"),
    ] {
        let page = app.get(path).send().await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with(ancestors) && policy.contains("script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers.contains_key("x-frame-options"), !path.starts_with("/embed"));
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.header(name), value);
        }
        assert!(!page.text.contains("sil_") && !page.text.contains("emb_"), "{}", page.text);
    }
    // An embed's token where a link's belongs, and the other way round.
    let swapped = [embed.replace("/embed/", "/shared/inbox/"), shared.replace("/shared/inbox/", "/embed/")];
    let revoke = format!("/v1/shared-inbox-links/{}", link["id"].as_str().unwrap());
    app.call("DELETE", &revoke).key(&workspace.token).send().await.expect(200);
    app.execute("UPDATE inbox_embeds SET expires_at = now()").await;
    for (path, status, says) in [
        (&swapped[0], 404, "nothing at this address"),
        (&swapped[1], 404, "nothing at this address"),
        (&"/shared/inbox/sil_x".to_owned(), 404, "nothing at this address"),
        (&shared, 410, "no longer in use"),
        (&embed, 410, "has expired"),
    ] {
        let page = app.get(path).send().await;
        assert_eq!((page.status, page.text.contains(says)), (status, true), "{path}: {}", page.text);
        assert!(!page.text.contains(path.rsplit('/').next().unwrap()));
        let policy = page.header("content-security-policy");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        let ancestors =
            if path.starts_with("/embed") { "frame-ancestors *" } else { "frame-ancestors 'none'" };
        assert!(policy.ends_with(ancestors), "{path}: {policy}");
        assert_eq!(page.header("content-language"), "en");
        let spanish = app.get(&format!("{path}?mode=dark")).header("accept-language", "es-AR,en;q=0.5");
        let spanish = spanish.send().await;
        assert_eq!((spanish.status, spanish.header("content-language")), (status, "es"));
        assert!(spanish.text.starts_with("<!doctype html>\n<html lang=\"es\" data-theme=\"dark\">"));
        for sheet in page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(app.get(sheet).send().await.status, 200, "{sheet}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_call_where_their_embed_allows_it() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let ask = async |origin: &str| {
        let call = app.call("OPTIONS", "/v1/conversations").header("origin", origin);
        let call = call.header("access-control-request-method", "GET");
        call.header("access-control-request-headers", "authorization").send().await
    };
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let (ours, other) = ("https://app.example.com", "https://evil.test");
    assert_eq!(allowed(&ask(ours).await), "", "before there is an embed");
    let body = json!({ "inbox_embed": { "scope_type": "project", "allowed_origins": [ours] } });
    let made =
        app.post("/platform/v1/inbox_embeds").key(&workspace.token).json(&body).send().await.expect(201);
    let answer = ask(ours).await;
    assert_eq!((answer.status, allowed(&answer)), (200, ours.to_owned()));
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(allowed(&ask(other).await), "");
    let exchange = json!({ "token": made["data"]["token"] });
    let call = app.post("/v1/shared-inbox/sessions").header("origin", ours).json(&exchange);
    let begun = call.send().await;
    assert_eq!(allowed(&begun), ours);
    let token = begun.expect(201)["data"]["token"].as_str().unwrap().to_owned();
    for (token, origin, expected) in [(&token, ours, ours), (&token, other, ""), (&workspace.token, ours, "")]
    {
        let answer = app.get("/v1/conversations").key(token).header("origin", origin).send().await;
        assert_eq!((answer.status, allowed(&answer).as_str()), (200, expected));
    }
}
