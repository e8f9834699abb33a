//! Stopping: a signal cancels a token, tracked tasks finish, a deadline ends the wait.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks of one process and the token that tells them to stop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Cancelled when the process is asked to stop.
    pub token: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Spawns a task that `drain` waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Cancels the token at the first SIGTERM or SIGINT; a second one ends the process at once.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = self.token.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" }
            };
            let name = next().await;
            tracing::info!(signal = name, "stopping: finishing work in flight");
            token.cancel();
            next().await;
            tracing::warn!("second signal: stopping at once");
            std::process::exit(130);
        });
        Ok(())
    }

    /// Cancels the token and waits for every spawned task, at most `deadline`; says whether all ended.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok();
        if !ended {
            tracing::warn!(
                left = self.tracker.len(),
                "stopping with work unfinished; it will be taken up again"
            );
        }
        ended
    }
}
