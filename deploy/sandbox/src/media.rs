//! Uploaded and received media, in memory and bounded; the oldest go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// One stored file.
#[derive(Debug)]
pub struct Medium {
    /// Its media id.
    pub id: String,
    /// The account that may read it.
    pub waba_id: Box<str>,
    /// Its MIME type, without parameters.
    pub mime_type: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Its bytes.
    pub bytes: Bytes,
}

impl Medium {
    /// The digest as webhooks carry it.
    pub fn sha256_base64(&self) -> String {
        STANDARD.encode(self.digest)
    }
}

/// All media.
#[derive(Debug)]
pub struct MediaStore {
    capacity: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    by_id: HashMap<String, (u64, Arc<Medium>)>,
    by_age: BTreeMap<u64, String>,
    stored: u64,
    size: usize,
}

impl MediaStore {
    /// An empty store of at most `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, shelf: Mutex::default() }
    }

    /// Stores a file; `None` when it is larger than the whole store.
    pub fn put(&self, waba_id: &str, mime_type: &str, bytes: Bytes) -> Option<Arc<Medium>> {
        if bytes.len() > self.capacity {
            return None;
        }
        let medium = Arc::new(Medium {
            id: rand::random_range(1_000_000_000_000_000_u64..9_999_999_999_999_999).to_string(),
            waba_id: waba_id.into(),
            mime_type: mime_type.to_owned(),
            digest: Sha256::digest(&bytes).into(),
            bytes,
        });
        let mut shelf = self.shelf.lock();
        while shelf.size + medium.bytes.len() > self.capacity {
            let Some((_, oldest)) = shelf.by_age.pop_first() else { break };
            shelf.forget(&oldest);
        }
        shelf.stored += 1;
        let age = shelf.stored;
        shelf.size += medium.bytes.len();
        shelf.by_age.insert(age, medium.id.clone());
        shelf.by_id.insert(medium.id.clone(), (age, medium.clone()));
        Some(medium)
    }

    /// The file of an id.
    pub fn get(&self, id: &str) -> Option<Arc<Medium>> {
        self.shelf.lock().by_id.get(id).map(|(_, medium)| medium.clone())
    }

    /// Forgets the file of an id.
    pub fn delete(&self, id: &str) {
        let mut shelf = self.shelf.lock();
        if let Some(age) = shelf.forget(id) {
            shelf.by_age.remove(&age);
        }
    }
}

impl Shelf {
    fn forget(&mut self, id: &str) -> Option<u64> {
        let (age, medium) = self.by_id.remove(id)?;
        self.size -= medium.bytes.len();
        Some(age)
    }
}

/// A MIME type without its parameters, in lower case.
pub fn bare_mime_type(mime_type: &str) -> String {
    mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The largest file of a MIME type that the provider takes, and the message types it may go out as;
/// `None` for types it refuses.
pub fn rule(mime_type: &str) -> Option<(usize, &'static [&'static str])> {
    const MEGABYTE: usize = 1 << 20;
    match mime_type {
        "image/jpeg" | "image/png" => Some((5 * MEGABYTE, &["image", "document"])),
        "image/webp" => Some((500 << 10, &["sticker"])),
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" => {
            Some((16 * MEGABYTE, &["audio", "document"]))
        }
        "video/mp4" | "video/3gpp" | "video/3gp" => Some((16 * MEGABYTE, &["video", "document"])),
        "text/plain"
        | "text/csv"
        | "application/pdf"
        | "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint" => Some((100 * MEGABYTE, &["document"])),
        other if other.starts_with("application/vnd.openxmlformats-officedocument.") => {
            Some((100 * MEGABYTE, &["document"]))
        }
        _ => None,
    }
}

/// The largest file that the provider takes of what this one is: a sticker that stands still must be smaller than one that
/// moves.
pub fn largest(mime_type: &str, bytes: &[u8]) -> Option<usize> {
    let moves = bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0);
    let (largest, _) = rule(mime_type)?;
    Some(if mime_type == "image/webp" && !moves { 100 << 10 } else { largest })
}
