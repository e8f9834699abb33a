//! Calls and answers, read whole.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// A call to be made.
pub struct Call(pub RequestBuilder);

impl Call {
    /// With this key as a bearer token.
    pub fn key(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// With this header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With this JSON body.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// With these bytes as a JSON body.
    pub fn raw(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", "application/json").body(body))
    }

    /// With this form.
    pub fn form(self, body: String) -> Self {
        Self(self.0.header("content-type", "application/x-www-form-urlencoded").body(body))
    }

    /// Makes the call.
    pub async fn send(self) -> Answer {
        let response = self.0.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, body }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub text: String,
    /// Body as JSON, or null.
    pub body: Value,
}

impl Answer {
    /// The body, if the status is as expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The whole problem, if status and code are as expected and its form is that of every problem.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let body = &self.body;
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("/docs/problems#{code}"));
        assert_eq!(body["error"], body["detail"]);
        assert_eq!(body["traceId"], self.headers["x-trace-id"].to_str().unwrap());
        assert!(
            body["title"].is_string() && body["instance"].is_string() && body["errors"].is_array(),
            "{body}"
        );
        if [429, 502, 503].contains(&status) {
            assert!(self.headers.contains_key("retry-after"));
        }
        self.body
    }

    /// The fields named by a problem.
    #[track_caller]
    pub fn fields(self, status: u16, code: &str) -> Vec<String> {
        let body = self.problem(status, code);
        let errors = body["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A method by name.
pub fn method(name: &str) -> Method {
    name.parse().unwrap()
}
