//! What a file is, by its content: what it says of itself is believed only as far as its first bytes bear it out.

/// Longest media type that is kept.
const LONGEST: usize = 127;

/// Types whose files begin with bytes that `infer` knows, so that one without them is none.
const RECOGNIZABLE: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/ogg",
    "audio/amr",
    "video/mp4",
    "video/3gpp",
    "application/pdf",
];

/// Containers: files that begin alike, and which of them it is only a closer look would tell.
const ALIKE: &[&[&str]] = &[
    &["video/mp4", "audio/mp4", "video/x-m4v", "video/quicktime", "video/3gpp", "audio/3gpp"],
    &["audio/ogg", "video/ogg"],
    &["video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"],
    &["audio/x-wav", "audio/wav"],
    &["audio/aac", "audio/mpeg"],
];

/// Types of which one begins like another that `infer` names, with what their own names begin with.
const PACKED: &[(&str, &[&str])] = &[
    (
        "application/zip",
        &[
            "application/vnd.openxmlformats-",
            "application/vnd.oasis.",
            "application/epub+zip",
            "application/java-archive",
            "application/vnd.android.package-archive",
            "application/vnd.ms-",
        ],
    ),
    ("application/msword", &["application/vnd.ms-", "application/vnd.visio", "application/x-ole-storage"]),
    ("application/vnd.ms-excel", &["application/msword", "application/vnd.ms-", "application/x-ole-storage"]),
    ("application/x-ole-storage", &["application/msword", "application/vnd.ms-", "application/vnd.visio"]),
];

/// The content is not of the type that was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is said to be {declared} and is not{}", .found.map(|found| format!(", but {found}")).unwrap_or_default())]
pub struct Mismatch {
    /// What was said.
    pub declared: String,
    /// What it is, if that is known.
    pub found: Option<&'static str>,
}

/// A media type without its parameters, in lower case; none for what is no type, or says nothing.
pub fn essence(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        !part.is_empty() && part.chars().all(allowed)
    };
    let valid =
        essence.len() <= LONGEST && essence.split_once('/').is_some_and(|(a, b)| token(a) && token(b));
    (valid && essence != "application/octet-stream").then(|| usual(&essence).map_or(essence, str::to_owned))
}

/// The usual name of a type that has several.
fn usual(name: &str) -> Option<&'static str> {
    Some(match name {
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "audio/mp3" | "audio/x-mp3" => "audio/mpeg",
        "audio/m4a" | "audio/x-m4a" => "audio/mp4",
        "audio/opus" | "application/ogg" => "audio/ogg",
        "audio/x-aac" => "audio/aac",
        "video/3gp" => "video/3gpp",
        "application/x-zip-compressed" => "application/zip",
        _ => return None,
    })
}

/// What the first bytes tell.
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    // What `infer` does not know of what channels carry.
    if head.len() > 11 && &head[4..8] == b"ftyp" && &head[8..10] == b"3g" {
        return Some("video/3gpp");
    }
    infer::get(head).map(|kind| usual(kind.mime_type()).unwrap_or(kind.mime_type()))
}

/// How many bytes of a WebP file tell whether it moves.
pub const WEBP_HEAD: u64 = 21;

/// Whether a WebP file moves, by its first bytes; none if they are those of something else.
pub fn is_animated_webp(head: &[u8]) -> Option<bool> {
    /// The bit in the flags of an extended file.
    const ANIMATION: u8 = 0b10;
    let extended = |head: &[u8]| head.get(20).is_some_and(|flags| flags & ANIMATION != 0);
    match (head.get(..4)?, head.get(8..16)?) {
        (b"RIFF", b"WEBPVP8X") => Some(extended(head)),
        (b"RIFF", b"WEBPVP8 " | b"WEBPVP8L") => Some(false),
        _ => None,
    }
}

/// The type of a file that is said to be `declared`.
///
/// # Errors
/// When its content is something else.
pub fn media_type(head: &[u8], declared: Option<&str>) -> Result<String, Mismatch> {
    let Some(declared) = declared.and_then(essence) else { return Ok(undeclared(head)) };
    let found = sniff(head);
    let fits = match found {
        Some(found) => is_alike(found, &declared) || (is_text(found) && may_be_text(&declared)),
        None if declared.starts_with("text/") => looks_like_text(head),
        None => !RECOGNIZABLE.contains(&declared.as_str()),
    };
    if fits { Ok(declared) } else { Err(Mismatch { declared, found }) }
}

/// The type of a file that nobody can be asked about: what it is where that is known, else what was said of it.
pub fn received_type(head: &[u8], declared: Option<&str>) -> String {
    media_type(head, declared).unwrap_or_else(|_| undeclared(head))
}

