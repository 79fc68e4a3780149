//! Which OCSF class, or table of our own, a row belongs to.

/// An OCSF 1.8.0 event class, or one of the two tables for OTLP metrics and spans.
///
/// The number that records hold is stable: queue files outlive a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Class {
    /// Base Event (0): what fits no other class, and what could not be parsed.
    BaseEvent = 0,
    /// File System Activity (1001).
    FileActivity = 1001,
    /// Process Activity (1007).
    ProcessActivity = 1007,
    /// Detection Finding (2004).
    DetectionFinding = 2004,
    /// Data Security Finding (2006).
    DataSecurityFinding = 2006,
    /// Authentication (3002).
    Authentication = 3002,
    /// Network Activity (4001).
    NetworkActivity = 4001,
    /// HTTP Activity (4002).
    HttpActivity = 4002,
    /// DNS Activity (4003).
    DnsActivity = 4003,
    /// Application Lifecycle (6002).
    ApplicationLifecycle = 6002,
    /// API Activity (6003).
    ApiActivity = 6003,
    /// Application Error (6008).
    ApplicationError = 6008,
    /// An OTLP metric data point; not an OCSF class.
    Metric = 60_001,
    /// An OTLP span; not an OCSF class.
    Span = 60_002,
}

/// Returned for a number that names no [`Class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown event class number {0}")]
pub struct UnknownClass(pub u16);

impl Class {
    /// Every class, in the order of its number.
    pub const ALL: [Self; 14] = [
        Self::BaseEvent,
        Self::FileActivity,
        Self::ProcessActivity,
        Self::DetectionFinding,
        Self::DataSecurityFinding,
        Self::Authentication,
        Self::NetworkActivity,
        Self::HttpActivity,
        Self::DnsActivity,
        Self::ApplicationLifecycle,
        Self::ApiActivity,
        Self::ApplicationError,
        Self::Metric,
        Self::Span,
    ];

    /// The OCSF class name in snake_case, which is also the lake's folder name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaseEvent => "base_event",
            Self::FileActivity => "file_activity",
            Self::ProcessActivity => "process_activity",
            Self::DetectionFinding => "detection_finding",
            Self::DataSecurityFinding => "data_security_finding",
            Self::Authentication => "authentication",
            Self::NetworkActivity => "network_activity",
            Self::HttpActivity => "http_activity",
            Self::DnsActivity => "dns_activity",
            Self::ApplicationLifecycle => "application_lifecycle",
            Self::ApiActivity => "api_activity",
            Self::ApplicationError => "application_error",
            Self::Metric => "metric",
            Self::Span => "span",
        }
    }

    /// Whether it tells of traffic on a network, as proxies and firewalls see it; that a name was looked
    /// up shows no traffic.
    pub const fn is_flow(self) -> bool {
        matches!(self, Self::NetworkActivity | Self::HttpActivity)
    }

    /// The number that records hold; for an OCSF class its `class_uid`.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// `class_uid`, or `None` for the metric and span tables.
    pub const fn class_uid(self) -> Option<i64> {
        match self {
            Self::Metric | Self::Span => None,
            Self::BaseEvent
            | Self::FileActivity
            | Self::ProcessActivity
            | Self::DetectionFinding
            | Self::DataSecurityFinding
            | Self::Authentication
            | Self::NetworkActivity
            | Self::HttpActivity
            | Self::DnsActivity
            | Self::ApplicationLifecycle
            | Self::ApiActivity
            | Self::ApplicationError => Some(self.number() as i64),
        }
    }
}

impl From<Class> for u16 {
    fn from(class: Class) -> Self {
        class.number()
    }
}

impl TryFrom<u16> for Class {
    type Error = UnknownClass;

    fn try_from(number: u16) -> Result<Self, UnknownClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.number() == number)
            .ok_or(UnknownClass(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_its_class() {
        for class in Class::ALL {
            assert_eq!(Class::try_from(class.number()), Ok(class));
        }
        assert_eq!(Class::try_from(7), Err(UnknownClass(7)));
    }
}
