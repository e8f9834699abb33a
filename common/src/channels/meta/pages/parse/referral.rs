//! Through what a contact came: an advertisement, a link, or a story that it answers.

use serde_json::Value;

use super::{text, word};
use crate::domain::content::Referral;

/// A referral; none where nothing is told.
pub(super) fn of(referral: &Value) -> Option<Referral> {
    let ad = &referral["ads_context_data"];
    let files = [&ad["photo_url"], &ad["video_url"]];
    let found = Referral {
        source_type: text(&referral["source"]),
        source_id: word(&referral["ad_id"]).or_else(|| word(&referral["product"]["id"])),
        source_url: text(&referral["referer_uri"]),
        headline: text(&ad["ad_title"]),
        media_url: files.into_iter().find_map(text),
        reference: text(&referral["ref"]),
        ..Referral::default()
    };
    (found != Referral::default()).then_some(found)
}

/// A story of the business's that a contact answers.
pub(super) fn of_story(story: &Value) -> Option<Referral> {
    story.is_object().then(|| Referral {
        source_type: Some("story".into()),
        source_id: word(&story["id"]),
        source_url: text(&story["url"]),
        ..Referral::default()
    })
}
