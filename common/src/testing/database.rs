//! A migrated database for one test: copied from a template, dropped at the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::leftovers;
use crate::config::{Database, Secret};
use crate::db;
use crate::db::migrate::{MIGRATIONS, migrate};

/// A private database; dropped with this value.
pub struct TestDatabase {
    server: String,
    name: String,
    url: Secret,
    pool: Pool,
}

fn server_url() -> String {
    std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into())
}

fn url_of(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).expect("DATABASE_URL is an address");
    url.set_path(database);
    url.to_string()
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Makes the migrated template once for each state of the migrations, whichever process comes first.
async fn template(server: &str, admin: &Client) -> String {
    let mut hash = Sha256::new();
    MIGRATIONS.iter().for_each(|migration| hash.update(migration.sql));
    // Only its owner may copy a database, and several roles may test on one server.
    let role: String = admin.query_one("SELECT current_user::text", &[]).await.expect("query").get(0);
    hash.update(role);
    let name = format!("switchboard_template_{}", &hex::encode(hash.finalize())[..16]);
    admin.execute("SELECT pg_advisory_lock(7245001)", &[]).await.expect("lock");
    let found =
        admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.expect("query");
    if found.is_none() {
        let draft = format!("{name}_draft");
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {draft}")).await.expect("drop");
        admin.batch_execute(&format!("CREATE DATABASE {draft}")).await.expect("create");
        let mut client = connect(&url_of(server, &draft)).await.expect("the draft");
        migrate(&mut client).await.expect("migrations apply");
        drop(client);
        // The session goes away a moment after its client.
        while admin.batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {name}")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    admin.execute("SELECT pg_advisory_unlock(7245001)", &[]).await.expect("unlock");
    name
}

impl TestDatabase {
    /// A fresh migrated database.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn create() -> Self {
        Self::create_on(&server_url()).await
    }

    /// A fresh migrated database on the server at this address, whose role may create databases.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn create_on(server: &str) -> Self {
        let admin = connect(server).await.expect("PostgreSQL for tests; see DATABASE_URL");
        static SWEPT: AtomicBool = AtomicBool::new(false);
        if !SWEPT.swap(true, Ordering::Relaxed) {
            let _best_effort = leftovers::drop_databases(&admin).await;
        }
        let template = template(server, &admin).await;
        let name = format!("{}{}", leftovers::DATABASE, Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log");
        admin.batch_execute(&create).await.expect("create a database");
        let url = Secret::new(url_of(server, &name));
        let pool = db::pool(&Database { url: url.clone(), pool: 8 }, "test").expect("pool");
        Self { server: server.to_owned(), name, url, pool }
    }

    /// Its address.
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// Connections to it.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Its configuration section.
    pub fn config(&self) -> Database {
        Database { url: self.url.clone(), pool: 12 }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (std::mem::take(&mut self.server), std::mem::take(&mut self.name));
        // Dropping is synchronous and the test's runtime may be ending, so this takes a runtime of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("runtime").block_on(async move {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let dropped = async { connect(&server).await?.batch_execute(&drop).await };
                // A test that failed may leave its server frozen.
                let _best_effort = tokio::time::timeout(Duration::from_secs(20), dropped).await;
            });
        });
        let _best_effort = dropping.join();
    }
}
