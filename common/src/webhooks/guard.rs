//! Where webhooks may go: the public internet, and what the operator allows beside it. Asked when an endpoint is named, and again
//! for every connection, whose addresses are those that were checked: what a name led to before counts for nothing.

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::Webhooks;
use crate::http_client;

/// Longest wait for a name.
const NAMES: Duration = Duration::from_secs(5);

/// Special ranges of IPv4, by the registry of the IANA, and addresses at which a cloud tells its machines secrets.
const NOT_PUBLIC_4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The one range of IPv6 that is given out, and what in it is not public: Teredo and other protocols, documentation, 6to4. What
/// else there is (mapped and translated addresses of IPv4, unique local, link-local and so on) lies outside of it.
const PUBLIC_6: &str = "2000::/3";
const NOT_PUBLIC_6: &[&str] = &["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

struct Ranges {
    not_public_4: Vec<Ipv4Net>,
    public_6: Option<Ipv6Net>,
    not_public_6: Vec<Ipv6Net>,
}

static RANGES: LazyLock<Ranges> = LazyLock::new(|| Ranges {
    not_public_4: NOT_PUBLIC_4.iter().filter_map(|net| net.parse().ok()).collect(),
    public_6: PUBLIC_6.parse().ok(),
    not_public_6: NOT_PUBLIC_6.iter().filter_map(|net| net.parse().ok()).collect(),
});

/// Why a webhook may not go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No address of the web, or one with user, password or fragment.
    #[error("must be an https address without user, password or fragment")]
    Malformed,
    /// Plain `http`, which the operator does not allow.
    #[error("must be an https address; the operator does not allow http")]
    Http,
    /// It leads into a network that the operator does not allow.
    #[error("leads to an address that is not public and that the operator does not allow")]
    Forbidden,
}

/// Knows where webhooks may go; cheap to clone.
#[derive(Debug, Clone)]
pub struct Guard {
    allowed: Vec<IpNet>,
    allow_http: bool,
}

impl Guard {
    /// A guard that lets through what is public and what `webhooks` allows.
    pub fn new(webhooks: &Webhooks) -> Self {
        Self { allowed: webhooks.allowed_networks.clone(), allow_http: webhooks.allow_http }
    }

