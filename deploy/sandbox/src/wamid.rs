//! WhatsApp message ids: opaque to clients, carrying the contact and direction for the sandbox itself.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Who sent the message of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The business, to a contact.
    Outbound,
    /// A contact, to the business.
    Inbound,
}

const PREFIX: &str = "wamid.";

impl Direction {
    const fn mark(self) -> u8 {
        match self {
            Self::Outbound => 0x11,
            Self::Inbound => 0x12,
        }
    }
}

/// A new id for a message to or from `contact`.
pub fn mint(contact: &str, direction: Direction) -> String {
    let contact = &contact.as_bytes()[..contact.len().min(160)];
    let unique = format!("{:020X}", rand::random::<u128>() >> 48);
    let mut bytes = Vec::with_capacity(contact.len() + unique.len() + 10);
    bytes.extend([0x1c, 0x18, contact.len() as u8]);
    bytes.extend(contact);
    bytes.extend([0x15, 0x02, 0x00, direction.mark(), 0x18, unique.len() as u8]);
    bytes.extend(unique.as_bytes());
    bytes.push(0x00);
    let mut id = String::with_capacity(PREFIX.len() + bytes.len() * 4 / 3 + 4);
    id.push_str(PREFIX);
    STANDARD.encode_string(&bytes, &mut id);
    id
}

/// The contact and direction of an id minted here.
pub fn read(id: &str) -> Option<(String, Direction)> {
    let bytes = STANDARD.decode(id.strip_prefix(PREFIX)?).ok()?;
    let length = usize::from(*bytes.get(2)?);
    let contact = bytes.get(3..3 + length)?;
    let direction = match bytes.get(3 + length..)? {
        [0x15, 0x02, 0x00, 0x11, ..] => Direction::Outbound,
        [0x15, 0x02, 0x00, 0x12, ..] => Direction::Inbound,
        _ => return None,
    };
    Some((String::from_utf8(contact.to_vec()).ok()?, direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_contact_and_direction() {
        let id = mint("16505551234", Direction::Inbound);
        assert!(id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgASGB"), "{id}");
        assert_eq!(read(&id), Some(("16505551234".into(), Direction::Inbound)));
        assert_ne!(id, mint("16505551234", Direction::Inbound));
    }

    #[test]
    fn foreign_ids_are_not_read() {
        for id in ["", "wamid.", "wamid.???", "wamid.HBgL", "mid.1"] {
            assert_eq!(read(id), None, "{id}");
        }
    }
}
