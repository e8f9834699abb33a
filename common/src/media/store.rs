//! The store of objects that holds files' bytes: a folder, or a bucket of S3.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use chrono::Utc;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayloadMut, WriteMultipart};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::MediaPlace;
use crate::domain::ids::{MediaId, OrganizationId};
use crate::http_client;

/// Bytes of a file that tell its type.
const HEAD: usize = 8192;
/// Bytes of a part: the least that S3 takes. Smaller files are written whole.
const PART: usize = 5 << 20;
/// Parts of one file under way at once; with the one being filled, all that is held of it in memory.
const PARTS: usize = 2;

/// A file's bytes as they come.
pub type Chunks = BoxStream<'static, Result<Bytes, object_store::Error>>;

/// Where files' bytes lie; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    folder: Option<PathBuf>,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is larger than it may be.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// It is not there.
    #[error("the object is not there")]
    NotFound,
    /// The store cannot be used right now.
    #[error("the store of files: {0}")]
    Unavailable(object_store::Error),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            other => Self::Unavailable(other),
        }
    }
}

/// A file that has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many bytes.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// A file being written. Dropped before `finish`, nothing of it can be read.
pub struct Writer {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    most: u64,
    head: Vec<u8>,
    small: PutPayloadMut,
    parts: Option<WriteMultipart>,
    hash: Sha256,
    size: u64,
}

impl Store {
    /// Opens the store, and makes its folder if it lies on disk.
    ///
    /// # Errors
    /// When the folder cannot be made, or an `AWS_…` variable cannot be used.
    pub fn open(place: &MediaPlace) -> anyhow::Result<Self> {
        match place {
            MediaPlace::Disk(folder) => {
                let told = || format!("SWITCHBOARD_MEDIA_URL: {} cannot be used", folder.display());
                std::fs::create_dir_all(folder).with_context(told)?;
                let objects = LocalFileSystem::new_with_prefix(folder).with_context(told)?.with_fsync(true);
                Ok(Self { objects: Arc::new(objects), folder: Some(folder.clone()) })
            }
            MediaPlace::S3 { bucket, prefix } => {
                http_client::install_crypto();
                let bucket = from_environment().with_bucket_name(bucket).build();
                let bucket = bucket.context("SWITCHBOARD_MEDIA_URL and the AWS_ variables name no bucket")?;
                let objects = PrefixStore::new(bucket, prefix.as_str());
                Ok(Self { objects: Arc::new(objects), folder: None })
            }
        }
    }

    /// The name of a new file's object.
    pub fn key(organization: OrganizationId, media: MediaId) -> String {
        format!("{}/{}/{}", organization.0, Utc::now().format("%Y-%m"), media.0)
    }

    /// Begins to write an object of at most `most` bytes.
    pub fn writer(&self, key: &str, most: u64) -> Writer {
        Writer {
            objects: self.objects.clone(),
            path: Path::from(key),
            most,
            head: Vec::new(),
            small: PutPayloadMut::new(),
            parts: None,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// The bytes of a part of an object.
    ///
    /// # Errors
    /// When it is not there, or the store does not answer.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<Chunks, StoreError> {
        let path = Path::from(key);
        if range.is_empty() {
            self.objects.head(&path).await?;
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        Ok(self.objects.get_opts(&path, options).await?.into_stream())
    }

    /// Deletes an object, and what a writer that died has left of it; one that is not there is no error.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        if let Some(folder) = &self.folder {
            // A file on disk is written beside its place; names are used once, so there is only this one.
            let unfinished = folder.join(format!("{key}#1"));
            let _there_seldom = tokio::fs::remove_file(unfinished).await;
        }
        match self.objects.delete(&Path::from(key)).await.map_err(StoreError::from) {
            Ok(()) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes, reads and deletes a small object, which proves that the store can be used.
    ///
    /// # Errors
    /// The first thing that did not work.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let key = format!("probe/{}", Uuid::new_v4());
        let mut writer = self.writer(&key, 16);
        writer.write(Bytes::from_static(b"switchboard")).await?;
        let written = writer.finish().await?;
        drop(self.read(&key, 0..written.size).await?);
        self.delete(&key).await
    }
}

/// What the usual `AWS_…` variables say; an empty one counts as absent, as everywhere.
fn from_environment() -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        let key = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok();
        if let Some(key) = key.filter(|_| name.starts_with("AWS_") && !value.trim().is_empty()) {
            builder = builder.with_config(key, value);
        }
    }
    builder
}

