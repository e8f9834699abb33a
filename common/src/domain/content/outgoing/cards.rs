//! Reads contact cards.

use super::Fields;
use crate::domain::content::{Card, CardAddress, CardEmail, CardName, CardOrg, CardPhone, CardUrl, Contacts};

impl Fields<'_> {
    pub(super) fn contacts(&mut self) -> Option<Contacts> {
        self.refuse_others(&["type", "contacts"]);
        Some(Contacts { contacts: self.required_objects("contacts", |card| card.card())? })
    }

    fn card(&mut self) -> Option<Card> {
        self.refuse_others(&["name", "phones", "emails", "addresses", "org", "urls", "birthday"]);
        let name = self.required_object("name", |name| name.card_name());
        let phones = self.objects("phones", |phone| Some(phone.phone()));
        let emails = self.objects("emails", |email| Some(email.email()));
        let addresses = self.objects("addresses", |address| Some(address.postal_address()));
        let org = self.object("org", |org| Some(org.org()));
        let urls = self.objects("urls", |url| Some(url.web_address()));
        let birthday = self.optional("birthday");
        Some(Card {
            name: name?,
            phones: phones.unwrap_or_default(),
            emails: emails.unwrap_or_default(),
            addresses: addresses.unwrap_or_default(),
            org,
            urls: urls.unwrap_or_default(),
            birthday,
        })
    }

    fn card_name(&mut self) -> Option<CardName> {
        self.refuse_others(&["formattedName", "firstName", "lastName", "middleName", "prefix", "suffix"]);
        let formatted_name = self.required("formattedName");
        let (first_name, last_name) = (self.optional("firstName"), self.optional("lastName"));
        let middle_name = self.optional("middleName");
        let (prefix, suffix) = (self.optional("prefix"), self.optional("suffix"));
        Some(CardName { formatted_name: formatted_name?, first_name, last_name, middle_name, prefix, suffix })
    }

    fn phone(&mut self) -> CardPhone {
        self.refuse_others(&["phone", "type", "waId"]);
        CardPhone {
            phone: self.optional("phone"),
            r#type: self.optional("type"),
            wa_id: self.optional("waId"),
        }
    }

    fn email(&mut self) -> CardEmail {
        self.refuse_others(&["email", "type"]);
        CardEmail { email: self.optional("email"), r#type: self.optional("type") }
    }

    fn postal_address(&mut self) -> CardAddress {
        self.refuse_others(&["street", "city", "state", "zip", "country", "countryCode", "type"]);
        CardAddress {
            street: self.optional("street"),
            city: self.optional("city"),
            state: self.optional("state"),
            zip: self.optional("zip"),
            country: self.optional("country"),
            country_code: self.optional("countryCode"),
            r#type: self.optional("type"),
        }
    }

    fn org(&mut self) -> CardOrg {
        self.refuse_others(&["company", "department", "title"]);
        CardOrg {
            company: self.optional("company"),
            department: self.optional("department"),
            title: self.optional("title"),
        }
    }

    fn web_address(&mut self) -> CardUrl {
        self.refuse_others(&["url", "type"]);
        CardUrl { url: self.optional("url"), r#type: self.optional("type") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{assert_read_as_it_is_shown, told};

    #[test]
    fn cards_are_read_whole() {
        assert_read_as_it_is_shown(
            &json!({"type": "contacts", "contacts": [{"name": {"formattedName": "Ada"}}]}),
        );
        assert_read_as_it_is_shown(&json!({"type": "contacts", "contacts": [{
            "name": {"formattedName": "Dr. Ada B. Lovelace Jr.", "firstName": "Ada", "lastName": "Lovelace",
                "middleName": "B.", "prefix": "Dr.", "suffix": "Jr."},
            "phones": [{"phone": "+15550001111", "type": "WORK", "waId": "15550001111"}, {"phone": "+15550002222"}],
            "emails": [{"email": "ada@example.com", "type": "HOME"}],
            "addresses": [{"street": "1 Byron St", "city": "London", "state": "LDN", "zip": "W1", "country": "UK",
                "countryCode": "gb", "type": "HOME"}],
            "org": {"company": "Engines", "department": "Notes", "title": "Analyst"},
            "urls": [{"url": "https://ada.example", "type": "WORK"}],
            "birthday": "1815-12-10",
        }]}));
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let cases = [
            (r#"{}"#, "400 required_field_missing content.contacts:required"),
            (r#"{"contacts":{}}"#, "400 malformed_request content.contacts:wrong_type"),
            (
                r#"{"contacts":[null,5,{}]}"#,
                "400 required_field_missing content.contacts[0]:required content.contacts[1]:wrong_type content.contacts[2].name:required",
            ),
            (
                r#"{"contacts":[{"name":{"formattedName":null,"nick":"a"},"phones":[{"phone":5}],"org":[]}]}"#,
                "400 required_field_missing content.contacts[0].name.formattedName:required content.contacts[0].phones[0].phone:wrong_type content.contacts[0].org:wrong_type content.contacts[0].name.nick:unknown_field",
            ),
            (
                r#"{"contacts":[{"name":{"formattedName":"a"}},{"name":{"formattedName":"a\u0000"},"vcard":1}]}"#,
                "422 invalid_request content.contacts[1].vcard:unknown_field content.contacts[1].name.formattedName:invalid_character",
            ),
        ];
        for (rest, expected) in cases {
            let text = rest.replacen('{', r#"{"type":"contacts","#, 1).replace(",}", "}");
            assert_eq!(told(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_list_of_faults_is_cut_off() {
        let text = format!(r#"{{"type":"contacts","contacts":[{}0]}}"#, "0,".repeat(10_000));
        assert_eq!(told(&text).matches("wrong_type").count(), 100);
    }
}
