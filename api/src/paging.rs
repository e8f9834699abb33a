//! Pages: sizes, opaque tokens, and the `Link` header.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use common::db::conversations::Position;
use common::domain::ids::ConversationId;
use common::problem::Problem;
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::form_urlencoded;
use uuid::Uuid;

use crate::problems;

/// The size of a page: what is asked for, within `1..=most`, or the default.
///
/// # Errors
/// 400 when it is out of bounds.
pub fn size(name: &str, asked: Option<u16>, default: u16, most: u16) -> Result<u16, Problem> {
    let size = asked.unwrap_or(default);
    if (1..=most).contains(&size) {
        return Ok(size);
    }
    Err(problems::parameter(name, format!("must be from 1 to {most}")))
}

fn invalid_token() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_page_token", "The page token is not one of this list")
        .field("pageToken", "invalid", "must be a nextPageToken of the same list, with the same order")
}

/// Bytes as an opaque token. Its end tells whether it was changed; it need not tell by whom, for a token holds nothing secret
/// and leads to nothing that its bearer may not see.
fn token(mut bytes: Vec<u8>) -> String {
    bytes.extend(check(&bytes));
    hex::encode(bytes)
}

/// The bytes of a token of `token`.
fn read_token(token: &str) -> Option<Vec<u8>> {
    let mut bytes = hex::decode(token).ok()?;
    let (content, end) = bytes.split_last_chunk::<8>()?;
    if *end != check(content) {
        return None;
    }
    bytes.truncate(content.len());
    Some(bytes)
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::new().chain_update("page token").chain_update(bytes).finalize().into();
    let mut end = [0; 8];
    end.copy_from_slice(&hash[..8]);
    end
}

/// The token of a list in the order of ids.
pub fn id_token(id: Uuid) -> String {
    token(id.as_bytes().to_vec())
}

/// The id in a token of `id_token`.
///
/// # Errors
/// 400 when it is not one.
pub fn read_id_token(token: Option<&str>) -> Result<Option<Uuid>, Problem> {
    let Some(token) = token else { return Ok(None) };
    let id = read_token(token).and_then(|bytes| Uuid::from_slice(&bytes).ok());
    id.map(Some).ok_or_else(invalid_token)
}

/// The token of a list in the order of names.
pub fn name_token(name: &str, id: Uuid) -> String {
    token([id.as_bytes(), name.as_bytes()].concat())
}

/// The name and id in a token of `name_token`.
///
/// # Errors
/// 400 when it is not one.
pub fn read_name_token(token: Option<&str>) -> Result<Option<(String, Uuid)>, Problem> {
    let Some(token) = token else { return Ok(None) };
    let read = || {
        let bytes = read_token(token)?;
        let (id, name) = bytes.split_first_chunk::<16>()?;
        let name =
            String::from_utf8(name.to_vec()).ok().filter(|name| !name.is_empty() && !name.contains('\0'))?;
        Some((name, Uuid::from_bytes(*id)))
    };
    read().map(Some).ok_or_else(invalid_token)
}

/// The token of a list in the order of times. The order is part of it, for a place means nothing in another.
pub fn position_token(position: Position, descending: bool) -> String {
    let mut bytes = vec![u8::from(descending)];
    bytes.extend(position.at.timestamp_micros().to_be_bytes());
    bytes.extend(position.id.0.as_bytes());
    token(bytes)
}

/// The place in a token of `position_token`.
///
/// # Errors
/// 400 when it is not one, or one of the other order.
pub fn read_position_token(token: Option<&str>, descending: bool) -> Result<Option<Position>, Problem> {
    let Some(token) = token else { return Ok(None) };
    let read = || {
        let bytes: [u8; 25] = read_token(token)?.try_into().ok()?;
        let micros = i64::from_be_bytes(bytes[1..9].try_into().ok()?);
        let at = DateTime::<Utc>::from_timestamp_micros(micros)?;
        let id = ConversationId(Uuid::from_bytes(bytes[9..].try_into().ok()?));
        let storable = (0..=9999).contains(&chrono::Datelike::year(&at));
        (bytes[0] == u8::from(descending) && storable).then_some(Position { at, id })
    };
    read().map(Some).ok_or_else(invalid_token)
}

/// Cuts what was read to `size` of what was one more, and gives the token of the next page, if there is one.
pub fn cut<T>(found: &mut Vec<T>, size: usize, id: impl Fn(&T) -> Uuid) -> Option<String> {
    let more = found.len() > size;
    found.truncate(size);
    found.last().filter(|_| more).map(|last| id_token(id(last)))
}

/// A page as JSON, with a `Link` to the next one if there is one.
pub fn answer<T: Serialize>(body: &T, uri: &Uri, next: Option<&str>) -> Response {
    let mut response = axum::Json(body).into_response();
    if let Some(link) = next.and_then(|token| link(uri, token)) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

fn link(uri: &Uri, token: &str) -> Option<HeaderValue> {
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let kept = given.filter(|(name, _)| name != "pageToken");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("pageToken", token)
        .finish();
    HeaderValue::try_from(format!("<{}?{query}>; rel=\"next\"", uri.path())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_and_others_are_refused() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let position = Position { at, id: ConversationId::new() };
        let token = position_token(position, true);
        assert_eq!(read_position_token(Some(&token), true).unwrap(), Some(position));
        assert_eq!(read_position_token(Some(&token), false).unwrap_err().code, "invalid_page_token");
        assert_eq!(read_position_token(None, true).unwrap(), None);
        let far = format!("01{}", "7f".repeat(24));
        for bad in ["", "zz", "00", &token[1..], &far] {
            assert_eq!(read_position_token(Some(bad), true).unwrap_err().code, "invalid_page_token", "{bad}");
            assert_eq!(read_id_token(Some(bad)).unwrap_err().code, "invalid_page_token", "{bad}");
        }
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(read_position_token(Some(&changed), true).is_err(), "{place}");
        }
        let id = Uuid::now_v7();
        let name = name_token("zoë", id);
        assert_eq!(read_name_token(Some(&name)).unwrap(), Some(("zoë".to_owned(), id)));
        for bad in [
            "",
            "zz",
            &id_token(id),
            &name_token("a\0", id),
            &format!("{name}ff"),
            &hex::encode(id.as_bytes().repeat(2)),
        ] {
            assert_eq!(read_name_token(Some(bad)).unwrap_err().code, "invalid_page_token", "{bad}");
        }
        assert_eq!(read_id_token(Some(&id_token(id))).unwrap(), Some(id));
    }

    #[test]
    fn a_link_keeps_the_other_parameters() {
        let uri = "/v1/conversations?pageSize=2&pageToken=old&orderBy=%2BlastMessageDate".parse().unwrap();
        let expected =
            "</v1/conversations?pageSize=2&orderBy=%2BlastMessageDate&pageToken=new>; rel=\"next\"";
        assert_eq!(link(&uri, "new").unwrap(), expected);
    }
}
