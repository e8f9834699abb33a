//! What is shown in place of the inbox when an address opens nothing: what to do, and nothing more.

use axum::response::{Html, IntoResponse, Response};
use common::db::shared_sessions::Ended;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::form_urlencoded;

use super::set_policy;
use crate::web;

/// How a visitor wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wishes {
    language: Language,
    /// `light` or `dark`, if not as the system has it.
    mode: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Spanish,
}

impl Language {
    fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "*" => Some(Self::English),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }
}

impl Wishes {
    /// By the parameters of the address that preset the inbox, and by the browser.
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let (mut language, mut mode) = (None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("lang", tag) => language = Language::of(tag),
                ("mode", "light") => mode = Some("light"),
                ("mode", "dark") => mode = Some("dark"),
                _ => (),
            }
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = language.or_else(|| preferred(accepted?)).unwrap_or(Language::English);
        Self { language, mode }
    }
}

/// The language that an Accept-Language likes best of those that there are.
fn preferred(accepted: &str) -> Option<Language> {
    let weighed = accepted.split(',').filter_map(|range| {
        let mut parts = range.split(';');
        let language = Language::of(parts.next()?)?;
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
        Some((language, weight.unwrap_or(1.0))).filter(|(_, weight)| *weight > 0.0)
    });
    // The first of those that are liked as much.
    let best = weighed.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(language, _)| language)
}

/// Title and advice.
fn words(ended: Option<Ended>, language: Language) -> (&'static str, &'static str) {
    use Language::{English, Spanish};
    match (ended, language) {
        (Some(Ended::LinkExpired), English) => {
            ("This address has expired", "Ask whoever gave it to you for a new one.")
        }
        (Some(Ended::LinkExpired), Spanish) => {
            ("Esta dirección ha caducado", "Pide una nueva a quien te la dio.")
        }
        (Some(Ended::LinkRevoked), English) => {
            ("This address is no longer in use", "Ask whoever gave it to you for a new one.")
        }
        (Some(Ended::LinkRevoked), Spanish) => {
            ("Esta dirección ya no está en uso", "Pide una nueva a quien te la dio.")
        }
        (Some(Ended::LinkRotated), English) => {
            ("This address was replaced", "Ask whoever gave it to you for the current one.")
        }
        (Some(Ended::LinkRotated), Spanish) => {
            ("Esta dirección fue sustituida", "Pide la actual a quien te la dio.")
        }
        (Some(Ended::EmbedExpired), English) => {
            ("This inbox has expired", "Whoever runs this site can put a new one in its place.")
        }
        (Some(Ended::EmbedExpired), Spanish) => {
            ("Esta bandeja ha caducado", "Quien lleva este sitio puede poner otra en su lugar.")
        }
        (Some(Ended::EmbedRevoked), English) => {
            ("This inbox is no longer in use", "Whoever runs this site can put a new one in its place.")
        }
        (Some(Ended::EmbedRevoked), Spanish) => {
            ("Esta bandeja ya no está en uso", "Quien lleva este sitio puede poner otra en su lugar.")
        }
        (_, English) => {
            ("There is nothing at this address", "See whether it is complete, or ask whoever gave it to you.")
        }
        (_, Spanish) => {
            ("No hay nada en esta dirección", "Comprueba que esté completa o pregunta a quien te la dio.")
        }
    }
}

/// The page, which only `frame_ancestors` may show in a frame: 410 for what has ended, 404 for what never was.
pub(super) fn nothing(ended: Option<Ended>, wishes: Wishes, frame_ancestors: &str) -> Response {
    let status = if ended.is_some() { StatusCode::GONE } else { StatusCode::NOT_FOUND };
    let mut response = (status, Html(html(ended, wishes))).into_response();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors {frame_ancestors}"
    );
    set_policy(&mut response, &policy);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(wishes.language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

fn html(ended: Option<Ended>, wishes: Wishes) -> String {
    let (title, advice) = words(ended, wishes.language);
    let language = wishes.language.tag();
    let theme = wishes.mode.map(|mode| format!(" data-theme=\"{mode}\"")).unwrap_or_default();
    let [icon, tokens, layout] = ["icon.svg", "styles/tokens.css", "styles/layout.css"].map(web::path);
    format!(
        "<!doctype html>
<html lang=\"{language}\"{theme}>
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"robots\" content=\"noindex\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{title}</title>
<link rel=\"icon\" type=\"image/svg+xml\" href=\"{icon}\">
<link rel=\"stylesheet\" href=\"{tokens}\">
<link rel=\"stylesheet\" href=\"{layout}\">
</head>
<body>
<main class=\"whole\">
<span class=\"nothing-icon\"><svg width=\"32\" height=\"32\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" \
         stroke-width=\"1.9\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">\
         <path d=\"M10 13a5 5 0 0 0 7.54.54l3-3a5 5 0 0 0-7.07-7.07l-1.72 1.71\"/>\
         <path d=\"M14 11a5 5 0 0 0-7.54-.54l-3 3a5 5 0 0 0 7.07 7.07l1.71-1.71\"/></svg></span>
<h1>{title}</h1>
<p>{advice}</p>
</main>
</body>
</html>
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(query: Option<&str>, accepted: &'static str) -> Wishes {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted))]);
        Wishes::of(query, &headers)
    }

    #[test]
    fn the_best_liked_language_is_spoken_and_the_address_says_more_than_the_browser() {
        for (query, accepted, expected) in [
            (None, "", Language::English),
            (None, "de-DE,de;q=0.9", Language::English),
            (None, "es-AR,es;q=0.9,en;q=0.8", Language::Spanish),
            (None, "fr, en;q=0.5, ES;q=0.7", Language::Spanish),
            (None, "en, es", Language::English),
            (None, "es;q=0, en;q=0.1", Language::English),
            (None, "de, es;q=0.5, *;q=0.1", Language::Spanish),
            (None, ";;q=,,es;q=x", Language::Spanish),
            (Some("lang=es"), "en", Language::Spanish),
            (Some("lang=de"), "es", Language::Spanish),
        ] {
            assert_eq!(wishes(query, accepted).language, expected, "{query:?}, {accepted}");
        }
        assert_eq!(wishes(Some("mode=dark&x"), "").mode, Some("dark"));
        assert_eq!(wishes(Some("mode=%22%3E"), "").mode, None);
    }

    #[test]
    fn every_end_has_its_words_in_each_language_and_none_is_styled_inline() {
        let ends = [
            None,
            Some(Ended::LinkExpired),
            Some(Ended::LinkRevoked),
            Some(Ended::LinkRotated),
            Some(Ended::EmbedExpired),
            Some(Ended::EmbedRevoked),
        ];
        let mut titles = Vec::new();
        for ended in ends {
            for language in [Language::English, Language::Spanish] {
                let page = html(ended, Wishes { language, mode: Some("dark") });
                assert!(
                    !page.contains("<script") && !page.contains("<style") && !page.contains("style="),
                    "{page}"
                );
                assert!(page.contains(&format!("<html lang=\"{}\" data-theme=\"dark\">", language.tag())));
                titles.push(words(ended, language).0);
            }
        }
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), 12);
    }
}
