//! Files: uploaded, and downloaded by key or by signed link.

pub mod get;
pub mod link;
mod serve;
pub mod upload;
mod upload_body;

use common::domain::ids::MediaId;
use common::problem::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Media)]
pub struct MediaView {
    /// Id.
    #[schema(value_type = String, example = "med_01KASDQ0Y4E9GTHSRQ3QWS9E3B")]
    id: MediaId,
    /// Its name, if one was given.
    #[schema(example = "invoice.pdf")]
    filename: Option<String>,
    /// Its media type, borne out by its content.
    #[schema(example = "application/pdf")]
    mime_type: String,
    /// How many bytes it has.
    size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    /// A link to it that needs no key and lives at least an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required, value_type = String, example = "https://inbox.example.com/media/AZql…")]
    url: Option<String>,
    /// Since when it is there.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    created_at: Timestamp,
}
