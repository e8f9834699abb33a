//! The address that a request comes from: that of the connection, or the one that proxies tell of, as far as they are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use common::problem::Problem;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::state::AppState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, state)
            .await
            .map_err(|missing| Problem::internal(anyhow::anyhow!(missing.to_string())))?;
        Ok(Self(client(peer.ip(), &parts.headers, &state.config.http.trusted_proxies)))
    }
}

/// Goes back from hop to hop, from the last one on, for as long as the one that tells of the next is trusted: whatever stands before
/// the first that is not may have been made up by it.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.as_bytes());
    // Several lines are one list.
    let lines: Vec<&[u8]> = lines.collect();
    for hop in lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        let Some(next) = read(hop) else { break };
        address = next;
    }
    address
}

/// An address as proxies write it, some with a port.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client_of(peer: &str, lines: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn the_first_hop_from_the_right_that_is_not_trusted_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (lines, expected) in [
            (vec!["198.51.100.1"], "198.51.100.1"),
            (vec!["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (vec!["1.1.1.1", "198.51.100.1 ,10.2.0.1"], "198.51.100.1"),
            (vec!["1.1.1.1,198.51.100.1", "fd00::2", "10.2.0.1"], "198.51.100.1"),
            (vec!["10.3.0.1, 10.2.0.1"], "10.3.0.1"),
            (vec!["198.51.100.1:4711"], "198.51.100.1"),
            (vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["::ffff:198.51.100.1"], "198.51.100.1"),
            (vec!["unknown"], "10.0.0.1"),
            (vec!["198.51.100.1, unknown, 10.2.0.1"], "10.2.0.1"),
            (vec![""], "10.0.0.1"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(client_of("10.0.0.1", &lines, &trusted), expected, "{lines:?}");
            assert_eq!(client_of("::ffff:10.0.0.1", &lines, &trusted), expected, "{lines:?}");
        }
    }
}
