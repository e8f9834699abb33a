//! Contact cards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! texts {
    ($(#[$doc:meta])* $name:ident as $schema:ident { $($(#[$field:meta])* $column:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", default)]
        #[schema(as = $schema)]
        pub struct $name {
            $($(#[$field])* #[serde(skip_serializing_if = "Option::is_none")] pub $column: Option<String>,)+
        }
    };
}

/// Contact cards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ContactsContent, example = json!({"contacts": [
    {"name": {"formattedName": "Ada Lovelace"}, "phones": [{"phone": "+15550001111", "type": "WORK"}]},
]}))]
pub struct Contacts {
    /// The cards.
    pub contacts: Vec<Card>,
}

/// A contact card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ContactCard)]
pub struct Card {
    /// Whose it is.
    pub name: CardName,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<CardPhone>,
    /// Email addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<CardEmail>,
    /// Postal addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<CardAddress>,
    /// Where they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<CardOrg>,
    /// Web addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<CardUrl>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
}

/// A name on a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ContactCardName)]
pub struct CardName {
    /// The whole name.
    pub formatted_name: String,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Such as `Dr.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Such as `Jr.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

texts! {
    /// A telephone number on a card.
    CardPhone as ContactCardPhone {
        /// The number.
        phone,
        /// Such as `HOME` or `WORK`.
        r#type,
        /// The number's WhatsApp id.
        wa_id,
    }
}

texts! {
    /// An email address on a card.
    CardEmail as ContactCardEmail {
        /// The address.
        email,
        /// Such as `HOME` or `WORK`.
        r#type,
    }
}

texts! {
    /// A postal address on a card.
    CardAddress as ContactCardAddress {
        /// Street and number.
        street,
        /// City.
        city,
        /// State or province.
        state,
        /// Postal code.
        zip,
        /// Country.
        country,
        /// Two letters of the country.
        country_code,
        /// Such as `HOME` or `WORK`.
        r#type,
    }
}

texts! {
    /// A company on a card.
    CardOrg as ContactCardOrg {
        /// Its name.
        company,
        /// The department.
        department,
        /// What they are there.
        title,
    }
}

texts! {
    /// A web address on a card.
    CardUrl as ContactCardUrl {
        /// The address.
        url,
        /// Such as `HOME` or `WORK`.
        r#type,
    }
}