fn undeclared(head: &[u8]) -> String {
    match sniff(head) {
        Some(found) => found.to_owned(),
        None if !head.is_empty() && looks_like_text(head) => "text/plain".to_owned(),
        None => "application/octet-stream".to_owned(),
    }
}

fn is_alike(found: &str, declared: &str) -> bool {
    let packed = |(container, inside): &(&str, &[&str])| {
        *container == found && inside.iter().any(|prefix| declared.starts_with(prefix))
    };
    found == declared
        || ALIKE.iter().any(|family| family.contains(&found) && family.contains(&declared))
        || PACKED.iter().any(packed)
}

fn is_text(found: &str) -> bool {
    matches!(found, "text/html" | "text/xml" | "text/x-shellscript")
}

/// Whether a text may bear this name.
fn may_be_text(declared: &str) -> bool {
    declared.starts_with("text/")
        || declared.ends_with("+xml")
        || declared.ends_with("+json")
        || matches!(
            declared,
            "application/json" | "application/xml" | "application/x-sh" | "application/javascript"
        )
}

fn looks_like_text(head: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    !head.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0";
    const THREE_GP: &[u8] = b"\0\0\0\x18ftyp3gp4\0\0\0\0";
    const M4A: &[u8] = b"\0\0\0\x18ftypM4A \0\0\0\0";
    const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0";
    const WEBP: &[u8] = b"RIFF\x24\0\0\0WEBPVP8 ";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0";
    const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0";
    const HTML: &[u8] = b"<!DOCTYPE html><html>";

    #[test]
    fn a_webp_moves_if_its_flags_say_so() {
        let webp =
            |chunk: &[u8; 4], flags| [b"RIFF\0\0\0\0WEBP", &chunk[..], b"\x0a\0\0\0", &[flags]].concat();
        assert_eq!(is_animated_webp(&webp(b"VP8X", 0b1_0010)), Some(true));
        assert_eq!(is_animated_webp(&webp(b"VP8X", 0b1_0000)), Some(false));
        for chunk in [b"VP8 ", b"VP8L"] {
            assert_eq!(is_animated_webp(&webp(chunk, 0b10)), Some(false));
        }
        assert_eq!(is_animated_webp(&webp(b"ALPH", 0b10)), None);
        assert_eq!(is_animated_webp(b"RIFF"), None);
        assert_eq!(webp(b"VP8X", 0).len() as u64, WEBP_HEAD);
    }

    #[test]
    fn a_file_is_what_it_says_or_it_is_refused() {
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        let fits: &[(&[u8], &str)] = &[
            (PNG, "image/png"),
            (PNG, "IMAGE/PNG; q=1"),
            (JPEG, "image/jpeg"),
            (MP4, "video/mp4"),
            (MP4, "audio/mp4"),
            (M4A, "audio/mp4"),
            (THREE_GP, "video/3gpp"),
            (OGG, "audio/ogg"),
            (WEBP, "image/webp"),
            (PDF, "application/pdf"),
            (ZIP, docx),
            (b"a,b\n1,2", "text/csv"),
            (HTML, "text/html"),
            (HTML, "text/plain"),
            (b"{}", "application/json"),
            ("naïve\n".as_bytes(), "text/plain"),
            (b"\x01\x02", "application/x-own"),
        ];
        for (head, declared) in fits {
            assert_eq!(media_type(head, Some(declared)).unwrap(), essence(declared).unwrap(), "{declared}");
        }
        let refused: &[(&[u8], &str)] = &[
            (PNG, "image/jpeg"),
            (JPEG, "image/png"),
            (HTML, "image/png"),
            (EXE, "image/jpeg"),
            (EXE, "application/pdf"),
            (b"hello", "image/png"),
            (b"hello", "video/mp4"),
            (PNG, "text/plain"),
            (b"a\0b", "text/plain"),
            (ZIP, "image/webp"),
            (PDF, docx),
            (OGG, "audio/mpeg"),
            (EXE, docx),
        ];
        for (head, declared) in refused {
            assert!(media_type(head, Some(declared)).is_err(), "{declared} {head:?}");
        }
    }

    #[test]
    fn what_says_nothing_is_looked_at() {
        for declared in [None, Some("application/octet-stream"), Some("nonsense"), Some("a/b/c")] {
            assert_eq!(media_type(PNG, declared).unwrap(), "image/png");
            assert_eq!(media_type(b"words", declared).unwrap(), "text/plain");
            assert_eq!(media_type(b"\0\x01", declared).unwrap(), "application/octet-stream");
            assert_eq!(media_type(b"", declared).unwrap(), "application/octet-stream");
        }
        assert_eq!(received_type(HTML, Some("image/png")), "text/html", "never served as a picture");
        assert_eq!(received_type(OGG, Some("audio/ogg; codecs=opus")), "audio/ogg");
        assert_eq!(received_type(b"hello", Some("image/jpeg")), "text/plain");
    }
}
