//! Error answers as the reference node gives them (`ApiError`): `{error, reason, detail}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::judge::Refusal;
use crate::outcome::{FundError, MineError, SubmitError};
use crate::view::ViewError;

/// An error answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    reason: &'static str,
    detail: Option<String>,
}

impl ApiError {
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason: "bad.request",
            detail: Some(detail.into()),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            reason: "not-found",
            detail: None,
        }
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            reason: "internal.error",
            detail: Some(detail.into()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.status.as_u16(),
            "reason": self.reason,
            "detail": self.detail,
        });
        (self.status, Json(body)).into_response()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::bad_request(refusal.to_string())
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Mine(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<MineError> for ApiError {
    fn from(error: MineError) -> Self {
        match error {
            MineError::TooHigh { .. } | MineError::Ledger(_) => {
                Self::bad_request(error.to_string())
            }
            MineError::Journal(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<FundError> for ApiError {
    fn from(error: FundError) -> Self {
        match error {
            FundError::Mine(cause) => cause.into(),
            other => Self::bad_request(other.to_string()),
        }
    }
}

impl From<ViewError> for ApiError {
    fn from(error: ViewError) -> Self {
        Self::internal(error.to_string())
    }
}
