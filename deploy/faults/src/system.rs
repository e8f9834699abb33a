//! The parts of a whole Switchboard, wired to each other.

use std::collections::BTreeMap;

use base64::Engine as _;
use common::testing::{TestBroker, TestDatabase, Workspace, eventually, workspace, workspace_signed_with};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::{Client, Port, Process, SOON};

/// What differs between tests.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Replaces or adds to the processes' environment.
    pub environment: BTreeMap<String, String>,
    /// The PostgreSQL server to make the private database on, for tests with a server of their own.
    pub database_url: Option<String>,
    /// The broker to make the private queues on.
    pub amqp_url: Option<String>,
    /// Processes that are not started.
    pub without: Vec<&'static str>,
}

/// A whole Switchboard.
pub struct System {
    /// The api.
    pub api: Process,
    /// The workers that were started, by name.
    pub workers: BTreeMap<&'static str, Process>,
    /// The organization.
    pub workspace: Workspace,
    /// Its key, and the sandbox's control.
    pub client: Client,
    /// The private queues.
    pub broker: TestBroker,
    /// The private database; dropped last.
    pub database: TestDatabase,
    /// Where files are kept.
    pub files: TempDir,
    environment: BTreeMap<String, String>,
    stop: CancellationToken,
    _room: SemaphorePermit<'static>,
}

/// Systems at once, however many tests run: each takes up to forty of the hundred sessions that PostgreSQL has by default.
static ROOM: Semaphore = Semaphore::const_new(2);

impl System {
    /// Starts everything and waits until the api answers.
    ///
    /// # Errors
    /// When a part cannot be started.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let room = ROOM.acquire().await?;
        let database = match &options.database_url {
            Some(server) => TestDatabase::create_on(server).await,
            None => TestDatabase::create().await,
        };
        let broker = options.amqp_url.as_deref().map_or_else(TestBroker::new, TestBroker::on);
        let (api_port, stop) = (Port::reserve()?, CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sandbox_url = format!("http://{}", listener.local_addr()?);
        let mail_listen = Some(([127, 0, 0, 1], 0).into());
        let settings = sandbox::Settings { mail_listen, ..sandbox::Settings::default() };
        let serving = sandbox::serve(listener, settings, stop.clone());
        tokio::spawn(async move { serving.await.expect("the sandbox serves") });
        let workspace = workspace(database.pool(), &sandbox_url).await;
        let files = tempfile::tempdir()?;
        let api_url = format!("http://{}", api_port.address());
        let client =
            Client::new(api_url, sandbox_url, workspace.token.clone(), workspace.phone_number_id.clone())?;
        let mail = mail_address(&client).await;
        let mut environment = environment(&options, &database, &broker, (&api_port, &mail));
        let place = format!("file://{}", files.path().display());
        environment.entry("SWITCHBOARD_MEDIA_URL".into()).or_insert(place);
        let mut workers = BTreeMap::new();
        for name in ["relay", "inbound", "outbound"] {
            if !options.without.contains(&name) {
                workers.insert(name, start(name, &environment)?);
            }
        }
        let api = start("switchboard-api", &environment)?.with(api_port);
        let system =
            Self { api, workers, workspace, client, broker, database, files, environment, stop, _room: room };
        system.register(&system.workspace, "sandbox-app-secret").await?;
        system
            .client
            .sandbox_patch("/control/settings", &json!({ "pacing": false, "window": false }))
            .await?;
        system.api_ready().await;
        Ok(system)
    }

