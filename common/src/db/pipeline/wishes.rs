//! What contacts want no more of, or again, in their own words: the newest word counts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::rows::rows;

rows! {
    /// What a channel says of a contact's wish for marketing; an older word than the newest changes nothing.
    Wishes of WishRow {
        /// The organization.
        organization_id: Uuid,
        /// The contact.
        contact_id: Uuid,
        /// Whether it wants none.
        opted_out: bool,
        /// The provider's time.
        at: DateTime<Utc>,
    }
    "UPDATE contacts t SET marketing_opted_out_at = CASE WHEN r.out THEN coalesce(t.marketing_opted_out_at, r.at) END,
            marketing_changed_at = r.at, updated_at = now()
        FROM (SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::timestamptz[])
            AS u (o, id, out, at) ORDER BY id, at DESC) r
        WHERE t.organization_id = r.o AND t.id = r.id AND t.id = ANY($2) AND t.merged_into IS NULL AND t.erased_at IS NULL
            AND (t.marketing_changed_at IS NULL OR t.marketing_changed_at < r.at)"
}

rows! {
    /// What a contact says to its channel of messages altogether; an older word than the newest changes nothing.
    OptOuts of OptOutRow {
        /// The organization.
        organization_id: Uuid,
        /// The contact.
        contact_id: Uuid,
        /// Whether it wants none.
        opted_out: bool,
        /// The provider's time.
        at: DateTime<Utc>,
    }
    "UPDATE contacts t SET opted_out_at = CASE WHEN r.out THEN coalesce(t.opted_out_at, r.at) END,
            opted_out_changed_at = r.at, updated_at = now()
        FROM (SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::timestamptz[])
            AS u (o, id, out, at) ORDER BY id, at DESC) r
        WHERE t.organization_id = r.o AND t.id = r.id AND t.id = ANY($2) AND t.merged_into IS NULL AND t.erased_at IS NULL
            AND (t.opted_out_changed_at IS NULL OR t.opted_out_changed_at < r.at)"
}
