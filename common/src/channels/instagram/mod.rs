//! Instagram messaging: messages to a professional account, through the page that it is linked with or by its own login.

pub mod account;
pub mod capabilities;

use super::meta::pages::{Dialect, Files, SendsAs, TextLimit};

const MEGABYTE: u64 = 1 << 20;

const FILES: Files = Files {
    types: &[
        ("image", &["image/png", "image/jpeg", "image/gif"]),
        ("audio", &["audio/aac", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/wav", "audio/x-wav"]),
        (
            "video",
            &["video/mp4", "video/ogg", "video/x-msvideo", "video/avi", "video/quicktime", "video/webm"],
        ),
        ("document", &["application/pdf"]),
    ],
    picture: 8 * MEGABYTE,
    other: 25 * MEGABYTE,
};

/// How it differs from Messenger.
pub(super) const DIALECT: Dialect = Dialect {
    name: "Instagram",
    object: "instagram",
    metadata: false,
    templates: false,
    text: TextLimit::Bytes(1000),
    files: &FILES,
    sends_as: SendsAs::Me,
};