    /// One more organization with an account and a number of its own, and its client.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn another_workspace(&self, app_secret: &str) -> anyhow::Result<(Workspace, Client)> {
        let (pool, ours) = (self.database.pool(), &self.client);
        let other = workspace_signed_with(pool, &ours.sandbox_url, app_secret).await;
        self.register(&other, app_secret).await?;
        let (token, number) = (other.token.clone(), other.phone_number_id.clone());
        Ok((other, Client::new(ours.api_url.clone(), ours.sandbox_url.clone(), token, number)?))
    }

    /// Makes a workspace's number known to the sandbox.
    async fn register(&self, workspace: &Workspace, app_secret: &str) -> anyhow::Result<()> {
        let number = &workspace.phone_number_id;
        let account = json!({
            "wabaId": format!("waba-{number}"),
            "accessToken": "sandbox-access-token",
            "appSecret": app_secret,
            "verifyToken": "sandbox-verify-token",
            "webhookUrl": self.webhook_url(),
            "phoneNumbers": [{ "id": number, "displayPhoneNumber": "+1 555-000-0001", "verifiedName": "Test" }],
        });
        self.client.sandbox_post("/control/accounts", &account).await?;
        Ok(())
    }

    /// Where the provider posts webhooks to.
    pub fn webhook_url(&self) -> String {
        format!("{}/channels/whatsapp/webhook", self.client.api_url)
    }

    /// Sends the provider's webhooks elsewhere. Those that are not taken there are posted again.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn set_webhook_url(&self, url: &str) -> anyhow::Result<()> {
        let path = format!("/control/accounts/waba-{}", self.workspace.phone_number_id);
        self.client.sandbox_patch(&path, &json!({ "webhookUrl": url })).await.map(|_account| ())
    }

    /// Starts one more worker of this name, or one that was left out: `outbound-text` delivers texts, `outbound-rcs` by RCS.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_worker(&self, name: &str) -> anyhow::Result<Process> {
        self.start_worker_with(name, &[])
    }

    /// The same with other settings.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_worker_with(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<Process> {
        let mut environment = self.environment.clone();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        start(name, &environment)
    }

    /// Waits until the api answers.
    pub async fn api_ready(&self) {
        eventually("the api answers", SOON, async || self.client.api_get("/healthz").await).await;
    }

    /// The sandbox's ledger, in order of acceptance.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn ledger(&self) -> anyhow::Result<Vec<Value>> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let page = self.client.sandbox_get(&format!("/ledger?limit=1000&after={after}")).await?;
            let found = page["entries"].as_array().cloned().unwrap_or_default();
            if found.is_empty() {
                return Ok(entries);
            }
            after = page["next"].as_u64().unwrap_or(after);
            entries.extend(found);
        }
    }
}

/// Starts a process with an internal listener of its own.
fn start(name: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<Process> {
    let (mut environment, port) = (environment.clone(), Port::reserve()?);
    environment.insert("SWITCHBOARD_INTERNAL_LISTEN".into(), port.address());
    let (program, arguments): (&str, &[&str]) = match name {
        "outbound" => ("outbound", &["--channel", "whatsapp"]),
        "outbound-text" => ("outbound", &["--channel", "text"]),
        "outbound-rcs" => ("outbound", &["--channel", "rcs"]),
        name => (name, &[]),
    };
    Ok(Process::start(program, arguments, environment)?.with(port))
}

/// Where the sandbox's mail server listens.
async fn mail_address(client: &Client) -> String {
    eventually("the mail server listens", SOON, async || {
        let told = client.sandbox_get("/mail").await.map_err(|error| error.to_string())?;
        told["address"].as_str().map(str::to_owned).ok_or(told.to_string())
    })
    .await
}

fn environment(
    options: &Options,
    database: &TestDatabase,
    broker: &TestBroker,
    (api_port, mail): (&Port, &str),
) -> BTreeMap<String, String> {
    let amqp = broker.config().urls.iter().map(|url| url.expose().to_owned()).collect::<Vec<_>>().join(",");
    let key = base64::engine::general_purpose::STANDARD.encode([7; 32]);
    let mut environment: BTreeMap<String, String> = [
        ("DATABASE_URL", database.url().expose().to_owned()),
        ("AMQP_URL", amqp),
        ("SWITCHBOARD_QUEUE_PREFIX", broker.config().prefix),
        ("SWITCHBOARD_MASTER_KEY", key),
        ("SWITCHBOARD_LISTEN", api_port.address()),
        ("SWITCHBOARD_ALLOWED_API_URLS", "loopback".into()),
        ("SWITCHBOARD_DATABASE_POOL", "5".into()),
        ("SWITCHBOARD_SMTP_URL", format!("smtp://{mail}")),
        ("SWITCHBOARD_MAIL_FROM", "Inbox <inbox@example.com>".into()),
        ("SWITCHBOARD_CONVERSATION_URL", "https://app.example.com/inbox/{conversationId}".into()),
        ("SWITCHBOARD_RATE_LIMIT_PER_SECOND", "100000".into()),
        ("SWITCHBOARD_LOG", std::env::var("SWITCHBOARD_LOG").unwrap_or_else(|_| "error".into())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    environment.extend(options.environment.clone());
    environment
}

impl Drop for System {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
