//! All configuration, from the environment, checked once at start.
//!
//! Variables and defaults are listed in `.env.example`; every section below names its own.

mod channels;
mod env;
mod master_key;
mod media;
mod networks;
mod notifications;
mod retention;
mod secret;
mod webhooks;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use channels::{AllowedUrls, Channels};
pub use env::{ConfigError, Reader};
pub use master_key::MasterKey;
pub use media::{Media, MediaPlace};
pub use notifications::{Mail, Notifications};
pub use retention::{MOST_DAYS, Retention};
pub use secret::Secret;
pub use webhooks::Webhooks;

/// Everything a process needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// PostgreSQL: `DATABASE_URL`, `SWITCHBOARD_DATABASE_POOL`.
    pub database: Database,
    /// RabbitMQ: `AMQP_URL`, `SWITCHBOARD_QUEUE_PREFIX`.
    pub broker: Broker,
    /// Listeners and public address: `SWITCHBOARD_LISTEN`, `_INTERNAL_LISTEN`, `_PUBLIC_URL`, `_WEBHOOK_URL`,
    /// `_RATE_LIMIT_PER_SECOND`, `_TRUSTED_PROXIES`.
    pub http: Http,
    /// Providers' addresses: `SWITCHBOARD_GRAPH_URL`, `_GRAPH_VERSION`, `_TWILIO_URL`, `_TWILIO_MESSAGING_URL`, `_ALLOWED_API_URLS`.
    pub channels: Channels,
    /// Files: `SWITCHBOARD_MEDIA_URL`, `SWITCHBOARD_MEDIA_MAX_BYTES`; S3's `AWS_…` variables.
    pub media: Media,
    /// Timings of the pipeline: `SWITCHBOARD_LEASE_SECONDS` and so on.
    pub timings: Timings,
    /// The operator's own directory of users: `SWITCHBOARD_USER_DIRECTORY_URL`, `_USER_DIRECTORY_TOKEN`; none unless set.
    pub user_directory: Option<UserDirectory>,
    /// Telling people: `SWITCHBOARD_SMTP_URL`, `_MAIL_FROM`, `_CONVERSATION_URL`, `_NOTIFICATION_DELAY_SECONDS`.
    pub notifications: Notifications,
    /// Outbound webhooks: `SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS`, `_ALLOW_HTTP`, `_TIMEOUT_SECONDS`, `_RETRY_SECONDS`, `_DISABLE_AFTER_HOURS`.
    pub webhooks: Webhooks,
    /// How long logs are kept: `SWITCHBOARD_RETENTION_EVENTS_DAYS`, `_DELIVERIES_DAYS`, `_AUDIT_DAYS`, `_CHANNEL_EVENTS_DAYS`.
    pub retention: Retention,
    /// The key that seals credentials: `SWITCHBOARD_MASTER_KEY`, base64 of 32 bytes.
    pub master_key: MasterKey,
}

/// Connection to PostgreSQL.
#[derive(Debug, Clone)]
pub struct Database {
    /// `postgres://…`; holds a password.
    pub url: Secret,
    /// Most connections of one process.
    pub pool: usize,
}

/// Connection to RabbitMQ.
#[derive(Debug, Clone)]
pub struct Broker {
    /// `amqp://…`, tried in turn; they hold passwords.
    pub urls: Vec<Secret>,
    /// First part of every exchange and queue name.
    pub prefix: String,
}

/// Listeners.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where the api listens for clients and channel webhooks.
    pub listen: SocketAddr,
    /// Where metrics, health and readiness are served.
    pub internal_listen: SocketAddr,
    /// The address under which clients reach the api, without a trailing slash.
    pub public_url: String,
    /// The address under which providers reach the api, without a trailing slash, where that is another.
    pub webhook_url: Option<String>,
    /// Requests a second of each API key; twice as many at once.
    pub rate_limit_per_second: NonZeroU32,
    /// Proxies that are believed when they tell whom a request comes from.
    pub trusted_proxies: Vec<IpNet>,
}

/// Where the operator's own directory of users is asked for names and pictures.
#[derive(Debug, Clone)]
pub struct UserDirectory {
    /// Its address.
    pub url: Url,
    /// The token that it takes, if it takes one.
    pub token: Option<Secret>,
}

