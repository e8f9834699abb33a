//! Checks files.

use super::Dialect;
use crate::channels::place::Place;
use crate::domain::content::Media;

/// Which files are taken, as what, and how large they may be: one of ours is known by media type and size.
pub(in crate::channels) struct Files {
    /// Media types by the kind they are sent as; a kind without any takes all.
    pub types: &'static [(&'static str, &'static [&'static str])],
    /// Most bytes of a picture.
    pub picture: u64,
    /// Most bytes of any other file.
    pub other: u64,
}

/// Checks a file that is sent as `kind`.
pub(super) fn check(dialect: &Dialect, kind: &str, media: &Media, place: &mut Place<'_>) {
    match (&media.media_id, &media.url) {
        (Some(_), _) => check_upload(dialect, kind, media, place),
        (None, Some(url)) => place.address("url", url),
        (None, None) => place.fault("url", "required", format!("is required on {}", dialect.name)),
    }
    if media.caption.is_some() {
        let message = format!("is not taken on {}: send a text of its own", dialect.name);
        place.fault("caption", "not_supported", message);
    }
}

fn check_upload(dialect: &Dialect, kind: &str, media: &Media, place: &mut Place<'_>) {
    let mime_type = media.mime_type.as_deref().unwrap_or_default();
    let listed = dialect.files.types.iter().find(|(known, _)| *known == kind);
    if let Some((_, types)) = listed.filter(|(_, types)| !types.contains(&mime_type)) {
        let (name, types) = (dialect.name, types.join(", "));
        let message = format!("is {mime_type}, which {name} does not take as {kind}: it takes {types}");
        return place.fault("mediaId", "media_type_not_supported", message);
    }
    let most = if kind == "image" { dialect.files.picture } else { dialect.files.other };
    if let Some(size) = media.size.filter(|size| *size > most) {
        let message = format!("has {size} bytes; {} takes {most} at most of this type", dialect.name);
        place.fault("mediaId", "media_too_large", message);
    }
}
