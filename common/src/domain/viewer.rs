//! Viewers: the people who look at an embed, as the product that holds it knows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who looks at an embed, as the product that holds it has proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Viewer {
    /// Its id there: 1 to 255 characters.
    #[schema(example = "user-42")]
    pub id: String,
    /// Its name, if that was told: 1 to 200 characters.
    #[schema(example = "Ana Gómez")]
    pub name: Option<String>,
    /// Its email address, if that was told.
    #[schema(example = "ana@example.com")]
    pub email: Option<String>,
}
