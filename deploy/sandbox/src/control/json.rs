//! A JSON request body whose faults are told in the control endpoints' own way.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::ControlError;

/// A JSON request body, whatever its content type.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| ControlError::invalid(rejection.body_text()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| ControlError::invalid(error.to_string()))
    }
}
