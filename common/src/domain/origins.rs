//! Origins that may show an embed in a frame: `https://app.example.com`, or all that end so, `https://*.example.com`.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// Stands for the wildcard while an origin is read.
const STAND_IN: &str = "wildcard-stand-in";

/// An origin, or all origins one level or more below a domain. Without a scheme, https is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigin {
    scheme: String,
    wildcard: bool,
    host: String,
    port: Option<u16>,
}

impl FromStr for AllowedOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ORIGIN: &str = "must be an origin, such as https://app.example.com";
        const WILDCARD: &str =
            "may have a wildcard only before a whole domain, such as https://*.example.com";
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        if rest.is_empty() || rest.contains(['/', '?', '#', '@', '\\', ' ', '\t', '\n', '\r', ';', ',', '\''])
        {
            return Err(ORIGIN);
        }
        let wildcard = rest.starts_with("*.");
        let plain = if wildcard { rest.replacen('*', STAND_IN, 1) } else { rest.to_owned() };
        if plain.contains('*') {
            return Err(WILDCARD);
        }
        let url = Url::parse(&format!("{scheme}://{plain}/")).map_err(|_| ORIGIN)?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
            return Err(ORIGIN);
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) if wildcard => return Err(WILDCARD),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => url.host_str().unwrap_or_default().to_owned(),
            None => return Err(ORIGIN),
        };
        let host = match host.strip_prefix(STAND_IN).and_then(|host| host.strip_prefix('.')) {
            Some(domain) if wildcard && domain.split('.').filter(|label| !label.is_empty()).count() >= 2 => {
                domain.to_owned()
            }
            _ if wildcard => return Err(WILDCARD),
            _ => host,
        };
        Ok(Self { scheme: url.scheme().to_owned(), wildcard, host, port: url.port() })
    }
}

impl fmt::Display for AllowedOrigin {
    /// As a source of a Content-Security-Policy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{}://{star}{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl AllowedOrigin {
    /// Whether a browser's `Origin` is it, or one of them.
    pub fn allows(&self, origin: &str) -> bool {
        let Ok(url) = Url::parse(origin) else { return false };
        let Some(host) = url.host_str() else { return false };
        let same_host = if self.wildcard {
            host.strip_suffix(&self.host).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host == self.host
        };
        url.scheme() == self.scheme && url.port() == self.port && same_host
    }
}

/// Whether an embed with these origins may be used from a browser's `Origin`; none listed means from everywhere.
pub fn allow(allowed: &[String], origin: &str) -> bool {
    allowed.is_empty()
        || allowed.iter().filter_map(|text| text.parse::<AllowedOrigin>().ok()).any(|it| it.allows(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_and_shown_as_sources_of_a_policy() {
        for (text, source) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com:443", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("*.example.com", "https://*.example.com"),
            ("https://*.shop.example.com:8443", "https://*.shop.example.com:8443"),
            ("app.example.com", "https://app.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(text.parse::<AllowedOrigin>().unwrap().to_string(), source, "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "*",
            "https://*",
            "*.com",
            "https://app.*.com",
            "https://a*.example.com",
            "https://example.com/path",
            "https://example.com/",
            "https://example.com?x",
            "https://user@example.com",
            "ftp://example.com",
            "javascript://example.com",
            "https://example.com; script-src *",
            "https://*.127.0.0.1",
            "https://example.com:99999",
            "'none'",
        ] {
            assert!(text.parse::<AllowedOrigin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_what_is_below_and_nothing_beside() {
        let allowed = ["https://*.example.com".to_owned()];
        assert!(allow(&allowed, "https://a.example.com") && allow(&allowed, "https://a.b.example.com"));
        for other in [
            "https://example.com",
            "https://evilexample.com",
            "http://a.example.com",
            "https://a.example.com:8443",
            "https://a.example.com.evil.test",
            "null",
        ] {
            assert!(!allow(&allowed, other), "{other}");
        }
        assert!(allow(&[], "https://anywhere.test"));
    }
}
