//! How many requests a key, link or embed may send: a steady rate, and twice that at once.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use common::domain::principal::Credential;
use common::problem::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often keys that are no longer in use are forgotten.
const FORGET: Duration = Duration::from_secs(60);

/// The rate limit of every key, link and embed.
#[derive(Debug)]
pub struct RateLimit {
    keys: DefaultKeyedRateLimiter<Credential>,
    clock: DefaultClock,
}

impl RateLimit {
    /// `per_second` requests of each key, and twice as many at once.
    pub fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(per_second.saturating_mul(TWICE));
        Self { keys: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts a request of `key`.
    ///
    /// # Errors
    /// 429 with `Retry-After` when the key has sent too many.
    pub fn check(&self, key: Credential) -> Result<(), Problem> {
        self.keys.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()).as_secs() + 1;
            let detail = "This key sends requests faster than it may";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
                .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
        })
    }

    /// Forgets keys whose allowance is full again, until the process stops.
    pub async fn forget_unused(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(FORGET)).await.is_some() {
            self.keys.retain_recent();
        }
    }
}

/// How many tokens may be exchanged for sessions: of each link or embed, from each address.
#[derive(Debug)]
pub struct Exchanges {
    counted: DefaultKeyedRateLimiter<(Uuid, IpAddr)>,
    clock: DefaultClock,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self { counted: RateLimiter::keyed(Quota::per_minute(EXCHANGES)), clock: DefaultClock::default() }
    }
}

impl Exchanges {
    /// Counts an exchange.
    ///
    /// # Errors
    /// 429 with `Retry-After` when there were too many.
    pub fn check(&self, guest: Uuid, address: IpAddr) -> Result<(), Problem> {
        self.counted.check_key(&(guest, subscriber(address))).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()).as_secs() + 1;
            let detail = "Sessions are begun faster than they may be";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
                .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
        })
    }

    /// Forgets those whose allowance is full again, until the process stops.
    pub async fn forget_unused(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(FORGET)).await.is_some() {
            self.counted.retain_recent();
        }
    }
}

/// Whom an address is of: in IPv6, one subscriber has a network of 64 bits and more addresses than can be counted.
fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// Exchanges a minute: several people of one house may share an address.
const EXCHANGES: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
const TWICE: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_sends_too_much_is_told_when_to_go_on_and_others_are_not_affected() {
        let limit = RateLimit::new(NonZeroU32::new(5).unwrap());
        let key = || Credential::ApiKey(common::domain::ids::ApiKeyId::new());
        let (busy, quiet) = (key(), key());
        for _ in 0..10 {
            limit.check(busy).unwrap();
        }
        let problem = limit.check(busy).unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.retry_after), (429, Some(1)));
        limit.check(quiet).unwrap();
    }

    #[test]
    fn exchanges_are_counted_by_link_and_by_whom_an_address_is_of() {
        let (exchanges, link) = (Exchanges::default(), Uuid::now_v7());
        let check = |link, address: &str| exchanges.check(link, address.parse().unwrap());
        for n in 0..EXCHANGES.get() {
            check(link, &format!("2001:db8::{n:x}")).unwrap();
        }
        assert_eq!(check(link, "2001:db8::ffff").unwrap_err().code, "rate_limited");
        check(link, "2001:db8:0:1::1").unwrap();
        check(link, "192.0.2.1").unwrap();
        check(Uuid::now_v7(), "2001:db8::1").unwrap();
    }
}
