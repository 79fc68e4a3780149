//! Tells which product wrote a record: `service.name` says so, nothing else.

use magistrate_event::Field;

use crate::normalize::draft::Draft;

/// The product behind a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    /// Claude Cowork.
    Cowork,
    /// Claude Code on the command line.
    Code,
    /// The Code tab of Claude Desktop.
    CodeDesktop,
    /// Claude Desktop's own events.
    Desktop,
    /// Claude's client under a service name of the operator's choice: its scope shows it.
    Renamed,
    /// Something else that speaks OTLP.
    Foreign,
}

impl Product {
    /// The product of a resource's `service.name` and a scope's name.
    pub(crate) fn of(service_name: Option<&[u8]>, scope: &[u8]) -> Self {
        match service_name {
            Some(b"cowork") => Self::Cowork,
            Some(b"claude-code") => Self::Code,
            Some(b"claude-code-desktop") => Self::CodeDesktop,
            Some(b"claude-desktop") => Self::Desktop,
            Some(_) | None if scope.starts_with(b"com.anthropic.claude_code") => Self::Renamed,
            Some(_) | None => Self::Foreign,
        }
    }

    /// Whether `service.name` is one of the four.
    pub(crate) const fn is_known(self) -> bool {
        match self {
            Self::Cowork | Self::Code | Self::CodeDesktop | Self::Desktop => true,
            Self::Renamed | Self::Foreign => false,
        }
    }

    /// Whether the record has the shape of Claude's client.
    pub(crate) const fn is_claude(self) -> bool {
        match self {
            Self::Cowork | Self::Code | Self::CodeDesktop | Self::Desktop | Self::Renamed => true,
            Self::Foreign => false,
        }
    }

    /// Whether its commands run inside the virtual machine.
    pub(crate) const fn has_vm(self) -> bool {
        matches!(self, Self::Cowork)
    }

    /// Fills maker and surface.
    pub(crate) fn fill(self, draft: &mut Draft) {
        let surface = match self {
            Self::Cowork => "cowork",
            Self::Code | Self::CodeDesktop => "code",
            Self::Desktop => "desktop",
            Self::Renamed | Self::Foreign => "other",
        };
        draft.text(Field::Surface, surface);
        if self.is_claude() {
            draft.text(Field::ProductVendor, "Anthropic");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_name_tells_the_product() {
        let scope = b"com.anthropic.claude_code.events";
        let of = |name: &'static str| Product::of(Some(name.as_bytes()), scope);
        assert_eq!(of("cowork"), Product::Cowork);
        assert_eq!(of("claude-code"), Product::Code);
        assert_eq!(of("claude-code-desktop"), Product::CodeDesktop);
        assert_eq!(of("claude-desktop"), Product::Desktop);
        assert_eq!(of("agents-prod"), Product::Renamed);
        assert_eq!(Product::of(Some(b"shop"), b"checkout"), Product::Foreign);
        assert_eq!(Product::of(None, b""), Product::Foreign);
    }
}
