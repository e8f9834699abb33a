//! Where providers are reached, and which addresses a connection may name instead.

use url::Url;

use super::Reader;

/// Where providers are reached.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Base address of the Graph API.
    pub graph_url: Url,
    /// Graph API version, such as `v24.0`.
    pub graph_version: String,
    /// Base address of the Twilio-compatible API for texts.
    pub twilio_url: Url,
    /// Base address of that provider's messaging services.
    pub twilio_messaging_url: Url,
    /// Base address of the RCS for Business API.
    pub rcs_url: Url,
    /// Which `apiUrl`s a connection may name.
    pub allowed_api_urls: AllowedUrls,
}

/// The origins that the operator allows for `apiUrl`.
#[derive(Debug, Clone, Default)]
pub struct AllowedUrls {
    origins: Vec<String>,
    loopback: bool,
}

impl Channels {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        #[expect(clippy::expect_used, reason = "constant addresses")]
        let mut address = |name: &str, default: &str| {
            reader.parsed(name, Url::parse(default).expect("valid"), "an address")
        };
        let graph_url = address("SWITCHBOARD_GRAPH_URL", "https://graph.facebook.com");
        let twilio_url = address("SWITCHBOARD_TWILIO_URL", "https://api.twilio.com");
        let twilio_messaging_url =
            address("SWITCHBOARD_TWILIO_MESSAGING_URL", "https://messaging.twilio.com");
        let rcs_url = address("SWITCHBOARD_RCS_URL", "https://rcsbusinessmessaging.googleapis.com");
        let graph_version = reader.get("SWITCHBOARD_GRAPH_VERSION").unwrap_or_else(|| "v24.0".into());
        let allowed_api_urls = AllowedUrls::parse(&reader.list("SWITCHBOARD_ALLOWED_API_URLS"))
            .unwrap_or_else(|bad| {
                reader.fault(format!(
                    "SWITCHBOARD_ALLOWED_API_URLS: {bad} is neither an origin nor the word loopback"
                ));
                AllowedUrls::default()
            });
        Self { graph_url, graph_version, twilio_url, twilio_messaging_url, rcs_url, allowed_api_urls }
    }
}

impl AllowedUrls {
    /// Reads origins (`https://proxy.example.com`) and the word `loopback`.
    ///
    /// # Errors
    /// The entry that is neither.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in entries {
            if entry == "loopback" {
                allowed.loopback = true;
                continue;
            }
            let url = Url::parse(entry).ok().filter(Url::has_host).ok_or_else(|| entry.clone())?;
            allowed.origins.push(url.origin().ascii_serialization());
        }
        Ok(allowed)
    }

    /// Whether a connection may use `url` as its provider's address.
    pub fn allows(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https")
            && ((self.loopback && is_loopback(url))
                || self.origins.contains(&url.origin().ascii_serialization()))
    }
}

/// Whether an address leads to this machine alone.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is none of the web's, an IP address is read as a name.
        Some(url::Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_origins_and_loopback_are_allowed() {
        let allowed = AllowedUrls::parse(&["loopback".into(), "https://proxy.example.com".into()]).unwrap();
        let check = |text: &str| allowed.allows(&Url::parse(text).unwrap());
        assert!(
            check("http://127.0.0.1:8090")
                && check("http://[::1]:1/x")
                && check("https://proxy.example.com/a")
        );
        assert!(
            !check("https://proxy.example.com:444") && !check("http://10.0.0.1") && !check("ftp://127.0.0.1")
        );
        assert!(!AllowedUrls::default().allows(&Url::parse("http://127.0.0.1").unwrap()));
    }
}
