//! Boots the api in process, on a free port.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use api::Listeners;
use common::config::{Config, MediaPlace, Secret, UserDirectory};
use common::crypto::ApiKeyToken;
use common::db::api_keys::{self, NewApiKey};
use common::domain::ids::UserId;
use common::domain::principal::{Role, Scope};
use common::http_client;
use common::shutdown::Shutdown;
use common::testing::{TestBroker, TestDatabase, Workspace, eventually, master_key, workspace};
use deadpool_postgres::Pool;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::answer::{Call, method};

/// What differs from the usual.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests a second of each key.
    pub rate: u32,
    /// Proxies that are trusted.
    pub trusted_proxies: &'static str,
    /// Whether connections and webhooks may name loopback addresses.
    pub loopback: bool,
    /// In place of the test's own database.
    pub database_url: Option<String>,
    /// The operator's directory of users.
    pub user_directory: Option<UserDirectory>,
    /// Most bytes of an upload.
    pub upload_limit: u64,
    /// Longest wait for an endpoint's answer.
    pub webhook_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: 100_000,
            trusted_proxies: "",
            loopback: true,
            database_url: None,
            user_directory: None,
            upload_limit: 100 << 20,
            webhook_timeout: Duration::from_secs(15),
        }
    }
}

/// A running api.
pub struct TestApp {
    /// Its address.
    pub address: SocketAddr,
    /// The provider's address.
    pub provider: String,
    /// Where files are kept.
    pub files: TempDir,
    database: TestDatabase,
    config: Config,
    _broker: TestBroker,
    http: reqwest::Client,
    shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
    _sandbox: DropGuard,
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

impl TestApp {
    /// Boots with the usual options.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Boots.
    pub async fn start_with(options: Options) -> Self {
        let (database, broker) = (TestDatabase::create().await, TestBroker::new());
        let (provider, sandbox) = start_sandbox().await;
        let listeners = Listeners { public: listener().await, internal: listener().await };
        let address = listeners.public.local_addr().unwrap();
        let mut config = config(&options);
        let files = tempfile::tempdir().unwrap();
        config.media.place = MediaPlace::Disk(files.path().to_owned());
        config.http.public_url = format!("http://{address}");
        config.broker = broker.config();
        config.database = database.config();
        if let Some(url) = options.database_url {
            config.database.url = Secret::new(url);
        }
        config.user_directory = options.user_directory;
        let shutdown = Shutdown::default();
        let running = tokio::spawn(api::run(config.clone(), listeners, shutdown.clone()));
        let http = http_client::build(Duration::from_secs(40)).unwrap();
        let app = Self {
            address,
            provider,
            files,
            database,
            config,
            _broker: broker,
            http,
            shutdown,
            running,
            _sandbox: sandbox,
        };
        let ready = async || app.http.get(app.url("/healthz")).send().await;
        eventually("the api answers", Duration::from_secs(10), ready).await;
        app
    }

    /// Connections to its database.
    pub fn pool(&self) -> &Pool {
        self.database.pool()
    }

    /// The configuration that it runs with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// An organization of its own, with an owner's key, a connection and an inbox.
    pub async fn workspace(&self) -> Workspace {
        workspace(self.pool(), &self.provider).await
    }

    /// A further key of a user.
    pub async fn key(&self, of: &Workspace, role: Role, scopes: &[Scope]) -> String {
        self.key_of(of, of.user, role, scopes).await
    }

    /// A further key of this user.
    pub async fn key_of(&self, of: &Workspace, user: UserId, role: Role, scopes: &[Scope]) -> String {
        let token = ApiKeyToken::mint();
        let new = NewApiKey { user, name: "Further key", role, scopes, expires_at: None };
        let client = self.pool().get().await.unwrap();
        api_keys::insert(&client, of.organization, new, &token).await.unwrap();
        token.token.expose().to_owned()
    }

    /// Runs SQL.
    pub async fn execute(&self, sql: &str) {
        self.pool().get().await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// A count by SQL.
    pub async fn count(&self, sql: &str) -> i64 {
        self.pool().get().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
    }

    /// How many files lie in the store, whole or not.
    pub fn stored_files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(self.files.path())
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A call.
    pub fn call(&self, name: &str, path: &str) -> Call {
        Call(self.http.request(method(name), self.url(path)))
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// A call to the provider.
    pub fn provider(&self, name: &str, path: &str) -> Call {
        Call(self.http.request(method(name), format!("{}{path}", self.provider)))
    }

    /// Stops the api, which must end long before its deadline.
    pub async fn stop(self) {
        self.shutdown.token.cancel();
        drop(self.http);
        tokio::time::timeout(Duration::from_secs(10), self.running).await.unwrap().unwrap().unwrap();
    }
}

fn config(options: &Options) -> Config {
    let source = |name: &str| match name {
        "DATABASE_URL" => Some("postgres://replaced".to_owned()),
        "AMQP_URL" => Some("amqp://replaced".to_owned()),
        "SWITCHBOARD_MASTER_KEY" => Some("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned()),
        "SWITCHBOARD_TRUSTED_PROXIES" => Some(options.trusted_proxies.to_owned()),
        "SWITCHBOARD_ALLOWED_API_URLS" if options.loopback => Some("loopback".to_owned()),
        "SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS" if options.loopback => Some("loopback".to_owned()),
        "SWITCHBOARD_WEBHOOK_ALLOW_HTTP" if options.loopback => Some("true".to_owned()),
        "SWITCHBOARD_WEBHOOK_RETRY_SECONDS" => Some("1,1,1".to_owned()),
        _ => None,
    };
    let mut config = Config::from_source(&source, "127.0.0.1:0").unwrap();
    config.master_key = master_key();
    config.http.rate_limit_per_second = NonZeroU32::new(options.rate).unwrap();
    config.media.most_bytes = options.upload_limit;
    config.webhooks.timeout = options.webhook_timeout;
    config.timings.shutdown = Duration::from_secs(30);
    config
}

/// The provider's address, and what stops it.
async fn start_sandbox() -> (String, DropGuard) {
    let (listener, stop) = (listener().await, CancellationToken::new());
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mail_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let settings = sandbox::Settings { mail_listen, ..sandbox::Settings::default() };
    tokio::spawn(sandbox::serve(listener, settings, stop.clone()));
    (address, stop.drop_guard())
}
