//! Networks, as several settings list them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Reader;

/// The networks that a variable lists: each a network, a single address, or the word loopback.
pub(super) fn networks(reader: &mut Reader<'_>, name: &str) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for entry in reader.list(name) {
        let texts = if entry == "loopback" { vec!["127.0.0.0/8", "::1/128"] } else { vec![entry.as_str()] };
        let read: Option<Vec<IpNet>> = texts.into_iter().map(network).collect();
        match read {
            Some(read) => networks.extend(read),
            None => reader.fault(format!(
                "{name}: {entry} is neither a network such as 10.1.0.0/16 nor the word loopback"
            )),
        }
    }
    networks
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
