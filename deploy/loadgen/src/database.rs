//! A private database for one measurement, dropped with its value.

use anyhow::Context;
use tokio_postgres::{Client, NoTls};
use url::Url;
use uuid::Uuid;

use crate::servers::Servers;

/// A database that nobody else uses.
pub struct PrivateDatabase {
    name: String,
    server: Url,
    url: Url,
}

async fn connect(url: &Url) -> anyhow::Result<Client> {
    let connected = tokio_postgres::connect(url.as_str(), NoTls).await;
    let (client, connection) = connected.context("PostgreSQL cannot be reached: see DATABASE_URL")?;
    tokio::spawn(connection);
    Ok(client)
}

impl PrivateDatabase {
    /// An empty database.
    pub async fn create(servers: &Servers) -> anyhow::Result<Self> {
        let name = format!("loadgen_{}", Uuid::new_v4().simple());
        let admin = connect(&servers.postgres).await?;
        let mut url = servers.postgres.clone();
        url.set_path(&name);
        let created = Self { name, server: servers.postgres.clone(), url };
        admin
            .batch_execute(&format!("CREATE DATABASE {}", created.name))
            .await
            .context("create a database")?;
        Ok(created)
    }

    /// A database with the product's tables.
    pub async fn create_migrated(servers: &Servers) -> anyhow::Result<Self> {
        let created = Self::create(servers).await?;
        common::db::migrate::migrate(&mut created.connect().await?).await?;
        Ok(created)
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A session.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        connect(&self.url).await
    }
}

impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // The runtime may be ending, so this takes one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let admin = connect(&server).await?;
                // Without FORCE, which an autovacuum at work makes fail for all but a superuser; a plain DROP ends that itself.
                let ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user";
                admin.query(ours, &[&name]).await?;
                anyhow::Ok(admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?)
            })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            crate::report::progress("a private database named loadgen_… could not be dropped");
        }
    }
}
