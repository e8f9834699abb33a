//! Files of messages as the pipeline writes them: with the message that has them.

use uuid::Uuid;

use super::Changes;
use super::load::Message;
use super::rows::rows;
use crate::domain::ids::MediaId;

rows! {
    /// A contact's file that is to be fetched: the relay finds it within a second, and sends a pointer to it.
    NewFiles of NewFile {
        /// Its id.
        id: Uuid,
        /// The organization.
        organization_id: Uuid,
        /// The inbox, by whose credentials it is fetched.
        inbox_id: Uuid,
        /// The message's conversation.
        conversation_id: Uuid,
        /// The message.
        message_id: Uuid,
        /// What the provider calls it.
        provider_media_id: String,
        /// Its SHA-256 in the provider's writing, if it told.
        provider_sha256: Option<String>,
        /// Its media type, as the provider told it.
        mime_type: String,
        /// Its name, if it has one.
        filename: Option<String>,
    }
    "INSERT INTO media (id, organization_id, inbox_id, conversation_id, message_id, provider_media_id, provider_sha256,
            mime_type, filename, state, due_at)
        SELECT *, 'pending', now()
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[])"
}

rows! {
    /// A message refers to a file.
    FileLinks of FileLink {
        /// The organization.
        organization_id: Uuid,
        /// The file.
        media_id: Uuid,
        /// The message.
        message_id: Uuid,
    }
    "INSERT INTO message_media (organization_id, media_id, message_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) ON CONFLICT DO NOTHING"
}

/// Most characters of a media type and of a file's name.
const LIMIT: usize = 255;

impl Changes {
    /// Notes the file of a new message, if it has one: an upload is referred to, a contact's is to be fetched.
    pub fn file_of(&mut self, inbox: Uuid, message: &Message) {
        let Some(file) = message.content.file() else { return };
        let link =
            |media_id| FileLink { organization_id: message.organization, media_id, message_id: message.id };
        if let Some(uploaded) = file.media_id.as_deref().and_then(|id| id.parse::<MediaId>().ok()) {
            return self.file_links.push(link(uploaded.0));
        }
        let Some(provider_media_id) = file.provider_media_id.clone() else { return };
        let id = MediaId::new().0;
        let short = |text: String| text.chars().take(LIMIT).collect::<String>();
        let mime_type = file.mime_type.clone().filter(|text| !text.is_empty());
        self.files.push(NewFile {
            id,
            organization_id: message.organization,
            inbox_id: inbox,
            conversation_id: message.conversation,
            message_id: message.id,
            provider_media_id,
            provider_sha256: file.sha256.clone(),
            mime_type: mime_type.map_or_else(|| "application/octet-stream".to_owned(), short),
            filename: file.filename.clone().map(short),
        });
        self.file_links.push(link(id));
    }
}
