//! Asks a broker for its product and version, which it tells before anyone logs in and which lapin keeps to itself.
//!
//! Format: AMQP 0-9-1, sections 2.2.4 (protocol header), 2.3.5 (frames) and `connection.start`.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;

use lapin::protocol::{AMQPClass, connection, parse_class};
use lapin::types::AMQPValue;
use lapin::uri::{AMQPScheme, AMQPUri};

use super::connect::PATIENCE;

const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// Type, channel and size of a frame.
const FRAME_HEADER: usize = 7;
/// More than any broker tells of itself.
const MOST_BYTES: u32 = 1 << 16;

/// The broker's product and version, such as `RabbitMQ 3.10.8`. Blocks for at most a few times `PATIENCE`.
pub(super) fn ask(uri: &AMQPUri) -> io::Result<String> {
    let address = (uri.authority.host.as_str(), uri.authority.port).to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match uri.scheme {
        AMQPScheme::AMQP => read_version(stream),
        AMQPScheme::AMQPS => read_version(secured(stream, &uri.authority.host)?),
    }
}

fn secured(
    stream: TcpStream,
    host: &str,
) -> io::Result<rustls::StreamOwned<rustls::ClientConnection, TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = host.to_owned().try_into().map_err(io::Error::other)?;
    let connection = rustls::ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

fn read_version(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(PROTOCOL_HEADER)?;
    stream.flush()?;
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header)?;
    let size = u32::from_be_bytes([header[3], header[4], header[5], header[6]]);
    if header[0] != 1 || size > MOST_BYTES {
        return Err(io::Error::other("what answers is no AMQP 0-9-1 broker"));
    }
    let mut payload = vec![0; size as usize];
    stream.read_exact(&mut payload)?;
    match parse_class(payload.as_slice()) {
        Ok((_, AMQPClass::Connection(connection::AMQPMethod::Start(start)))) => {
            let told = |name: &str| match start.server_properties.inner().get(name) {
                Some(AMQPValue::LongString(text)) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
                _ => "unknown".to_owned(),
            };
            Ok(format!("{} {}", told("product"), told("version")))
        }
        _ => Err(io::Error::other("the broker's greeting cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answering(io::Cursor<Vec<u8>>);

    impl Read for Answering {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Answering {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_no_broker_is_told_and_not_waited_for() {
        for answer in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"",
            b"AMQP\x00\x00\x09\x01",
            b"\x01\x00\x00\x00\x00\x00\x02ab\xce",
        ] {
            let version = read_version(Answering(io::Cursor::new(answer.to_vec())));
            assert!(version.is_err(), "{version:?}");
        }
    }
}
