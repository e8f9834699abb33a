//! Where files are kept: a folder, or a bucket of S3 or of anything that speaks like it.

use std::path::PathBuf;

use url::Url;

use super::Reader;

/// Files of messages.
#[derive(Debug, Clone)]
pub struct Media {
    /// Where they lie.
    pub place: MediaPlace,
    /// Most bytes of an uploaded or fetched file.
    pub most_bytes: u64,
}

/// Where files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaPlace {
    /// In this folder.
    Disk(PathBuf),
    /// In a bucket; region, endpoint and credentials are in the usual `AWS_…` variables.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every name in it begins with; may be empty.
        prefix: String,
    },
}

const NAME: &str = "SWITCHBOARD_MEDIA_URL";
const DEFAULT: &str = "file:///var/lib/switchboard/media";
const EXPECTED: &str = "expected file:///an/absolute/folder or s3://bucket/prefix";

impl Media {
    /// Reads this section alone, for tools that need nothing else.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let text = reader.get(NAME).unwrap_or_else(|| DEFAULT.to_owned());
        let place = MediaPlace::parse(&text).unwrap_or_else(|reason| {
            reader.fault(format!("{NAME} is not valid: {reason}; {EXPECTED}"));
            MediaPlace::Disk(PathBuf::new())
        });
        let most = 5 << 30;
        Self { place, most_bytes: reader.number("SWITCHBOARD_MEDIA_MAX_BYTES", 100 << 20, (1024, most)) }
    }
}

impl MediaPlace {
    /// Reads an address.
    ///
    /// # Errors
    /// Why it names no place.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is no address")?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it has a query or a fragment");
        }
        match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| "it names another machine")?;
                if path.parent().is_none() { Err("it names the root folder") } else { Ok(Self::Disk(path)) }
            }
            "s3" if !url.username().is_empty() || url.password().is_some() => {
                Err("credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            }
            "s3" if url.port().is_some() => Err("an endpoint belongs into AWS_ENDPOINT"),
            "s3" => {
                let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no bucket")?;
                let prefix = url.path().trim_matches('/');
                let plain = |part: &str| {
                    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
                    !part.is_empty() && part != "." && part != ".." && part.chars().all(allowed)
                };
                if !prefix.is_empty() && !prefix.split('/').all(plain) {
                    return Err("its prefix may hold letters, digits, '-', '_', '.' and '='");
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
            }
            _ => Err("its scheme is neither file nor s3"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_read_and_anything_else_is_refused_with_its_reason() {
        let s3 =
            |bucket: &str, prefix: &str| Ok(MediaPlace::S3 { bucket: bucket.into(), prefix: prefix.into() });
        for (text, expected) in [
            ("file:///srv/media", Ok(MediaPlace::Disk("/srv/media".into()))),
            ("file:///srv/my%20media/", Ok(MediaPlace::Disk("/srv/my media/".into()))),
            ("s3://bucket", s3("bucket", "")),
            ("s3://bucket/", s3("bucket", "")),
            ("s3://my.bucket-1/a/b/", s3("my.bucket-1", "a/b")),
            ("file:///", Err("it names the root folder")),
            ("file://host/srv", Err("it names another machine")),
            ("/srv/media", Err("it is no address")),
            ("s3:///a", Err("it names no bucket")),
            (
                "s3://key:secret@bucket/a",
                Err("credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
            ),
            ("s3://bucket:9000/a", Err("an endpoint belongs into AWS_ENDPOINT")),
            ("s3://bucket/a//b", Err("its prefix may hold letters, digits, '-', '_', '.' and '='")),
            ("s3://bucket/a%20b", Err("its prefix may hold letters, digits, '-', '_', '.' and '='")),
            ("s3://bucket/a?x=1", Err("it has a query or a fragment")),
            ("gs://bucket", Err("its scheme is neither file nor s3")),
        ] {
            assert_eq!(MediaPlace::parse(text), expected, "{text}");
        }
    }
}
