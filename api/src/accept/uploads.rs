//! Finds the upload that a message names, before the message is accepted.

use common::db::media::{self, Media};
use common::domain::content::{Content, invalid};
use common::domain::permissions::Permission;
use common::media::detect;
use common::problem::{FieldError, Problem};
use futures_util::TryStreamExt as _;

use super::Asker;
use crate::auth::not_permitted;
use crate::state::AppState;

/// Adds to content what is known of the upload it names, if it names one: only then is anything looked up.
///
/// # Errors
/// 422 naming the field when the organization has no such file.
pub async fn attach(state: &AppState, asker: &Asker, content: &mut Content) -> Result<(), Problem> {
    let field = if matches!(content, Content::Interactive(_)) {
        "content.interactive.header.mediaId"
    } else {
        "content.mediaId"
    };
    let (is_document, is_sticker) =
        (matches!(content, Content::Document(_)), matches!(content, Content::Sticker(_)));
    let needed = Permission::to_send(content);
    let Some(file) = content.file_mut() else { return Ok(()) };
    let Some(id) = file.media_id.as_deref() else { return Ok(()) };
    if let Asker::Session(name) = asker {
        // What a file is, only a visitor who may send it is told.
        let (_, caller) = state.sessions.find(name).await?;
        if !caller.permits(needed) {
            return Err(not_permitted(needed));
        }
    }
    let found = match id.parse() {
        Ok(id) => {
            let guest = asker.credential().guest();
            media::take(&state.db().await?, asker.organization(), guest, id).await?
        }
        Err(_) => None,
    };
    let Some(found) = found else {
        let message = "is not a file that your organization has uploaded or received";
        let fault = FieldError { field: field.into(), code: "not_found".into(), message: message.into() };
        return Err(invalid(vec![fault]));
    };
    if is_sticker {
        file.animated = is_animated(state, &found).await;
    }
    file.mime_type = Some(found.mime_type);
    file.size = Some(found.size);
    // The one type whose name the contact sees.
    if is_document && file.filename.is_none() {
        file.filename = found.filename;
    }
    Ok(())
}

/// Whether a sticker moves, which decides how large it may be. While the store does not answer nobody knows, which is no reason
/// to refuse it.
async fn is_animated(state: &AppState, file: &Media) -> Option<bool> {
    let head = state.store.read(&file.object_key, 0..file.size.min(detect::WEBP_HEAD)).await.ok()?;
    let head: Vec<_> = head.try_collect().await.ok()?;
    detect::is_animated_webp(&head.concat())
}
