//! How Envoy sends bodies.

use super::message::ProtocolConfig;
use crate::door::fault::Fault;

/// `ProcessingMode.BodySendMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Mode {
    /// Not at all.
    None = 0,
    /// In pieces, each of which waits for its reply; the head has gone on before.
    Streamed = 1,
    /// Whole, before anything goes on.
    Buffered = 2,
    /// As much as fits Envoy's buffer, before anything goes on.
    BufferedPartial = 3,
    /// In pieces, which are sent back when the judge likes to; the head waits, too.
    Duplex = 4,
}

impl Mode {
    fn of(number: i32) -> Result<Self, Fault> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Streamed),
            2 => Ok(Self::Buffered),
            3 => Ok(Self::BufferedPartial),
            4 => Ok(Self::Duplex),
            _ => Err(Fault::Unsupported("body mode is not served")),
        }
    }
}

/// How bodies of requests and responses come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) request: Mode,
    pub(super) response: Mode,
}

impl Modes {
    /// Without knowing them the judge would take a body that never comes for one that is still to.
    pub(super) fn of(config: Option<&ProtocolConfig>) -> Result<Self, Fault> {
        let Some(config) = config else {
            return Err(Fault::Unsupported(
                "the first message has no `protocol_config`: Envoy 1.34 or later is needed",
            ));
        };
        Ok(Self {
            request: Mode::of(config.request_body_mode)?,
            response: Mode::of(config.response_body_mode)?,
        })
    }

    /// The same with another mode of responses.
    pub(super) const fn with_response(self, response: Mode) -> Self {
        Self { response, ..self }
    }

    /// The same where nobody reads the response's body; a duplex mode cannot be changed.
    pub(super) fn without_response(self) -> Option<Self> {
        (self.response != Mode::Duplex).then_some(self.with_response(Mode::None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_known_or_refused() {
        let config = |request_body_mode, response_body_mode| ProtocolConfig {
            request_body_mode,
            response_body_mode,
        };
        let modes = Modes::of(Some(&config(2, 4))).unwrap();
        assert_eq!(
            (modes.request, modes.response),
            (Mode::Buffered, Mode::Duplex)
        );
        assert!(Modes::of(Some(&config(5, 0))).is_err());
        assert!(Modes::of(Some(&config(0, -1))).is_err());
        assert!(Modes::of(None).is_err());
    }
}
