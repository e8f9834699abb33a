//! Outbound webhooks: which addresses they may go to beside public ones, and how long is tried.

use std::time::Duration;

use ipnet::IpNet;

use super::Reader;
use super::networks::networks;

/// What the api and the webhook worker need to know.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Networks that are allowed though they are not public.
    pub allowed_networks: Vec<IpNet>,
    /// Whether plain `http` is allowed.
    pub allow_http: bool,
    /// Longest wait for an endpoint's answer.
    pub timeout: Duration,
    /// The waits between the tries.
    pub retries: Vec<Duration>,
    /// How long an endpoint may fail before it is disabled.
    pub disable_after: Duration,
}

/// The waits between the ten tries, in seconds: in all, more than three days.
pub const RETRIES: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Most retries that can be set.
const MOST_RETRIES: usize = 30;

impl Webhooks {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let allowed_networks = networks(reader, "SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS");
        let allow_http = reader.parsed("SWITCHBOARD_WEBHOOK_ALLOW_HTTP", false, "true or false");
        let timeout = reader.number("SWITCHBOARD_WEBHOOK_TIMEOUT_SECONDS", 15, (1, 60));
        let hours = reader.number("SWITCHBOARD_WEBHOOK_DISABLE_AFTER_HOURS", 120, (1, 8_760));
        Self {
            allowed_networks,
            allow_http,
            timeout: Duration::from_secs(timeout),
            retries: retries(reader),
            disable_after: Duration::from_secs(hours * 3_600),
        }
    }
}

fn retries(reader: &mut Reader<'_>) -> Vec<Duration> {
    let given = reader.list("SWITCHBOARD_WEBHOOK_RETRY_SECONDS");
    if given.is_empty() {
        return RETRIES.map(Duration::from_secs).to_vec();
    }
    let read: Option<Vec<Duration>> = given
        .iter()
        .map(|text| text.parse().ok().filter(|seconds| *seconds <= 604_800).map(Duration::from_secs))
        .collect();
    read.filter(|waits| waits.len() <= MOST_RETRIES).unwrap_or_else(|| {
        reader.fault(format!(
            "SWITCHBOARD_WEBHOOK_RETRY_SECONDS is not valid: expected up to {MOST_RETRIES} waits of up to 604800 seconds, \
             separated by commas"
        ));
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Webhooks, Vec<String>> {
        let source =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut reader = Reader::new(&source);
        let read = Webhooks::read(&mut reader);
        reader.finish(read).map_err(|error| error.0)
    }

    #[test]
    fn nothing_but_the_public_network_over_tls_is_allowed_unless_it_is_named() {
        let webhooks = read(&[]).unwrap();
        assert!(webhooks.allowed_networks.is_empty() && !webhooks.allow_http);
        assert_eq!(webhooks.retries.len(), 9);
        let some = read(&[("SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS", "loopback,10.1.0.0/16,fd00::1")]).unwrap();
        assert_eq!(some.allowed_networks.len(), 4);
        assert!(some.allowed_networks[3].contains(&"fd00::1".parse::<std::net::IpAddr>().unwrap()));
    }

    #[test]
    fn every_fault_names_its_variable() {
        for (name, value) in [
            ("SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS", "intranet"),
            ("SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS", "10.0.0.0/40"),
            ("SWITCHBOARD_WEBHOOK_ALLOW_HTTP", "perhaps"),
            ("SWITCHBOARD_WEBHOOK_TIMEOUT_SECONDS", "0"),
            ("SWITCHBOARD_WEBHOOK_RETRY_SECONDS", "5,soon"),
            ("SWITCHBOARD_WEBHOOK_DISABLE_AFTER_HOURS", "-1"),
        ] {
            let faults = read(&[(name, value)]).unwrap_err();
            assert!(faults.len() == 1 && faults[0].starts_with(name), "{faults:?}");
        }
    }
}