/// Timings that operators may set; the defaults suit production.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// How long a claim holds before another worker may act on the lane.
    pub lease: Duration,
    /// Longest wait for a provider's answer; must stay well under the lease.
    pub provider_timeout: Duration,
    /// How long an uncertain attempt waits for evidence.
    pub evidence_wait: Duration,
    /// How long an admitted lane may stay unclaimed before it is admitted again.
    pub readmit: Duration,
    /// First wait after a transient failure.
    pub retry_first: Duration,
    /// Longest wait after a transient failure.
    pub retry_most: Duration,
    /// How often the provider is asked about each inbox.
    pub inbox_check: Duration,
    /// Longest time for a process to finish its work when asked to stop.
    pub shutdown: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            provider_timeout: Duration::from_secs(20),
            evidence_wait: Duration::from_secs(120),
            readmit: Duration::from_secs(30),
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(600),
            inbox_check: Duration::from_secs(600),
            shutdown: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Reads and checks the process environment.
    ///
    /// # Errors
    /// Every fault at once, each naming its variable.
    pub fn from_env(default_internal: &str) -> Result<Self, ConfigError> {
        Self::from_source(&|name| std::env::var(name).ok(), default_internal)
    }

    /// Reads and checks variables from `source`.
    ///
    /// # Errors
    /// Every fault at once, each naming its variable.
    pub fn from_source(source: env::Source<'_>, default_internal: &str) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(source);
        let config = Self {
            database: Database::read(&mut reader),
            broker: Broker::read(&mut reader),
            http: Http::read(&mut reader, default_internal),
            channels: Channels::read(&mut reader),
            media: Media::read(&mut reader),
            timings: Timings::read(&mut reader),
            user_directory: UserDirectory::read(&mut reader),
            notifications: Notifications::read(&mut reader),
            webhooks: Webhooks::read(&mut reader),
            retention: Retention::read(&mut reader),
            master_key: MasterKey::read(&mut reader),
        };
        reader.finish(config)
    }
}

impl Database {
    /// Reads this section alone, for tools that need nothing else.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let url =
            reader.secret("DATABASE_URL", "the PostgreSQL address, such as postgres://user@host/database");
        if !url.expose().is_empty() && url.expose().parse::<tokio_postgres::Config>().is_err() {
            reader.fault(
                "DATABASE_URL is not valid: expected an address such as postgres://user@host/database",
            );
        }
        let pool = reader.number("SWITCHBOARD_DATABASE_POOL", 16, (2, 500));
        Self { url, pool: usize::try_from(pool).unwrap_or(16) }
    }
}

impl Broker {
    /// Reads this section alone, for tools that need nothing else.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let urls: Vec<_> = reader.list("AMQP_URL").into_iter().map(Secret::new).collect();
        if urls.is_empty() {
            reader.fault("AMQP_URL is not set: one or more RabbitMQ addresses, such as amqp://user:password@host/vhost");
        }
        for (place, url) in urls.iter().enumerate() {
            if url.expose().parse::<lapin::uri::AMQPUri>().is_err() {
                reader.fault(format!(
                    "AMQP_URL is not valid: address {} of {} cannot be read; expected addresses such as \
                     amqp://user:password@host/vhost",
                    place + 1,
                    urls.len()
                ));
            }
        }
        let prefix = reader.get("SWITCHBOARD_QUEUE_PREFIX").unwrap_or_else(|| "switchboard".into());
        if prefix.len() > 100 || !prefix.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            reader.fault("SWITCHBOARD_QUEUE_PREFIX may hold letters, digits, '-', '_' and '.', at most 100");
        }
        Self { urls, prefix }
    }
}

impl Http {
    fn read(reader: &mut Reader<'_>, default_internal: &str) -> Self {
        let address = |reader: &mut Reader<'_>, name: &str, default: &str| {
            let fallback = SocketAddr::from(([127, 0, 0, 1], 0));
            let default = default.parse().unwrap_or(fallback);
            reader.parsed(name, default, "an address with a port, such as 127.0.0.1:8080")
        };
        let listen = address(reader, "SWITCHBOARD_LISTEN", "127.0.0.1:8080");
        let internal_listen = address(reader, "SWITCHBOARD_INTERNAL_LISTEN", default_internal);
        let public_url = reader.get("SWITCHBOARD_PUBLIC_URL").unwrap_or_else(|| format!("http://{listen}"));
        if Url::parse(&public_url).map_or(true, |url| !url.has_host()) {
            reader.fault(
                "SWITCHBOARD_PUBLIC_URL is not valid: expected an address such as https://inbox.example.com",
            );
        }
        let public_url = public_url.trim_end_matches('/').to_owned();
        let webhook_url = reader.get("SWITCHBOARD_WEBHOOK_URL");
        if webhook_url.as_ref().is_some_and(|url| Url::parse(url).map_or(true, |url| !url.has_host())) {
            reader.fault(
                "SWITCHBOARD_WEBHOOK_URL is not valid: expected an address such as https://hooks.example.com",
            );
        }
        let webhook_url = webhook_url.map(|url| url.trim_end_matches('/').to_owned());
        let rate = reader.number("SWITCHBOARD_RATE_LIMIT_PER_SECOND", 1_000, (1, 1_000_000));
        let rate = u32::try_from(rate).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let trusted_proxies = networks::networks(reader, "SWITCHBOARD_TRUSTED_PROXIES");
        Self {
            listen,
            internal_listen,
            public_url,
            webhook_url,
            rate_limit_per_second: rate,
            trusted_proxies,
        }
    }

    /// The address under which providers reach the api, without a trailing slash.
    pub fn webhook_base(&self) -> &str {
        self.webhook_url.as_deref().unwrap_or(&self.public_url)
    }
}