    /// Whether an address may be connected to.
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&ip)) || is_public(ip)
    }

    /// An endpoint's address in its plain form, in which every odd notation of an IP address is that address.
    ///
    /// # Errors
    /// Why a webhook may not go there, as far as that can be told without looking the name up.
    pub fn parse(&self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).map_err(|_| Refused::Malformed)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") || url.port() == Some(0) {
            return Err(Refused::Malformed);
        }
        match url.host() {
            None => return Err(Refused::Malformed),
            Some(Host::Domain(name)) if name.trim_matches('.').is_empty() => return Err(Refused::Malformed),
            Some(Host::Domain(_)) => (),
            Some(Host::Ipv4(ip)) if self.allows(ip.into()) => (),
            Some(Host::Ipv6(ip)) if self.allows(ip.into()) => (),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(Refused::Forbidden),
        }
        if url.scheme() == "http" && !self.allow_http {
            return Err(Refused::Http);
        }
        Ok(url)
    }

    /// The same, and what the name leads to now. One that cannot be looked up now may be later.
    ///
    /// # Errors
    /// Why a webhook may not go there.
    pub async fn check(&self, text: &str) -> Result<Url, Refused> {
        let url = self.parse(text)?;
        if let Some(Host::Domain(name)) = url.host()
            && self.resolve(name).await.is_err_and(|error| error.is::<Refused>())
        {
            return Err(Refused::Forbidden);
        }
        Ok(url)
    }

    /// The addresses behind a name, none of them forbidden: a name that also leads to one that is gets nowhere.
    async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn StdError + Send + Sync>> {
        // A dot at the end only says that the name is whole, and not every resolver knows it.
        let name = name.trim_end_matches('.');
        let looked_up = tokio::time::timeout(NAMES, tokio::net::lookup_host((name, 0))).await;
        let addresses: Vec<SocketAddr> =
            looked_up.map_err(|_| "the name could not be looked up in time")??.collect();
        if addresses.is_empty() {
            return Err("the name leads nowhere".into());
        }
        if addresses.iter().any(|address| !self.allows(address.ip())) {
            return Err(Refused::Forbidden.into());
        }
        Ok(addresses)
    }

    /// A client that connects to what this guard has checked and to nothing else, follows no redirect and uses no proxy.
    ///
    /// # Errors
    /// When the system's certificate store cannot be read.
    pub fn client(&self, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
        http_client::install_crypto();
        reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(self.clone())
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve(&guard, name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether a failure of the client is the guard's refusal.
pub fn is_refusal(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<Refused>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !RANGES.not_public_4.iter().any(|net| net.contains(&ip)),
        IpAddr::V6(ip) => {
            RANGES.public_6.is_some_and(|net| net.contains(&ip))
                && !RANGES.not_public_6.iter().any(|net| net.contains(&ip))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str], allow_http: bool) -> Guard {
        Guard { allowed: allowed.iter().map(|net| net.parse().unwrap()).collect(), allow_http }
    }

    /// Addresses that must be refused, in whatever notation.
    const FORBIDDEN: &[&str] = &[
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "10.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.0.192",
        "169.254.169.254",
        "0xa9fea9fe",
        "168.63.129.16",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.2.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[100::1]",
        "[3fff::1]",
        "[5f00::1]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ];

    #[test]
    fn the_ranges_are_all_read() {
        assert_eq!(RANGES.not_public_4.len(), NOT_PUBLIC_4.len());
        assert_eq!(RANGES.not_public_6.len(), NOT_PUBLIC_6.len());
        assert!(RANGES.public_6.is_some());
    }

    #[test]
    fn what_is_not_public_is_refused_in_every_notation() {
        for host in FORBIDDEN {
            let refused = guard(&[], true).parse(&format!("https://{host}/hook")).unwrap_err();
            assert_eq!(refused, Refused::Forbidden, "{host}");
        }
        for host in ["8.8.8.8", "1.1.1.1:8443", "[2606:4700::1111]", "example.com", "xn--bcher-kva.example"] {
            assert!(guard(&[], false).parse(&format!("https://{host}/hook")).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_web_is_refused() {
        for text in [
            "",
            "nonsense",
            "ftp://example.com",
            "https://",
            "https://user@example.com",
            "https://u:p@example.com",
            "https://example.com/#a",
            "file:///etc/passwd",
            "https://999.1.1.1/",
            "https://./",
            "https://a:0/",
        ] {
            assert_eq!(guard(&[], true).parse(text).unwrap_err(), Refused::Malformed, "{text}");
        }
        assert_eq!(guard(&[], false).parse("http://example.com/").unwrap_err(), Refused::Http);
        assert!(guard(&[], true).parse("http://example.com/").is_ok());
    }

    #[test]
    fn the_operator_may_allow_a_network_and_allows_no_other_with_it() {
        let guard = guard(&["10.1.0.0/16", "::1/128"], true);
        for (host, allowed) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("[::1]", true),
            ("127.0.0.1", false),
            ("0xa010203", true),
        ] {
            assert_eq!(guard.parse(&format!("http://{host}/")).is_ok(), allowed, "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_named_and_when_it_is_connected_to() {
        let closed = guard(&[], true);
        for name in ["localhost", "localhost.", "LOCALHOST"] {
            assert_eq!(
                closed.check(&format!("http://{name}:1/")).await.unwrap_err(),
                Refused::Forbidden,
                "{name}"
            );
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        // As after a name has been led elsewhere: it was let through once, and the connection asks again.
        let client = closed.client(Duration::from_secs(5)).unwrap();
        let error = client.get(&url).send().await.unwrap_err();
        assert!(is_refusal(&error), "{error:?}");
        let none = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(none.is_err(), "something connected");
        let open = guard(&["127.0.0.0/8", "::1/128"], true);
        assert!(open.check(&url).await.is_ok());
        let accepted = tokio::spawn(async move { listener.accept().await.is_ok() });
        let client = open.client(Duration::from_secs(1)).unwrap();
        assert!(!is_refusal(&client.get(&url).send().await.unwrap_err()));
        assert!(accepted.await.unwrap());
    }
}
