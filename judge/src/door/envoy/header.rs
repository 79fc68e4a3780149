//! Headers and statuses, as all of Envoy's protocols write them (`envoy.config.core.v3`).

use prost::Message;

use crate::door::headers::plain;

/// `HeaderValueOption.HeaderAppendAction`: whatever was there is replaced.
const OVERWRITE_OR_ADD: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    /// Used where `raw_value` is empty.
    #[prost(string, tag = "2")]
    pub(super) value: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) raw_value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HeaderMap {
    #[prost(message, repeated, tag = "1")]
    pub(super) headers: Vec<Header>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SetHeader {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(int32, tag = "3")]
    pub(super) append_action: i32,
}

/// `envoy.type.v3.HttpStatus`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HttpStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
}

impl Header {
    /// Its value, wherever it stands.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.raw_value.is_empty() {
            self.value.as_bytes()
        } else {
            &self.raw_value
        }
    }
}

impl HeaderMap {
    /// The header `name`, such as `:path`; of several the first.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|header| header.key == name)?;
        std::str::from_utf8(found.bytes()).ok()
    }

    /// The headers that are no pseudo-headers.
    pub(super) fn plain(&self) -> axum::http::HeaderMap {
        let headers = self.headers.iter();
        plain(headers.map(|header| (header.key.as_str(), header.bytes())))
    }
}

impl SetHeader {
    /// A header in the place of whatever was there under its name, for ext_authz.
    pub(super) fn text(name: &str, value: String) -> Self {
        Self::of(Header {
            key: name.to_owned(),
            value,
            raw_value: Vec::new(),
        })
    }

    /// The same for ext_proc.
    pub(super) fn raw(name: &str, value: String) -> Self {
        Self::of(Header {
            key: name.to_owned(),
            value: String::new(),
            raw_value: value.into_bytes(),
        })
    }

    const fn of(header: Header) -> Self {
        Self {
            header: Some(header),
            append_action: OVERWRITE_OR_ADD,
        }
    }
}

impl From<axum::http::StatusCode> for HttpStatus {
    fn from(status: axum::http::StatusCode) -> Self {
        Self {
            code: i32::from(status.as_u16()),
        }
    }
}
