//! Which addresses of contacts' files are a provider's own: what comes from a webhook may name any address.

use url::{Host, Url};

use super::calls::host_is_of;
use super::{Action, ChannelError};
use crate::config::AllowedUrls;

/// Whether an address is within these domains by https, at the address that stands in for the provider, or where the operator
/// allows it.
pub(super) fn is_of_provider(url: &Url, base: &Url, allowed: &AllowedUrls, domains: &[&str]) -> bool {
    let of_provider = match url.host() {
        Some(Host::Domain(host)) => url.scheme() == "https" && host_is_of(host, domains),
        _ => false,
    };
    of_provider || url.origin() == base.origin() || allowed.allows(url)
}

/// The refusal of any other address.
pub(super) fn not_allowed() -> ChannelError {
    let title = "The file is at an address that is not the provider's own";
    ChannelError::new(Action::Content, "address_not_allowed", title)
}
