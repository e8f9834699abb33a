//! Reads an upload: a form with one file, or the file itself; as a stream, chunk by chunk.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use common::problem::Problem;
use futures_util::StreamExt as _;
use http::{StatusCode, header};

/// Longest wait for the next bytes of a client.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest name of a file.
const LONGEST_NAME: usize = 255;

/// An upload whose bytes are still to come.
pub(super) enum Upload {
    Form(Multipart),
    Raw(BodyDataStream, Told),
}

/// What is said of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub filename: Option<String>,
    pub mime_type: Option<String>,
}

/// Where the bytes of a file come from.
pub(super) enum Source<'a> {
    Field(Box<Field<'a>>),
    Raw(&'a mut BodyDataStream),
}

impl Upload {
    /// Begins to read a request.
    pub(super) async fn of(request: Request, filename: Option<&str>) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.map(str::to_ascii_lowercase).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            // What some clients say of any body that they were given.
            let mime_type = (!kind.starts_with("application/x-www-form-urlencoded")).then_some(kind);
            let told = Told { filename: filename.map(name).transpose()?, mime_type };
            return Ok(Self::Raw(request.into_body().into_data_stream(), told));
        }
        let form = Multipart::from_request(request, &()).await;
        form.map(Self::Form).map_err(|error| Problem::malformed(error.body_text()))
    }

    /// The file: what is said of it, and its bytes.
    pub(super) async fn file(&mut self) -> Result<(Told, Source<'_>), Problem> {
        match self {
            Self::Raw(stream, told) => Ok((told.clone(), Source::Raw(stream))),
            Self::Form(form) => {
                let field = waited(form.next_field()).await?.map_err(|error| broken(&error))?;
                let field = field.ok_or_else(|| Problem::required("file"))?;
                only_file(&field)?;
                let filename = field.file_name().map(name).transpose()?;
                let told = Told { filename, mime_type: field.content_type().map(str::to_owned) };
                Ok((told, Source::Field(Box::new(field))))
            }
        }
    }

    /// Makes sure that nothing follows the file.
    pub(super) async fn end(&mut self) -> Result<(), Problem> {
        let Self::Form(form) = self else { return Ok(()) };
        match waited(form.next_field()).await?.map_err(|error| broken(&error))? {
            None => Ok(()),
            Some(field) => {
                only_file(&field)?;
                Err(Problem::malformed("The form has more than one file").field(
                    "file",
                    "duplicate",
                    "comes twice",
                ))
            }
        }
    }
}

impl Source<'_> {
    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Field(field) => waited(field.chunk()).await?.map_err(|error| broken(&error)),
            Self::Raw(stream) => match waited(stream.next()).await? {
                Some(Err(_)) => Err(Problem::malformed("The body could not be read to its end")),
                Some(Ok(bytes)) => Ok(Some(bytes)),
                None => Ok(None),
            },
        }
    }
}

fn only_file(field: &Field<'_>) -> Result<(), Problem> {
    match field.name() {
        Some("file") => Ok(()),
        other => {
            let other = other.unwrap_or("a part without a name").chars().take(64).collect::<String>();
            let detail = format!("There is no field {other} here; send one part named file");
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_field", detail);
            Err(problem.field(&other, "unknown_field", "is not known here"))
        }
    }
}

/// The last part of a path that a client may have sent as the name.
fn name(text: &str) -> Result<String, Problem> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits && name != "." && name != ".." {
        return Ok(name.to_owned());
    }
    let what = format!("must be a name of 1 to {LONGEST_NAME} characters without control characters");
    Err(Problem::invalid("filename", "invalid", what))
}

async fn waited<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(SILENCE, work)
        .await
        .map_err(|_| Problem::malformed("The body stopped coming; nothing was stored"))
}

fn broken(error: &MultipartError) -> Problem {
    Problem::malformed(format!("The form cannot be read: {}", error.body_text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_and_nothing_else() {
        let read = |text: &str| name(text).ok();
        assert_eq!(read("a.pdf").as_deref(), Some("a.pdf"));
        assert_eq!(read("C:\\Users\\Ann\\Rechnung Mäx.pdf").as_deref(), Some("Rechnung Mäx.pdf"));
        assert_eq!(read("../../etc/passwd").as_deref(), Some("passwd"));
        for bad in ["", " ", "..", "a/", "a\nb", "a\u{0}", &"x".repeat(256)] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
