//! Reads single figures off the processes' `/metrics`.

use anyhow::Context as _;

use crate::Process;

impl Process {
    /// The value of a series as it is written there, labels included; 0 while there is none.
    ///
    /// # Errors
    /// When the process does not answer.
    pub async fn metric(&self, series: &str) -> anyhow::Result<f64> {
        let text = self.internal("/metrics").await?;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(Ok(0.0), |value| value.parse().with_context(|| format!("{series} {value}")))
    }

    /// What the internal listener answers.
    ///
    /// # Errors
    /// When the process does not answer.
    pub async fn internal(&self, path: &str) -> anyhow::Result<String> {
        let http = common::http_client::build(std::time::Duration::from_secs(20))?;
        Ok(http.get(format!("{}{path}", self.internal_url())).send().await?.text().await?)
    }
}
