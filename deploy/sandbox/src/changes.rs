//! Tells those who look on that something happened; what, they ask for themselves.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long lookers-on wait for more to happen: a burst is told once, and what was told just before it was stored is there by then.
const LULL: Duration = Duration::from_millis(60);

/// Tells those who look on that something happened.
#[derive(Debug)]
pub struct Changes {
    /// Which run of the sandbox this is; everything it knew is gone after another.
    pub run: String,
    happened: watch::Sender<()>,
    closing: CancellationToken,
}

/// One who looks on.
#[derive(Debug)]
pub struct Onlooker {
    happened: watch::Receiver<()>,
    closing: CancellationToken,
}

impl Changes {
    /// Nothing has happened. Nobody looks on any longer once the token is cancelled.
    pub fn new(closing: CancellationToken) -> Self {
        Self { run: format!("{:016x}", rand::random::<u64>()), happened: watch::Sender::new(()), closing }
    }

    /// Something happened.
    pub fn tell(&self) {
        self.happened.send_modify(|()| ());
    }

    /// Looks on from now.
    pub fn look_on(&self) -> Onlooker {
        Onlooker { happened: self.happened.subscribe(), closing: self.closing.clone() }
    }
}

impl Onlooker {
    /// Waits until something has happened since; `false` when the sandbox stops.
    pub async fn wait(&mut self) -> bool {
        let wait = async {
            let told = self.happened.changed().await.is_ok();
            tokio::time::sleep(LULL).await;
            told
        };
        let told = self.closing.run_until_cancelled(wait).await.unwrap_or(false);
        self.happened.mark_unchanged();
        told
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_burst_is_told_once_and_stopping_ends_the_wait() {
        let closing = CancellationToken::new();
        let changes = Changes::new(closing.clone());
        let mut onlooker = changes.look_on();
        for _ in 0..1_000 {
            changes.tell();
        }
        assert!(onlooker.wait().await);
        assert_eq!(onlooker.wait().now_or_never(), None, "nothing happened since");
        closing.cancel();
        assert!(!onlooker.wait().await);
    }
}
