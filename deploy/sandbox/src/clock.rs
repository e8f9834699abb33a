//! Time as the sandbox counts it: microseconds since it started, and their wall time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Microseconds since the sandbox started.
pub type Micros = u64;

/// One millisecond.
pub const MILLISECOND: Micros = 1_000;

/// Monotonic time tied once to wall time, so that statuses never step back.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    wall_origin: Duration,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        let wall_origin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), wall_origin }
    }

    /// Now.
    pub fn now(&self) -> Micros {
        self.origin.elapsed().as_micros() as Micros
    }

    /// The instant of a time of this clock.
    pub fn instant(&self, at: Micros) -> Instant {
        self.origin + Duration::from_micros(at)
    }

    /// Seconds since 1970 of a time of this clock.
    pub fn unix_seconds(&self, at: Micros) -> u64 {
        (self.wall_origin + Duration::from_micros(at)).as_secs()
    }

    /// The date and time of a time of this clock.
    pub fn utc(&self, at: Micros) -> chrono::DateTime<chrono::Utc> {
        let milliseconds = (self.wall_origin + Duration::from_micros(at)).as_millis() as i64;
        chrono::DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
    }

    /// RFC 3339 with milliseconds of a time of this clock.
    pub fn rfc3339(&self, at: Micros) -> String {
        self.utc(at).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }
}
