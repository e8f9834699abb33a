//! Finds the upload that a message names, before the message is accepted.

use common::db::media;
use common::domain::content::{Content, invalid};
use common::domain::ids::OrganizationId;
use common::problem::{FieldError, Problem};
use deadpool_postgres::Pool;

/// Adds to content what is known of the upload it names, if it names one: only then is anything looked up.
///
/// # Errors
/// 422 naming the field when the organization has no such file.
pub async fn attach(pool: &Pool, organization: OrganizationId, content: &mut Content) -> Result<(), Problem> {
    let field = if matches!(content, Content::Interactive(_)) {
        "content.interactive.header.mediaId"
    } else {
        "content.mediaId"
    };
    let is_document = matches!(content, Content::Document(_));
    let Some(file) = content.file_mut() else { return Ok(()) };
    let Some(id) = file.media_id.as_deref() else { return Ok(()) };
    let found = match id.parse() {
        Ok(id) => {
            let client = pool.get().await.map_err(common::db::Error::from)?;
            media::take(&client, organization, id).await?
        }
        Err(_) => None,
    };
    let Some(found) = found else {
        let message = "is not a file that your organization has uploaded or received";
        let fault = FieldError { field: field.into(), code: "not_found".into(), message: message.into() };
        return Err(invalid(vec![fault]));
    };
    file.mime_type = Some(found.mime_type);
    file.size = Some(found.size);
    // The one type whose name the contact sees.
    if is_document && file.filename.is_none() {
        file.filename = found.filename;
    }
    Ok(())
}
