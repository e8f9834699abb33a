//! Which files WhatsApp takes as what, and how large they may be.

const KILOBYTE: u64 = 1 << 10;
const MEGABYTE: u64 = 1 << 20;

/// Most bytes of a file of this media type that is sent as `kind`; none if it is not taken so. Where nobody knows whether a
/// sticker moves, the provider finds out.
pub(super) fn most_bytes(kind: &str, mime_type: &str, animated: Option<bool>) -> Option<u64> {
    match (kind, mime_type) {
        ("image", "image/jpeg" | "image/png") => Some(5 * MEGABYTE),
        ("audio", "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg") => {
            Some(16 * MEGABYTE)
        }
        ("video", "video/mp4" | "video/3gpp") => Some(16 * MEGABYTE),
        ("sticker", "image/webp") if animated == Some(false) => Some(100 * KILOBYTE),
        ("sticker", "image/webp") => Some(500 * KILOBYTE),
        ("document", _) => Some(100 * MEGABYTE),
        _ => None,
    }
}

/// The types that are taken as `kind`, in words.
pub(super) fn types(kind: &str) -> &'static str {
    match kind {
        "image" => "JPEG and PNG are",
        "audio" => "AAC, AMR, MP3, MP4 and Ogg Opus are",
        "video" => "MP4 and 3GPP are",
        "sticker" => "WebP is",
        _ => "any file is",
    }
}
