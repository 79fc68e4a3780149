//! Why an ICAP request is not served, and its status (RFC 3507 section 4.3.3).

/// Why a request of ICAP itself is not served. What is wrong with the HTTP message inside is no
/// matter of these: clients take an error for an outage, which may let pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// It cannot be read.
    #[error("{0}")]
    Bad(&'static str),
    /// Nobody who may ask.
    #[error("{0}")]
    Denied(String),
    /// No service of that name.
    #[error("no such service: ask /reqmod or /respmod")]
    Unknown,
    /// Asked by the method of the other service.
    #[error("the service does not take this method")]
    Method,
    /// No method of ICAP.
    #[error("no method of ICAP")]
    NoMethod,
    /// Not ICAP/1.0.
    #[error("the version is not ICAP/1.0")]
    Version,
    /// It came too slowly.
    #[error("the request came too slowly")]
    Slow,
}

impl Refusal {
    /// Its status and the status's phrase.
    pub(super) const fn status(&self) -> (u16, &'static str) {
        match self {
            Self::Bad(_) => (400, "Bad Request"),
            Self::Denied(_) => (401, "Unauthorized"),
            Self::Unknown => (404, "ICAP Service Not Found"),
            Self::Method => (405, "Method Not Allowed For Service"),
            Self::Slow => (408, "Request Timeout"),
            Self::NoMethod => (501, "Method Not Implemented"),
            Self::Version => (505, "ICAP Version Not Supported"),
        }
    }

    /// Its name in metrics.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Bad(_) => "malformed",
            Self::Denied(_) => "denied",
            Self::Slow => "slow",
            Self::Unknown | Self::Method | Self::NoMethod | Self::Version => "unsupported",
        }
    }
}
