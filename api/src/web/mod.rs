//! The web inbox's page and the files it is made of (`api/web`), from inside the binary.
//!
//! All files of one build stand under one directory whose name is a hash over them. So modules import each other by plain relative
//! paths, every file may be kept for ever, and no page ever mixes two builds.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use common::problem::Problem;
use http::{HeaderValue, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

/// Debug builds read them from the folder, so that they can be edited while the process runs.
#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "*.d.ts"]
#[exclude = "*.json"]
struct Files;

/// The path of a file, from the root of the public address.
pub const ASSETS: &str = "/assets/{version}/{*path}";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What the page fetches only when it is needed: for an open conversation, and now and then.
const LATER: [&str; 4] = ["composer/", "details/", "later/", "thread/"];

struct Build {
    version: String,
    page: String,
}

static BUILD: LazyLock<Build> = LazyLock::new(build);

/// The page, the same for every visitor.
pub fn index_html() -> String {
    current(|build| build.page.clone())
}

/// The path of a file of this build.
pub fn path(file: &str) -> String {
    current(|build| format!("/assets/{}/{file}", build.version))
}

/// `GET /assets/{version}/{path}`: a file of this build.
pub async fn asset(Path((version, path)): Path<(String, String)>) -> Result<Response, Problem> {
    let file = current(|build| build.version == version).then(|| Files::get(&path)).flatten();
    let EmbeddedFile { data, .. } = file.ok_or_else(|| Problem::not_found("file of this version"))?;
    let kind = HeaderValue::from_static(media_type(&path));
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)], data).into_response())
}

/// The build as it is: what was embedded never changes, but a folder does.
fn current<T>(read: impl FnOnce(&Build) -> T) -> T {
    if cfg!(debug_assertions) { read(&build()) } else { read(&BUILD) }
}

fn build() -> Build {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut all = Sha256::new();
    for name in &names {
        if let Some(file) = Files::get(name) {
            all.update(name.as_bytes());
            all.update(file.metadata.sha256_hash());
        }
    }
    let version = hex::encode(&all.finalize()[..8]);
    let mut preloads = String::new();
    for name in names
        .iter()
        .filter(|name| name.ends_with(".js") && !LATER.iter().any(|later| name.starts_with(later)))
    {
        let _ = writeln!(preloads, "<link rel=\"modulepreload\" href=\"/assets/{version}/{name}\">");
    }
    let page = Files::get("index.html").map(|file| String::from_utf8_lossy(&file.data).into_owned());
    let page = page.unwrap_or_default().replace("{preloads}\n", &preloads).replace("{version}", &version);
    Build { version, page }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("html") => "text/html; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    async fn status(version: &str, path: &str) -> StatusCode {
        match asset(Path((version.to_owned(), path.to_owned()))).await {
            Ok(response) => response.status(),
            Err(problem) => problem.status,
        }
    }

    #[tokio::test]
    async fn whatever_the_page_names_is_there_and_nothing_else() {
        let page = index_html();
        let named: Vec<_> =
            page.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.iter().any(|name| name.ends_with("main.js")), "{page}");
        assert!(!page.contains('{') && !page.contains("/later/"), "{page}");
        for name in named {
            let (version, path) = name.split_once('/').unwrap();
            assert_eq!(status(version, path).await, StatusCode::OK, "{name}");
            assert_eq!(
                status("0000000000000000", path).await,
                StatusCode::NOT_FOUND,
                "another build's {name}"
            );
        }
        let version = build().version;
        for path in ["../Cargo.toml", "nothing.js", "", "vendor/preact.d.ts"] {
            assert_eq!(status(&version, path).await, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn the_page_has_no_script_or_style_of_its_own() {
        let page = index_html();
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=").count());
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains(" on"), "{page}");
    }
}
