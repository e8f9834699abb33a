//! Ports for processes that must be told theirs before they start, and keep it over restarts.

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;

use anyhow::Context as _;
use uuid::Uuid;

/// A port that nobody else is given, in this process or another, while a copy of this value lives.
///
/// The UDP port of the same number is the token: one socket has it, nobody uses it, and it goes with its process.
#[derive(Debug, Clone)]
pub struct Port {
    number: u16,
    _token: Arc<UdpSocket>,
}

impl Port {
    /// One on which nobody listens, out of those that no outgoing connection takes meanwhile.
    ///
    /// # Errors
    /// When there is none.
    pub fn reserve() -> anyhow::Result<Self> {
        let drawn = || 10_000 + u16::try_from(Uuid::new_v4().as_u128() % 10_000).unwrap_or_default();
        std::iter::repeat_with(drawn).take(1_000).find_map(Self::take).context("no free port")
    }

    /// This one, if nobody has it.
    fn take(number: u16) -> Option<Self> {
        let token = UdpSocket::bind(("127.0.0.1", number)).ok()?;
        // Whoever listens there has not asked here.
        let _free = TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _token: Arc::new(token) })
    }

    /// Where to listen.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_until_it_is_given_back() {
        let port = Port::reserve().unwrap();
        let copy = port.clone();
        assert!(Port::take(port.number).is_none());
        drop(port);
        assert!(Port::take(copy.number).is_none());
        let listener = TcpListener::bind(copy.address()).unwrap();
        let number = copy.number;
        drop(copy);
        assert!(Port::take(number).is_none(), "somebody listens there");
        drop(listener);
        assert!(Port::take(number).is_some());
    }
}
