//! The store of files: whether it can be written, read and deleted from.

use common::config::MediaPlace;
use common::media::Store;

use super::report::Report;

const REMEDY: &str = "let this user write there, or correct SWITCHBOARD_MEDIA_URL and the AWS_ variables";

/// Writes, reads and deletes a small object.
pub(super) async fn check(report: &mut Report, place: &MediaPlace) {
    let store = match Store::open(place) {
        Ok(store) => store,
        Err(error) => return report.fail("files", format!("{error:#}"), REMEDY),
    };
    match store.probe().await {
        Ok(()) => report.ok("files", "the store can be written, read and deleted from"),
        Err(error) => report.fail("files", error.to_string(), REMEDY),
    }
}
