//! The servers to measure on: `DATABASE_URL` and `AMQP_URL`, which must be on this machine.

use anyhow::{Context, bail};
use url::Url;

/// Addresses of PostgreSQL and RabbitMQ.
#[derive(Debug, Clone)]
pub struct Servers {
    /// PostgreSQL; the database named here is only used to create others.
    pub postgres: Url,
    /// RabbitMQ.
    pub rabbitmq: Url,
}

impl Servers {
    /// Reads the environment; the usual local addresses where it says nothing.
    pub fn from_env() -> anyhow::Result<Self> {
        let postgres = read("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")?;
        let rabbitmq = read("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")?;
        Ok(Self { postgres, rabbitmq })
    }
}

fn read(name: &str, default: &str) -> anyhow::Result<Url> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned());
    // Of several brokers the first one is measured.
    let first = text.split(',').next().unwrap_or_default().trim();
    let url = Url::parse(first).with_context(|| format!("{name} is not a URL"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let local = host.parse::<std::net::IpAddr>().map_or(host == "localhost", |address| address.is_loopback());
    if !local {
        bail!("{name} leads to {host}: only servers on this machine (127.0.0.1) can be measured");
    }
    Ok(url)
}
