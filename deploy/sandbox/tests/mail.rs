//! Email: the SMTP server, word for word, what is kept, faults, and the page.

use sandbox::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{DEADLINE, Sandbox, boot_with, calm};

/// An SMTP client that says what it is told to.
struct Smtp(BufReader<TcpStream>);

impl Smtp {
    async fn connect(sandbox: &Sandbox) -> Self {
        let (_, caught) = sandbox.control("GET", "/mail", None).await;
        let mut smtp =
            Self(BufReader::new(TcpStream::connect(caught["address"].as_str().unwrap()).await.unwrap()));
        assert_eq!(smtp.hear().await, "220 sandbox ESMTP");
        smtp
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// The last line of a reply.
    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            timeout(DEADLINE, self.0.read_line(&mut line)).await.unwrap().unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    /// Hands an email over; the reply to its end.
    async fn send(&mut self, recipient: &str, raw: &[u8]) -> String {
        for (line, code) in [
            ("MAIL FROM:<inbox@example.com>".to_owned(), "250"),
            (format!("RCPT TO:<{recipient}>"), "250"),
            ("DATA".to_owned(), "354"),
        ] {
            let reply = self.ask(&line).await;
            assert!(reply.starts_with(code), "{line}: {reply}");
        }
        self.say(&[raw, b"\r\n.\r\n"].concat()).await;
        self.hear().await
    }
}

const EMAIL: &str = "From: Inbox <inbox@example.com>\r\nTo: ann@example.com\r\nSubject: =?utf-8?b?Wm/DqyDwn6ac?=\r\n\
    Message-ID: <1@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello";

async fn boot() -> Sandbox {
    let mail_listen = Some(([127, 0, 0, 1], 0).into());
    boot_with(Settings { mail_listen, behaviour: calm(), ..Settings::default() }).await
}

async fn emails(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    sandbox.control("GET", path, None).await.1["emails"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_email_is_kept_as_it_was_said() {
    let sandbox = boot().await;
    let mut smtp = Smtp::connect(&sandbox).await;
    assert!(smtp.ask("EHLO test").await.starts_with("250 "));
    assert_eq!(smtp.ask("AUTH PLAIN AHVzZXIAcGFzcw==").await, "235 2.7.0 welcome");
    let reply = smtp.send("Ann@example.com", format!("{EMAIL}\r\n..dotted").as_bytes()).await;
    assert_eq!(reply, "250 2.0.0 kept as 1");
    let email = emails(&sandbox, "/mail?recipient=ann@example.com").await.remove(0);
    assert_eq!(email["subject"], "Zoë 🦜");
    assert_eq!(email["text"], "Hello\r\n.dotted\r\n");
    assert_eq!(email["messageId"], "1@example.com");
    assert_eq!((&email["sender"], &email["user"]), (&json!("inbox@example.com"), &json!("user")));
    assert_eq!(email["from"], json!({ "name": "Inbox", "address": "inbox@example.com" }));
    assert!(emails(&sandbox, "/mail?recipient=ben@example.com").await.is_empty());
    assert_eq!(sandbox.control("DELETE", "/mail", None).await, (200, json!({ "deleted": 1 })));
    assert!(emails(&sandbox, "/mail").await.is_empty());
    assert_eq!(smtp.send("ann@example.com", EMAIL.as_bytes()).await, "250 2.0.0 kept as 2");
    assert_eq!(smtp.ask("QUIT").await, "221 2.0.0 goodbye");
}

#[tokio::test]
async fn commands_come_in_their_order_one_by_one_or_together() {
    let sandbox = boot().await;
    let mut smtp = Smtp::connect(&sandbox).await;
    for (line, code) in [
        ("MAIL FROM:<a@example.com>", "503"),
        ("EHLO test", "250"),
        ("RCPT TO:<b@example.com>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:a@example.com>", "501"),
        ("MAIL FROM:<a@example.com> SIZE=99999999", "552"),
        ("MAIL FROM:<a@example.com>", "250"),
        ("MAIL FROM:<a@example.com>", "503"),
        ("DATA", "503"),
        ("NOOP", "250"),
        ("RSET", "250"),
        ("RCPT TO:<b@example.com>", "503"),
        ("AUTH PLAIN AHVzZXIAd3Jvbmc=", "535"),
        ("AUTH LOGIN", "504"),
        ("STARTTLS", "502"),
        ("SHOUT", "500"),
    ] {
        let reply = smtp.ask(line).await;
        assert!(reply.starts_with(code), "{line}: {reply}");
    }
    let envelope =
        "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n";
    smtp.say(envelope.as_bytes()).await;
    for code in ["250", "250", "250", "354"] {
        assert!(smtp.hear().await.starts_with(code));
    }
    smtp.say(format!("{EMAIL}\r\n.\r\nNOOP\r\n").as_bytes()).await;
    assert!(smtp.hear().await.starts_with("250 2.0.0 kept"));
    assert_eq!(smtp.hear().await, "250 2.0.0 ok");
    assert_eq!(emails(&sandbox, "/mail").await[0]["recipients"], json!(["b@example.com", "c@example.com"]));
}

#[tokio::test]
async fn content_that_smtp_does_not_allow_is_refused() {
    let sandbox = boot().await;
    let mut smtp = Smtp::connect(&sandbox).await;
    smtp.ask("EHLO test").await;
    let long = format!("{EMAIL}\r\n{}", "x".repeat(999));
    for (raw, fault) in [
        ("Subject: a\n\nb".as_bytes(), "does not end with CR LF"),
        (b"Subject: a\r\n\r\nb\rc", "has a CR within a line"),
        (long.as_bytes(), "has a line of more than 998 octets"),
        ("Subject: a\r\n\r\nZoë".as_bytes(), "was not announced"),
    ] {
        let reply = smtp.send("ann@example.com", raw).await;
        assert!(reply.starts_with("554 ") && reply.ends_with(fault), "{reply}");
    }
    assert!(emails(&sandbox, "/mail").await.is_empty());
    smtp.ask("MAIL FROM:<a@example.com>").await;
    smtp.ask("RCPT TO:<b@example.com>").await;
    smtp.ask("DATA").await;
    smtp.say(&vec![b'x'; (10 << 20) + 1]).await;
    assert!(smtp.hear().await.starts_with("552 "));
    assert_eq!(smtp.0.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0, "the connection is closed");
}

#[tokio::test]
async fn faults_refuse_delay_and_hold_as_often_as_they_were_ordered() {
    let sandbox = boot().await;
    let order = async |rule: Value| sandbox.control("POST", "/mail/faults", Some(&rule)).await.0;
    assert_eq!(
        order(json!({ "recipient": "ann@example.com", "times": 1, "fault": { "refuse": { "code": 451 } } }))
            .await,
        201
    );
    assert_eq!(
        order(json!({ "times": 1, "fault": { "refuse": { "code": 550, "text": "5.1.1 no" } } })).await,
        201
    );
    for wrong in [
        json!({ "fault": {} }),
        json!({ "fault": { "refuse": { "code": 250 } } }),
        json!({ "fault": { "refuse": { "code": 550, "text": "a\r\nb" } } }),
        json!({ "times": 0, "fault": { "holdMs": 1 } }),
        json!({ "fault": { "delayMs": 90_000_000 } }),
        json!({ "fault": { "surprise": 1 } }),
    ] {
        assert_eq!(order(wrong.clone()).await, 400, "{wrong}");
    }
    let mut smtp = Smtp::connect(&sandbox).await;
    smtp.ask("EHLO test").await;
    smtp.ask("MAIL FROM:<a@example.com>").await;
    assert_eq!(
        smtp.ask("RCPT TO:<ann@example.com>").await,
        "451 4.1.1 <ann@example.com>: refused on request"
    );
    assert_eq!(smtp.ask("RCPT TO:<ann@example.com>").await, "550 5.1.1 no");
    assert_eq!(smtp.ask("RCPT TO:<ann@example.com>").await, "250 2.1.5 ok");
    smtp.ask("RSET").await;
    // Kept at once, answered later: whoever hangs up meanwhile has sent it all the same.
    assert_eq!(order(json!({ "fault": { "holdMs": 3_600_000 } })).await, 201);
    smtp.say(
        format!("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n{EMAIL}\r\n.\r\n")
            .as_bytes(),
    )
    .await;
    sandbox
        .until("/mail", |caught| caught["emails"].as_array().is_some_and(|emails| emails.len() == 1))
        .await;
    let (_, listed) = sandbox.control("GET", "/mail/faults", None).await;
    assert_eq!(listed, json!({ "faults": [{ "fault": { "holdMs": 3_600_000 } }] }));
    assert_eq!(sandbox.control("DELETE", "/mail/faults", None).await, (200, json!({ "deleted": 1 })));
}

#[tokio::test]
async fn an_email_as_html_can_run_and_load_nothing() {
    let sandbox = boot_with(Settings { behaviour: calm(), ..Settings::default() }).await;
    assert_eq!(sandbox.control("GET", "/mail", None).await.1, json!({ "address": null, "emails": [] }));
    assert_eq!(sandbox.control("GET", "/mail/1/html", None).await.0, 404);
    let sandbox = boot().await;
    let mut smtp = Smtp::connect(&sandbox).await;
    assert!(smtp.ask("EHLO test").await.starts_with("250 "));
    let html = "Content-Type: text/html\r\n\r\n<p>Hello</p><script>1</script>";
    assert_eq!(smtp.send("ann@example.com", html.as_bytes()).await, "250 2.0.0 kept as 1");
    let page = sandbox.client.get(sandbox.url("/mail/1/html")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; img-src data:;"), "{policy}");
    assert!(policy.ends_with("sandbox allow-popups allow-popups-to-escape-sandbox"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.starts_with("<base target=\"_blank\"><p>Hello</p>"), "{html}");
}
