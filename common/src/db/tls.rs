//! TLS to PostgreSQL: used when the address asks for it by `sslmode=require`; the certificate is verified.

use tokio_postgres_rustls::MakeRustlsConnect;

/// A connector that trusts the system's certificate authorities.
pub(super) fn connector() -> MakeRustlsConnect {
    crate::http_client::install_crypto();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    MakeRustlsConnect::new(config)
}
