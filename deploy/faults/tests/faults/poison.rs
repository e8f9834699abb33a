//! An event that cannot be worked off is set aside after a few tries, and holds nobody up.

use common::testing::eventually;
use faults::{Options, Process, System, Webhook};
use serde_json::Value;

use crate::watch::{SOON, number};

const TRAP: &str = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.content->>'text' = 'poison' THEN RAISE EXCEPTION 'this one breaks'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER trap BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION trap()";

fn operator(system: &System, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let output = Process::run("switchboard", &arguments, system.api.environment()).unwrap();
    let (told, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {told} {complaint}");
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_event_becomes_a_dead_letter_and_its_lane_goes_on() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    system.database.pool().get().await.unwrap().batch_execute(TRAP).await.unwrap();
    let (poisoned, innocent) = ("15550004001", "15550004002");
    let batch = Webhook::new()
        .text(ours, poisoned, "wamid.P1", "before")
        .text(ours, innocent, "wamid.P2", "beside")
        .text(ours, poisoned, "wamid.P3", "poison")
        .text(ours, poisoned, "wamid.P4", "after")
        .text(ours, innocent, "wamid.P5", "beside it");
    assert_eq!(client.post_webhook(&batch).await.unwrap(), 200);
    let expected = [(poisoned, ["before", "after"]), (innocent, ["beside", "beside it"])];
    for (address, texts) in expected {
        eventually("the lane goes on", SOON, async || {
            let found = client.texts_with(address).await.map_err(|error| error.to_string())?;
            if found == texts { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    }
    assert_eq!(number(&system, "SELECT max(failures)::bigint FROM channel_events").await, 5);
    let list = operator(&system, &["dead-letters", "list"]);
    let letters = list.as_array().or_else(|| list["deadLetters"].as_array()).unwrap();
    assert_eq!(letters.len(), 1, "{list}");
    assert!(letters[0]["reason"].as_str().unwrap().contains("this one breaks"), "{list}");

    let untrap = "DROP TRIGGER trap ON messages";
    system.database.pool().get().await.unwrap().batch_execute(untrap).await.unwrap();
    operator(&system, &["dead-letters", "replay", letters[0]["id"].as_str().unwrap()]);
    eventually("the replayed message shows up", SOON, async || {
        let found = client.texts_with(poisoned).await.map_err(|error| error.to_string())?;
        if found == ["before", "after", "poison"] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}