impl UserDirectory {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.get("SWITCHBOARD_USER_DIRECTORY_URL")?;
        let url =
            Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            reader.fault("SWITCHBOARD_USER_DIRECTORY_URL is not valid: expected an http or https address");
        }
        let token = reader.get("SWITCHBOARD_USER_DIRECTORY_TOKEN").map(Secret::new);
        Some(Self { url: url?, token })
    }
}

impl Timings {
    fn read(reader: &mut Reader<'_>) -> Self {
        let defaults = Self::default();
        let mut seconds = |name: &str, default: Duration, most: u64| {
            Duration::from_secs(reader.number(name, default.as_secs(), (1, most)))
        };
        let timings = Self {
            lease: seconds("SWITCHBOARD_LEASE_SECONDS", defaults.lease, 3600),
            provider_timeout: seconds(
                "SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS",
                defaults.provider_timeout,
                1800,
            ),
            evidence_wait: seconds("SWITCHBOARD_EVIDENCE_WAIT_SECONDS", defaults.evidence_wait, 86_400),
            readmit: seconds("SWITCHBOARD_READMIT_SECONDS", defaults.readmit, 3600),
            retry_first: seconds("SWITCHBOARD_RETRY_FIRST_SECONDS", defaults.retry_first, 3600),
            retry_most: seconds("SWITCHBOARD_RETRY_MOST_SECONDS", defaults.retry_most, 86_400),
            inbox_check: seconds("SWITCHBOARD_INBOX_CHECK_SECONDS", defaults.inbox_check, 86_400),
            shutdown: seconds("SWITCHBOARD_SHUTDOWN_SECONDS", defaults.shutdown, 600),
        };
        if timings.provider_timeout >= timings.lease {
            reader.fault("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS must be less than SWITCHBOARD_LEASE_SECONDS");
        }
        timings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::from_source(
            &move |name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()),
            "127.0.0.1:9100",
        )
    }

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn every_fault_is_told_at_once_and_names_its_variable() {
        let faults = read(&[("SWITCHBOARD_LEASE_SECONDS", "soon"), ("SWITCHBOARD_MASTER_KEY", "short")])
            .unwrap_err()
            .0;
        for name in ["DATABASE_URL", "AMQP_URL", "SWITCHBOARD_LEASE_SECONDS", "SWITCHBOARD_MASTER_KEY"] {
            assert_eq!(faults.iter().filter(|f| f.starts_with(name)).count(), 1, "{name} in {faults:?}");
        }
    }

    #[test]
    fn a_time_out_as_long_as_the_lease_is_refused() {
        let pairs =
            [("DATABASE_URL", "postgres://x"), ("AMQP_URL", "amqp://x"), ("SWITCHBOARD_MASTER_KEY", KEY)];
        assert!(read(&pairs).is_ok());
        let slow = [pairs.as_slice(), &[("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS", "60")]].concat();
        assert_eq!(read(&slow).unwrap_err().0.len(), 1);
    }

    #[test]
    fn no_proxy_is_trusted_unless_it_is_named() {
        let pairs =
            [("DATABASE_URL", "postgres://x"), ("AMQP_URL", "amqp://x"), ("SWITCHBOARD_MASTER_KEY", KEY)];
        assert!(read(&pairs).unwrap().http.trusted_proxies.is_empty());
        let with = |list| [pairs.as_slice(), &[("SWITCHBOARD_TRUSTED_PROXIES", list)]].concat();
        assert_eq!(read(&with("10.0.0.0/8,fd00::1,loopback")).unwrap().http.trusted_proxies.len(), 4);
        assert_eq!(read(&with("10.0.0.0/33,proxy")).unwrap_err().0.len(), 2);
    }

    #[test]
    fn a_directory_of_users_is_an_address_or_none() {
        let pairs =
            [("DATABASE_URL", "postgres://x"), ("AMQP_URL", "amqp://x"), ("SWITCHBOARD_MASTER_KEY", KEY)];
        assert!(read(&pairs).unwrap().user_directory.is_none());
        let with = |url| [pairs.as_slice(), &[("SWITCHBOARD_USER_DIRECTORY_URL", url)]].concat();
        assert!(read(&with("https://users.example.com/v1")).unwrap().user_directory.is_some());
        assert_eq!(read(&with("users.example.com")).unwrap_err().0.len(), 1);
    }
}
