//! The bytes of a file over HTTP: ranges, conditions, and headers that keep a stranger's file from doing anything.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use common::db::media::{self, Media};
use common::domain::ids::{MediaId, OrganizationId};
use common::media::StoreError;
use common::problem::Problem;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::state::AppState;

/// Types that a browser shows without running anything.
const SHOWN: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "video/mp4",
    "video/3gpp",
    "video/webm",
    "video/ogg",
    "audio/webm",
];
/// What RFC 8187 lets stand in a value as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// What part of a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Nothing,
}

/// Answers with a file of the organization.
pub(super) async fn serve(
    state: &AppState,
    organization: OrganizationId,
    id: MediaId,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, Problem> {
    let found = media::find(&state.db().await?, organization, id).await?;
    let file = found.ok_or_else(|| Problem::not_found("file"))?;
    let tag = format!("\"{}\"", hex::encode(&file.sha256));
    if named(headers, header::IF_NONE_MATCH, &tag) {
        return describe(Response::builder().status(StatusCode::NOT_MODIFIED), &file, &tag, Body::empty());
    }
    let (status, range) = match wanted(headers, &tag, file.size) {
        Wanted::All => (StatusCode::OK, 0..file.size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => return unsatisfiable(file.size),
    };
    let mut answer = Response::builder().status(status);
    answer = answer.header(header::CONTENT_LENGTH, range.end - range.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let told = format!("bytes {}-{}/{}", range.start, range.end - 1, file.size);
        answer = answer.header(header::CONTENT_RANGE, told);
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let chunks = state.store.read(&file.object_key, range).await;
        Body::from_stream(chunks.map_err(unavailable)?)
    };
    describe(answer, &file, &tag, body)
}

/// The problem of a store that does not do what it should.
pub(super) fn unavailable(error: StoreError) -> Problem {
    if matches!(error, StoreError::NotFound) {
        tracing::error!("a file is known whose object is not in the store");
        return Problem::not_found("file");
    }
    let problem = Problem::unavailable("storage_unavailable", "Files cannot be read or written right now");
    Problem { cause: Some(anyhow::Error::new(error)), ..problem }
}

fn unsatisfiable(size: u64) -> Result<Response, Problem> {
    let detail = format!("The file has {size} bytes, and none of those asked for");
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail);
    let mut response = axum::response::IntoResponse::into_response(problem);
    let told = HeaderValue::try_from(format!("bytes */{size}")).map_err(Problem::internal)?;
    response.headers_mut().insert(header::CONTENT_RANGE, told);
    Ok(response)
}

fn describe(
    answer: http::response::Builder,
    file: &Media,
    tag: &str,
    body: Body,
) -> Result<Response, Problem> {
    answer
        .header(header::CONTENT_TYPE, &file.mime_type)
        .header(header::CONTENT_DISPOSITION, disposition(file))
        .header(header::ETAG, tag)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, max-age=3600")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'")
        .body(body)
        .map_err(Problem::internal)
}

/// Shown in place where that is safe, else saved; with the name in both of its writings (RFC 6266).
fn disposition(file: &Media) -> String {
    let kind = if SHOWN.contains(&file.mime_type.as_str()) { "inline" } else { "attachment" };
    let Some(name) = &file.filename else { return kind.to_owned() };
    let plain =
        |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' };
    let simple: String = name.chars().map(plain).collect();
    if simple == *name {
        return format!("{kind}; filename=\"{simple}\"");
    }
    format!("{kind}; filename=\"{simple}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

/// Whether a condition names this tag, or any.
fn named(headers: &HeaderMap, condition: header::HeaderName, tag: &str) -> bool {
    let values = headers.get_all(condition).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// One range is given; several, or what cannot be read, is answered with all of it, as RFC 9110 allows.
fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return Wanted::All };
    // A condition by time is never met: only the tag says for certain that it is the same file.
    if headers.get(header::IF_RANGE).is_some_and(|condition| condition.as_bytes() != tag.as_bytes()) {
        return Wanted::All;
    }
    let single = range.to_str().ok().filter(|text| !text.contains(','));
    let Some(parsed) = single.and_then(|text| http_range_header::parse_range_header(text).ok()) else {
        return Wanted::All;
    };
    match parsed.validate(size) {
        Ok(ranges) => match ranges.first() {
            Some(range) => Wanted::Part(*range.start()..range.end() + 1),
            None => Wanted::Nothing,
        },
        Err(_) => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(range: &str, size: u64) -> Wanted {
        let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
        wanted(&headers, "\"t\"", size)
    }

    #[test]
    fn every_range_of_a_small_file_is_what_the_rules_say() {
        for size in 0_u64..12 {
            for first in 0..14 {
                for last in 0..14 {
                    let expected = match (first, last) {
                        (first, last) if first > last => Wanted::All,
                        (first, _) if first >= size => Wanted::Nothing,
                        (first, last) => Wanted::Part(first..(last + 1).min(size)),
                    };
                    // A range whose end is before its start is no range, or asks for nothing; never for bytes.
                    let found = ask(&format!("bytes={first}-{last}"), size);
                    let backwards = first > last && found == Wanted::Nothing;
                    assert!(found == expected || backwards, "{first}-{last} of {size}: {found:?}");
                }
                let open = if first < size { Wanted::Part(first..size) } else { Wanted::Nothing };
                assert_eq!(ask(&format!("bytes={first}-"), size), open, "{first}- of {size}");
                let suffix = match first {
                    0 => Wanted::Nothing,
                    _ if size == 0 => Wanted::Nothing,
                    suffix => Wanted::Part(size.saturating_sub(suffix)..size),
                };
                assert_eq!(ask(&format!("bytes=-{first}"), size), suffix, "-{first} of {size}");
            }
        }
    }

    #[test]
    fn what_is_no_single_range_gets_all_of_it() {
        for range in ["bytes=0-1,3-4", "bytes=", "bytes=a-b", "lines=0-1", "0-1", "bytes=--1", "bytes=1-2-3"]
        {
            assert_eq!(ask(range, 10), Wanted::All, "{range}");
        }
        let mut headers = HeaderMap::from_iter([(header::RANGE, "bytes=0-1".parse().unwrap())]);
        headers.insert(header::IF_RANGE, "\"t\"".parse().unwrap());
        assert_eq!(wanted(&headers, "\"t\"", 10), Wanted::Part(0..2));
        for other in ["\"u\"", "W/\"t\"", "Sat, 28 Nov 2026 14:00:00 GMT"] {
            headers.insert(header::IF_RANGE, other.parse().unwrap());
            assert_eq!(wanted(&headers, "\"t\"", 10), Wanted::All, "{other}");
        }
    }

    #[test]
    fn names_are_written_so_that_no_header_breaks() {
        let file = |filename: Option<&str>, mime_type: &str| Media {
            id: MediaId::new(),
            object_key: String::new(),
            filename: filename.map(str::to_owned),
            mime_type: mime_type.to_owned(),
            size: 1,
            sha256: Vec::new(),
            created_at: chrono::Utc::now(),
        };
        for (name, kind, expected) in [
            (None, "image/png", "inline"),
            (None, "text/html", "attachment"),
            (None, "image/svg+xml", "attachment"),
            (Some("a b.pdf"), "application/pdf", "attachment; filename=\"a b.pdf\""),
            (
                Some("Rechnung \"Mäx\".pdf"),
                "application/pdf",
                "attachment; filename=\"Rechnung _M_x_.pdf\"; filename*=UTF-8''Rechnung%20%22M%C3%A4x%22.pdf",
            ),
        ] {
            assert_eq!(disposition(&file(name, kind)), expected);
        }
    }
}
