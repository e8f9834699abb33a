//! Holds a duty by lease and does its steps while it is held.

use std::time::{Duration, Instant};

use common::db::{Error, duties};
use common::metrics;

use super::Shared;

/// A duty's name and its pause when there was nothing to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duty {
    pub name: &'static str,
    pub idle: Duration,
}

/// How long a holder that died keeps others waiting.
const LEASE: Duration = Duration::from_secs(5);
const RENEW: Duration = Duration::from_millis(1_500);
/// Pause while another process holds the duty, or after a failed step.
const UNHELD: Duration = Duration::from_millis(500);

/// What a duty does.
pub(super) trait Step: Send + 'static {
    /// One bounded piece of work; says whether more is waiting.
    fn step(&mut self, shared: &Shared) -> impl Future<Output = Result<bool, Error>> + Send;
}

impl Duty {
    /// Steps again and again while this process holds the duty: at once if more is waiting.
    pub(super) fn start<S: Step + Default>(self, shared: Shared, mut work: S) {
        let context = shared.context.clone();
        let (pool, holder, stop) = (context.pool.clone(), context.holder, context.shutdown.token.clone());
        let held = metrics::get().duties.with_label_values(&[self.name]);
        context.shutdown.spawn(async move {
            let mut renewed: Option<Instant> = None;
            let mut next = Instant::now();
            while !stop.is_cancelled() {
                if renewed.is_none_or(|at| at.elapsed() > RENEW) {
                    let asked = Instant::now();
                    let answer = duties::hold(&pool, self.name, holder, LEASE).await;
                    if renewed.is_none_or(|at| at.elapsed() > LEASE) {
                        // Another may have held it meanwhile: what was remembered is not to be trusted.
                        work = S::default();
                    }
                    renewed = matches!(answer, Ok(true)).then_some(asked);
                    held.set(i64::from(renewed.is_some()));
                }
                if renewed.is_none() {
                    next = Instant::now() + UNHELD;
                } else if next <= Instant::now() {
                    let pause = match work.step(&shared).await {
                        Ok(true) => Duration::ZERO,
                        Ok(false) => self.idle,
                        Err(error) => {
                            tracing::warn!(%error, duty = self.name, "a step failed");
                            UNHELD
                        }
                    };
                    next = Instant::now() + pause;
                }
                // A long pause is cut up, so that the lease is renewed meanwhile.
                let wait = next.saturating_duration_since(Instant::now()).min(RENEW);
                tokio::select! { () = tokio::time::sleep(wait) => (), () = stop.cancelled() => () }
            }
            if renewed.is_some()
                && let Err(error) = duties::release(&pool, self.name, holder).await
            {
                tracing::debug!(%error, duty = self.name, "the duty was not released; it will lapse");
            }
        });
    }
}
