//! Logs are kept as long as they are asked to be, and as long as somebody needs them; whoever comes too late is told.

use chrono::{DateTime, Utc};
use common::config::Retention;
use common::db::event_log::{self, Followed};
use common::db::retention::{self, Pass, Policy};
use common::domain::ids::OrganizationId;
use common::testing::{TestDatabase, Workspace, eventually, workspace};
use deadpool_postgres::{Object, Pool};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Hooked, Receiver, Reply, SOON};

async fn execute(pool: &Pool, sql: &str) {
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}

async fn number(pool: &Pool, sql: &str) -> i64 {
    pool.get().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

/// Numbers of an organization's events from `first` on, which are that many days old; nobody follows them.
async fn events(pool: &Pool, of: &Workspace, first: i64, ages: &[f64]) {
    let sql = "INSERT INTO events (id, organization_id, seq, type, at, payload)
        SELECT gen_random_uuid(), $1, $2 + n - 1, 'message.sent', now() - age * interval '1 day', '{}'
        FROM unnest($3::float8[]) WITH ORDINALITY AS r (age, n)";
    let client = pool.get().await.unwrap();
    client.execute(sql, &[&of.organization.0, &first, &ages]).await.unwrap();
    let last = first + ages.len() as i64 - 1;
    for (table, column) in [("event_sequences", "last_seq"), ("search_progress", "seq")] {
        let sql = format!(
            "INSERT INTO {table} (organization_id, {column}) VALUES ($1, $2)
            ON CONFLICT (organization_id) DO UPDATE SET {column} = excluded.{column}"
        );
        client.execute(&sql, &[&of.organization.0, &last]).await.unwrap();
    }
}

/// A whole pass; what it removed of events.
async fn purge(pool: &Pool) -> u64 {
    let (mut pass, mut rows) = (Pass::default(), 0);
    while let Some(purged) = pass.step(pool, &Retention::default()).await.unwrap() {
        rows += if purged.table == "events" { purged.rows } else { 0 };
    }
    rows
}

/// The numbers that are kept.
async fn kept(pool: &Pool, of: &Workspace) -> Vec<i64> {
    let sql = "SELECT seq FROM events WHERE organization_id = $1 ORDER BY seq";
    let rows = pool.get().await.unwrap().query(sql, &[&of.organization.0]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Purges until nothing but these is there: whatever needs them is through then.
async fn purge_but(pool: &Pool, of: &Workspace, left: std::ops::RangeInclusive<i64>) {
    eventually("nobody needs the others", SOON, async || {
        purge(pool).await;
        let found = kept(pool, of).await;
        if found == left.clone().collect::<Vec<_>>() { Ok(()) } else { Err(found) }
    })
    .await;
}

/// Waits until so many events have a number.
async fn numbered(hooked: &Hooked, count: i64) {
    eventually("they are numbered", SOON, async || {
        match hooked.app.count("SELECT count(*) FROM events WHERE seq IS NOT NULL").await {
            found if found == count => Ok(()),
            found => Err(found),
        }
    })
    .await;
}

async fn ready() -> (TestDatabase, Workspace) {
    let database = TestDatabase::create().await;
    let of = workspace(database.pool(), "http://127.0.0.1:9").await;
    (database, of)
}

#[tokio::test]
async fn an_event_goes_when_it_is_past_its_age_and_those_before_it_have_gone() {
    let (database, of) = ready().await;
    let pool = database.pool();
    // The fourth is old but behind one that is not; numbers never get a gap.
    events(pool, &of, 1, &[40.0, 31.0, 29.0, 31.0, 1.0]).await;
    assert_eq!((purge(pool).await, kept(pool, &of).await), (2, vec![3, 4, 5]));
    assert_eq!(purge(pool).await, 0);
    let client = pool.get().await.unwrap();
    let policy = Policy { events: Some(1), ..Policy::default() };
    retention::set(&client, of.organization, &policy).await.unwrap();
    let other = workspace(pool, "http://127.0.0.1:9").await;
    events(pool, &other, 1, &[29.0]).await;
    assert_eq!((purge(pool).await, kept(pool, &of).await, kept(pool, &other).await), (3, vec![], vec![1]));
    let extent = event_log::extent(&client, of.organization).await.unwrap();
    assert_eq!((extent.first, extent.last), (6, 5));
    assert_eq!(retention::overdue(&client, &Retention::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn what_somebody_needs_stays_however_old_it_is() {
    let (database, of) = ready().await;
    let (pool, o) = (database.pool(), of.organization.0);
    events(pool, &of, 1, &[40.0; 20]).await;
    let webhook = Uuid::now_v7();
    // Each of these needs what follows: search, a worker that tells people, endpoints, a replay, a posting that waits.
    let sql = format!(
        "INSERT INTO webhooks (id, organization_id, url, event_types, secret, since_seq, created_by)
        VALUES ('{webhook}', '{o}', 'https://example.com', '{{*}}', '', 1, '{}');
        UPDATE search_progress SET seq = 2;
        INSERT INTO webhook_cursors VALUES ('{o}', 4);
        INSERT INTO notification_cursors VALUES ('{o}', 6);
        INSERT INTO webhook_replays (id, organization_id, webhook_id, kind, from_time, to_time, reached_seq, last_seq)
        VALUES (gen_random_uuid(), '{o}', '{webhook}', 'range', now(), now(), 8, 20);
        INSERT INTO webhook_deliveries (id, organization_id, webhook_id, seq, event_id, event_type, due_at)
        VALUES (gen_random_uuid(), '{o}', '{webhook}', 11, gen_random_uuid(), 'message.sent', now())",
        of.user.0
    );
    execute(pool, &sql).await;
    let client = pool.get().await.unwrap();
    let overdue = retention::overdue(&client, &Retention::default()).await.unwrap();
    assert!((863_990..864_100).contains(&overdue), "ten days: {overdue}");
    for (then, first) in [
        ("", 3),
        ("UPDATE search_progress SET seq = 20", 5),
        ("UPDATE webhook_cursors SET seq = 20", 7),
        ("UPDATE notification_cursors SET seq = 20", 9),
        ("UPDATE webhook_replays SET ended_at = now()", 11),
    ] {
        execute(pool, then).await;
        purge(pool).await;
        assert_eq!(kept(pool, &of).await, (first..=20).collect::<Vec<_>>(), "{then}");
    }
    execute(pool, "UPDATE webhook_deliveries SET state = 'delivered', ended_at = now()").await;
    purge(pool).await;
    assert_eq!(kept(pool, &of).await, Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_beside_the_purge_sees_each_event_in_order_or_is_told() {
    const EVENTS: i64 = 6_000;
    let (database, of) = ready().await;
    let pool = database.pool();
    events(pool, &of, 1, &[40.0; EVENTS as usize]).await;
    let follow = async |pause: u64| {
        let (mut after, mut seen, mut told) = (0, 0, 0);
        while after < EVENTS {
            let client = pool.get().await.unwrap();
            match event_log::follow(&client, of.organization, after, 50).await.unwrap() {
                Followed::Events(entries) => {
                    for entry in entries {
                        assert_eq!(entry.head.seq, after + 1, "nothing is skipped silently");
                        (after, seen) = (after + 1, seen + 1);
                    }
                }
                Followed::Purged(extent) => {
                    assert!(extent.first > after + 1, "{extent:?} {after}");
                    (after, told) = (extent.first - 1, told + 1);
                }
            }
            drop(client);
            tokio::time::sleep(std::time::Duration::from_micros(pause)).await;
        }
        (seen, told)
    };
    let purges = async { join_all((0..3).map(|_| purge(pool))).await.iter().sum::<u64>() };
    let (removed, quick, slow) = tokio::join!(purges, follow(0), follow(20_000));
    // Three that purge at once remove each event once; and who is slow has been told.
    assert_eq!(removed, EVENTS as u64);
    assert!(slow.1 > 0, "{quick:?} {slow:?}");
}

#[tokio::test]
async fn a_purge_that_dies_leaves_the_log_whole() {
    let (database, of) = ready().await;
    let pool = database.pool();
    events(pool, &of, 1, &[40.0; 1_200]).await;
    // It dies between two lots: what is left begins where its mark says.
    let mut pass = Pass::default();
    pass.step(pool, &Retention::default()).await.unwrap();
    let extent = event_log::extent(&pool.get().await.unwrap(), of.organization).await.unwrap();
    assert_eq!((extent.first, kept(pool, &of).await.len()), (501, 700));
    // And within one: the mark goes back with the rows.
    let mut client = pool.get().await.unwrap();
    let tx = client.transaction().await.unwrap();
    tx.batch_execute("DELETE FROM events WHERE seq <= 900; UPDATE event_purges SET seq = 900").await.unwrap();
    // Another does not wait for it.
    assert_eq!(purge(pool).await, 0);
    tx.rollback().await.unwrap();
    assert_eq!(purge(pool).await, 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_is_told_and_never_skips() {
    let hooked = Hooked::start().await;
    hooked.emit("message.sent", None, 0..6).await;
    let key = &hooked.workspace.token;
    let get = |path: &str| hooked.app.get(path).key(key).header("accept", "application/json").send();
    numbered(&hooked, 6).await;
    let open = async |last: &str| {
        let call = hooked.app.get("/v1/events").key(key).header("accept", "text/event-stream");
        call.header("last-event-id", last).0.send().await.unwrap()
    };
    let mut stream = open("6").await;
    hooked.app.execute("UPDATE events SET at = now() - interval '40 days' WHERE seq <= 4").await;
    purge_but(hooked.app.pool(), &hooked.workspace, 5..=6).await;
    let refused = get("/v1/events?after=3").await;
    assert_eq!(refused.body["detail"], "The event log holds the numbers 5 to 6, and not what follows yours");
    assert_eq!(refused.fields(410, "events_gone"), ["after"]);
    assert_eq!(open("3").await.status(), 410);
    assert_eq!(get("/v1/events?after=4").await.expect(200)["events"].as_array().unwrap().len(), 2);
    let first = get("/v1/events?pageSize=1").await.expect(200);
    assert_eq!((&first["events"][0]["sequence"], &first["hasMore"]), (&json!(5), &json!(true)));
    // A reader that is up to date misses nothing of it.
    hooked.emit("message.sent", None, 6..7).await;
    let mut text = String::new();
    while !text.contains("\n\n") {
        let chunk = tokio::time::timeout(SOON, stream.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text.contains("id: 7\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_next_events_are_gone_says_so_and_ends() {
    let hooked = Hooked::start().await;
    hooked.emit("message.sent", None, 0..300).await;
    numbered(&hooked, 300).await;
    // It is let in at 0, and what it has not read is removed before it does: pages of a hundred, and it sits on the first.
    hooked.app.execute("UPDATE events SET payload = json_build_object('x', repeat('x', 200000))").await;
    let call =
        hooked.app.get("/v1/events").key(&hooked.workspace.token).header("accept", "text/event-stream");
    let mut stream = call.header("last-event-id", "0").0.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    hooked.app.execute("UPDATE events SET at = now() - interval '40 days' WHERE seq <= 290").await;
    purge_but(hooked.app.pool(), &hooked.workspace, 291..=300).await;
    let mut text = String::new();
    while let Some(chunk) = tokio::time::timeout(SOON, stream.chunk()).await.unwrap().unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let ids: Vec<i64> =
        text.lines().filter_map(|line| line.strip_prefix("id: ")).map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids, (1..=ids.len() as i64).collect::<Vec<_>>());
    assert!(ids.len() < 290, "{}", ids.len());
    let (_, reset) = text.split_once("event: reset\ndata: ").unwrap();
    let told: Value = serde_json::from_str(reset.trim()).unwrap();
    assert_eq!(told, json!({ "type": "reset", "data": { "firstSequence": 291, "lastSequence": 300 } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_not_posted_again_and_that_is_said() {
    let (hooked, receiver) = (Hooked::start().await, Receiver::start().await);
    let webhook = hooked.webhook(&receiver, json!({})).await;
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    receiver.answer(&[Reply::Status(500), Reply::Status(500), Reply::Status(500), Reply::Status(500)]);
    hooked.emit("message.sent", None, 0..1).await;
    let failed = hooked.delivery(&webhook, "failed").await;
    hooked.emit("message.sent", None, 1..2).await;
    receiver.until(5).await;
    hooked.app.execute("UPDATE events SET at = now() - interval '40 days' WHERE seq = 1").await;
    purge_but(hooked.app.pool(), &hooked.workspace, 2..=2).await;
    let post = async |path: String, body: Value| {
        hooked.app.post(&path).key(&hooked.workspace.token).json(&body).send().await
    };
    let again = format!("{path}/deliveries/{}/redeliver", failed["id"].as_str().unwrap());
    assert_eq!(post(again, Value::Null).await.fields(410, "events_gone"), ["deliveryId"]);
    let at = |days: i64| (Utc::now() - chrono::TimeDelta::days(days)).to_rfc3339();
    let replays = format!("{path}/replays");
    let refused = post(replays.clone(), json!({ "from": at(41) })).await;
    assert_eq!(refused.fields(410, "events_gone"), ["from"]);
    // Since then, everything is there; and of what has failed, what is there.
    post(replays.clone(), json!({ "from": at(39) })).await.expect(202);
    assert_eq!(receiver.until(6).await.last().unwrap().json()["sequence"], 2);
    let replay = post(replays.clone(), json!({ "failed": true })).await.expect(202);
    let replay = format!("{replays}/{}", replay["id"].as_str().unwrap());
    eventually("the replay is through", SOON, async || {
        let found = hooked.call("GET", &replay, None, 200).await;
        if found["status"] == "done" && found["queued"] == 0 { Ok(()) } else { Err(found) }
    })
    .await;
    assert_eq!(hooked.deliveries(&webhook, "status=failed").await.len(), 1);
}

/// A replay is asked for while its events are being purged: either they are kept for it or it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_and_a_purge_at_once_lose_nothing() {
    for _ in 0..8 {
        let (database, of) = ready().await;
        let (pool, o) = (database.pool(), of.organization);
        events(pool, &of, 1, &[40.0; 1_500]).await;
        let webhook = common::domain::ids::WebhookId::new();
        let sql = format!(
            "INSERT INTO webhooks (id, organization_id, url, event_types, secret, since_seq, created_by)
            VALUES ('{}', '{}', 'https://example.com', '{{*}}', '', 2000, '{}')",
            webhook.0, o.0, of.user.0
        );
        execute(pool, &sql).await;
        let asking = async {
            let mut client = pool.get().await.unwrap();
            let tx = client.transaction().await.unwrap();
            let (from, to): (DateTime<Utc>, _) = (Utc::now() - chrono::TimeDelta::days(60), Utc::now());
            let asked =
                common::db::webhook_replays::insert_range(&tx, (o, webhook), (from, to)).await.unwrap();
            tokio::task::yield_now().await;
            tx.commit().await.unwrap();
            asked
        };
        let (_, asked) = tokio::join!(purge(pool), asking);
        match asked {
            common::db::webhook_replays::Asked::Replay(_) => {
                let reached = number(pool, "SELECT reached_seq FROM webhook_replays").await;
                let first = kept(pool, &of).await.first().copied();
                assert_eq!((reached, first), (0, Some(1)), "all of it is there");
            }
            common::db::webhook_replays::Asked::Purged(_) => (),
        }
    }
}

/// Rows of every log but the events', some past their age, some that still wait.
async fn fill_logs(client: &Object, of: &Workspace) {
    let (o, user) = (of.organization.0, of.user.0);
    let (live, idle) = (Uuid::now_v7(), Uuid::now_v7());
    // Ids of a time: the first 48 bits are its milliseconds.
    let id_of = "CREATE FUNCTION pg_temp.id_of(age interval) RETURNS uuid LANGUAGE sql AS $$
        SELECT (lpad(to_hex((extract(epoch FROM now() - age) * 1000)::bigint), 12, '0')
            || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid $$";
    client.batch_execute(id_of).await.unwrap();
    let sql = format!(
        "INSERT INTO webhooks (id, organization_id, url, event_types, secret, since_seq, created_by, ordered, enabled,
            disabled_reason, disabled_at)
        VALUES ('{live}', '{o}', 'https://example.com', '{{*}}', '', 0, '{user}', false, true, NULL, NULL),
            ('{idle}', '{o}', 'https://example.com', '{{*}}', '', 0, '{user}', true, false, 'failing', now());
        INSERT INTO webhook_deliveries (id, organization_id, webhook_id, event_id, event_type, created_at, state, ended_at, due_at)
        SELECT pg_temp.id_of(age), '{o}', '{live}', gen_random_uuid(), 'message.sent', now() - age,
            CASE WHEN ended THEN 'failed' ELSE 'pending' END, CASE WHEN ended THEN now() - age END, now()
        FROM (VALUES (interval '31 days', true), ('31 days', false), ('29 days', true)) v (age, ended);
        INSERT INTO webhook_deliveries (id, organization_id, webhook_id, seq, conversation_id, event_id, event_type, created_at,
            due_at)
        SELECT pg_temp.id_of(age), '{o}', '{idle}', seq, '{o}', gen_random_uuid(), 'message.sent', now() - age,
            CASE WHEN seq = 1 THEN now() END
        FROM (VALUES (interval '31 days', 1), ('2 days', 2)) v (age, seq);
        INSERT INTO audit_log (id, organization_id, at, actor_type, action, resource_id)
        SELECT pg_temp.id_of(age), '{o}', now() - age, 'operator', age::text, '{o}'
        FROM (VALUES (interval '366 days'), ('364 days')) v (age);
        INSERT INTO channel_events (organization_id, inbox_id, channel, kind, lane_key, payload, trace_id, received_at,
            processed_at, effect)
        SELECT '{o}', '{o}', 'whatsapp', 'other', '{o}', '{{}}', '{o}', now() - age,
            CASE WHEN effect <> 'waits' THEN now() - age END, effect
        FROM (VALUES (interval '31 days', 'applied'), ('31 days', 'waits'), ('31 days', 'dead: odd'), ('1 day', 'applied'))
            v (age, effect);
        INSERT INTO dead_letters (id, organization_id, source, route, channel_event_id, reason, created_at)
        SELECT gen_random_uuid(), '{o}', 'channel_event', 'inbound', id, 'odd', now() - interval '31 days'
        FROM channel_events WHERE effect LIKE 'dead:%';
        INSERT INTO unparsed_webhooks (id, channel, body, reason, digest, received_at)
        SELECT pg_temp.id_of(age), 'whatsapp', '', 'odd', gen_random_uuid(), now() - age
        FROM (VALUES (interval '31 days'), ('29 days')) v (age)"
    );
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn deliveries_entries_and_raw_events_go_by_age_and_what_waits_stays() {
    let (database, of) = ready().await;
    let pool = database.pool();
    let client = pool.get().await.unwrap();
    fill_logs(&client, &of).await;
    purge(pool).await;
    let left = |sql: &'static str| number(pool, sql);
    assert_eq!(
        left("SELECT count(*) FROM webhook_deliveries WHERE seq IS NULL AND ended_at IS NULL").await,
        1
    );
    assert_eq!(
        left("SELECT count(*) FROM webhook_deliveries WHERE seq IS NULL AND ended_at IS NOT NULL").await,
        1
    );
    // What waited behind the one that has gone is next in its line.
    assert_eq!(left("SELECT count(*) FROM webhook_deliveries WHERE seq IS NOT NULL").await, 1);
    assert_eq!(left("SELECT count(*) FROM webhook_deliveries WHERE seq = 2 AND due_at IS NOT NULL").await, 1);
    assert_eq!(left("SELECT count(*) FROM audit_log WHERE action = '364 days'").await, 1);
    assert_eq!(left("SELECT count(*) FROM audit_log WHERE organization_id = resource_id").await, 1);
    let sql = "SELECT count(*) FROM channel_events WHERE received_at < now() - interval '30 days'";
    assert_eq!((left(sql).await, left("SELECT count(*) FROM channel_events").await), (2, 3));
    assert_eq!(left("SELECT count(*) FROM unparsed_webhooks").await, 1);
    // Nobody waits for a replay of it any more.
    execute(pool, "UPDATE dead_letters SET discarded_at = now() - interval '31 days'").await;
    purge(pool).await;
    assert_eq!((left(sql).await, left("SELECT count(*) FROM dead_letters").await), (1, 0));
    let policy = Policy { audit: Some(1), deliveries: Some(1), ..Policy::default() };
    retention::set(&client, of.organization, &policy).await.unwrap();
    purge(pool).await;
    assert_eq!(left("SELECT count(*) FROM audit_log WHERE organization_id = resource_id").await, 0);
    assert_eq!(left("SELECT count(*) FROM webhook_deliveries").await, 1);
    assert_eq!(retention::find(&client, OrganizationId::new()).await.unwrap(), Policy::default());
}

#[tokio::test]
async fn large_logs_are_gone_through_by_an_index() {
    let (database, _) = ready().await;
    let fill = "INSERT INTO organizations (id, name)
            SELECT gen_random_uuid(), 'O' || n FROM generate_series(1, 200) n;
        CREATE TEMPORARY TABLE o AS SELECT id, row_number() OVER () AS n FROM organizations;
        INSERT INTO events (id, organization_id, seq, type, at, payload)
        SELECT gen_random_uuid(), o.id, k, 'message.sent', now(), '{}' FROM o, generate_series(1, 300) k;
        INSERT INTO event_sequences SELECT id, 300 FROM o;
        INSERT INTO audit_log (id, organization_id, actor_type, action, resource_id)
        SELECT gen_random_uuid(), o.id, 'operator', 'x.y', o.id FROM o, generate_series(1, 300) k;
        INSERT INTO users (id, organization_id, name, email, role)
        SELECT gen_random_uuid(), id, 'Ada', 'ada' || n || '@example.com', 'owner' FROM o;
        INSERT INTO webhooks (id, organization_id, url, event_types, secret, since_seq, created_by)
        SELECT gen_random_uuid(), organization_id, 'https://example.com', '{*}', '', 0, id FROM users;
        INSERT INTO webhook_deliveries (id, organization_id, webhook_id, seq, event_id, event_type, due_at)
        SELECT gen_random_uuid(), organization_id, id, k, gen_random_uuid(), 'message.sent', now()
        FROM webhooks, generate_series(1, 300) k;
        INSERT INTO channel_events (organization_id, inbox_id, channel, kind, lane_key, payload, trace_id, received_at)
        SELECT id, id, 'whatsapp', 'other', id, '{}', id, now() FROM o, generate_series(1, 300) k;
        ANALYZE";
    // A session as it comes plans by what it knows of the tables, for any value.
    let (client, connection) =
        tokio_postgres::connect(database.url().expose(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(fill).await.unwrap();
    let ours = database.pool().get().await.unwrap();
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    for (name, sql) in retention::STATEMENTS {
        for session in [&client, &**ours] {
            let prepared = session.prepare(sql).await.unwrap();
            let nulls = vec!["NULL"; prepared.params().len()].join(", ");
            let prepare = format!("PREPARE p AS {sql}");
            session.batch_execute(&prepare).await.unwrap();
            let rows = session.query(&format!("EXPLAIN EXECUTE p ({nulls})"), &[]).await.unwrap();
            session.batch_execute("DEALLOCATE p").await.unwrap();
            let plan = rows.iter().map(|row| row.get(0)).collect::<Vec<String>>().join("\n");
            for table in ["events", "webhook_deliveries", "audit_log", "channel_events"] {
                assert!(!plan.contains(&format!("Seq Scan on {table} ")), "{name}:\n{plan}");
            }
        }
    }
}