impl Writer {
    /// Adds bytes; waits while as much as may be in memory is on its way.
    ///
    /// # Errors
    /// When the file gets too large, or the store does not take it.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        if self.size > self.most {
            return Err(StoreError::TooLarge(self.most));
        }
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.hash.update(&bytes);
        match &mut self.parts {
            Some(parts) => {
                parts.wait_for_capacity(PARTS).await?;
                // Copied: what came from the network may keep a larger buffer alive.
                parts.write(&bytes);
            }
            None => {
                self.small.extend_from_slice(&bytes);
                if self.small.content_length() >= PART {
                    let upload = self.objects.put_multipart(&self.path).await?;
                    let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
                    let small = std::mem::take(&mut self.small).freeze();
                    small.into_iter().for_each(|bytes| parts.put(bytes));
                    self.parts = Some(parts);
                }
            }
        }
        Ok(())
    }

    /// How many bytes there are so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The SHA-256 of the bytes so far.
    pub fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The file's first bytes, which tell its type.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Writes what is left; from then on the object can be read.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn finish(self) -> Result<Written, StoreError> {
        match self.parts {
            Some(parts) => parts.finish().await?,
            None => self.objects.put(&self.path, self.small.freeze()).await?,
        };
        Ok(Written { size: self.size, sha256: self.hash.finalize().into() })
    }

    /// Gives the file up.
    pub async fn abort(self) {
        if let Some(parts) = self.parts
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, "a file that was given up may have left parts in the store");
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    fn files(folder: &std::path::Path) -> usize {
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found += if path.is_dir() { files(&path) } else { 1 };
        }
        found
    }

    fn store() -> (Store, PathBuf) {
        let folder = std::env::temp_dir().join(format!("switchboard-test-{}", Uuid::new_v4()));
        (Store::open(&MediaPlace::Disk(folder.clone())).unwrap(), folder)
    }

    #[tokio::test]
    async fn files_of_any_size_come_back_as_they_were_written() {
        let (store, folder) = store();
        for size in [0, 1, HEAD, PART - 1, PART, PART + 1, 2 * PART + 77] {
            let key = Store::key(OrganizationId::new(), MediaId::new());
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let mut writer = store.writer(&key, u64::MAX);
            for chunk in bytes.chunks(700_001) {
                writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
            }
            assert_eq!(writer.head(), &bytes[..size.min(HEAD)]);
            let written = writer.finish().await.unwrap();
            assert_eq!(written.size, size as u64);
            assert_eq!(written.sha256.as_slice(), Sha256::digest(&bytes).as_slice());
            let read: Vec<Bytes> =
                store.read(&key, 0..written.size).await.unwrap().try_collect().await.unwrap();
            assert!(read.concat() == bytes, "{size} bytes");
            store.delete(&key).await.unwrap();
            store.delete(&key).await.unwrap();
            assert!(matches!(store.read(&key, 0..1).await, Err(StoreError::NotFound)));
        }
        assert_eq!(files(&folder), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_bucket_is_opened_without_being_asked_anything() {
        let place = MediaPlace::S3 { bucket: "bucket".into(), prefix: "a/b".into() };
        let store = Store::open(&place).unwrap();
        assert!(store.folder.is_none() && store.objects.to_string().contains("a/b"), "{}", store.objects);
        let file = std::env::temp_dir().join(format!("switchboard-test-{}", Uuid::new_v4()));
        std::fs::write(&file, b"not a folder").unwrap();
        let error = Store::open(&MediaPlace::Disk(file.clone())).unwrap_err();
        assert!(error.to_string().starts_with("SWITCHBOARD_MEDIA_URL"), "{error}");
        std::fs::remove_file(file).unwrap();
    }

    #[tokio::test]
    async fn what_is_too_large_or_given_up_leaves_nothing() {
        let (store, folder) = store();
        let mut writer = store.writer("a/b", 3 * PART as u64);
        let chunk = Bytes::from(vec![7; PART]);
        for _ in 0..3 {
            writer.write(chunk.clone()).await.unwrap();
        }
        assert!(matches!(writer.write(chunk).await, Err(StoreError::TooLarge(_))));
        writer.abort().await;
        assert_eq!(files(&folder), 0);
        // As a process that was killed leaves it.
        std::fs::write(folder.join("a/b#1"), b"half").unwrap();
        store.delete("a/b").await.unwrap();
        assert_eq!(files(&folder), 0);
        store.probe().await.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
