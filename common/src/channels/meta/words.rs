//! What codes of the Graph API are called on every channel that it serves.

pub(in crate::channels) const HOUR: u32 = 3600;
pub(in crate::channels) const TOKEN: &str = "The access token is invalid or expired";
pub(in crate::channels) const PERMISSION: &str = "The access token lacks a permission";
pub(in crate::channels) const SERVICE: &str = "The provider has trouble";
pub(in crate::channels) const PARAMETER: &str = "The provider does not take a value of this message";
