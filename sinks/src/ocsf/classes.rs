//! Lists what OCSF 1.8.0 says of each class: its names, its activities, the attributes it has.

use magistrate_event::Class;

use super::captions;

/// What OCSF says of one class.
pub(super) struct Shape {
    pub(super) class_uid: i64,
    pub(super) caption: &'static str,
    pub(super) category_uid: i64,
    pub(super) category: &'static str,
    /// The class's own activities by number from 1; 0 and 99 are in every class.
    activities: &'static [&'static str],
    statuses: &'static [&'static str],
    /// Objects and attributes beyond those of every class.
    attributes: &'static [(&'static str, Home)],
}

/// Where a top-level attribute stands in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// The class demands it.
    Required,
    /// The class has it.
    Optional,
    /// The class has it when the profile is declared.
    Profile(Profile),
    /// The class does not have it.
    Foreign,
}

/// A set of attributes that an event may declare to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// Model and token counts.
    AiOperation,
    /// Actor and device in classes that are not about hosts.
    Host,
    /// What a security product did about it.
    SecurityControl,
}

impl Profile {
    pub(super) const ALL: [Self; 3] = [Self::AiOperation, Self::Host, Self::SecurityControl];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AiOperation => "ai_operation",
            Self::Host => "host",
            Self::SecurityControl => "security_control",
        }
    }
}

const AI: Home = Home::Profile(Profile::AiOperation);
const HOST: Home = Home::Profile(Profile::Host);
const CONTROL: Home = Home::Profile(Profile::SecurityControl);

/// Attributes that every class has. `api` belongs to the `cloud` profile, which demands a cloud
/// provider that we do not know, so only API Activity has it.
const EVERY: &[(&str, Home)] = &[
    ("metadata", Home::Required),
    ("severity_id", Home::Required),
    ("activity_id", Home::Required),
    ("start_time", Home::Optional),
    ("end_time", Home::Optional),
    ("message", Home::Optional),
    ("raw_data", Home::Optional),
    ("status_id", Home::Optional),
    ("status_code", Home::Optional),
    ("status_detail", Home::Optional),
    ("duration", Home::Optional),
    ("action_id", CONTROL),
    ("disposition_id", CONTROL),
];

const BASE_EVENT: Shape = Shape {
    class_uid: 0,
    caption: "Base Event",
    category_uid: 0,
    category: "Uncategorized",
    activities: &[],
    statuses: captions::STATUSES,
    attributes: &[("actor", HOST), ("device", HOST)],
};

const FILE_ACTIVITY: Shape = Shape {
    class_uid: 1001,
    caption: "File System Activity",
    category_uid: 1,
    category: "System Activity",
    activities: &[
        "Create",
        "Read",
        "Update",
        "Delete",
        "Rename",
        "Set Attributes",
        "Set Security",
        "Get Attributes",
        "Get Security",
        "Encrypt",
        "Decrypt",
        "Mount",
        "Unmount",
        "Open",
    ],
    statuses: captions::STATUSES,
    attributes: &[
        ("actor", Home::Required),
        ("device", Home::Required),
        ("file", Home::Required),
    ],
};

const PROCESS_ACTIVITY: Shape = Shape {
    class_uid: 1007,
    caption: "Process Activity",
    category_uid: 1,
    category: "System Activity",
    activities: &["Launch", "Terminate", "Open", "Inject", "Set User ID"],
    statuses: captions::STATUSES,
    attributes: &[
        ("actor", Home::Required),
        ("device", Home::Required),
        ("process", Home::Required),
        ("ai_model", AI),
        ("message_context", AI),
    ],
};

const DETECTION_FINDING: Shape = Shape {
    class_uid: 2004,
    caption: "Detection Finding",
    category_uid: 2,
    category: "Findings",
    activities: &["Create", "Update", "Close"],
    statuses: captions::FINDING_STATUSES,
    attributes: &[
        ("finding_info", Home::Required),
        ("actor", HOST),
        ("device", Home::Optional),
        ("evidences", Home::Optional),
        ("confidence_id", Home::Optional),
        ("risk_level_id", Home::Optional),
        ("risk_score", Home::Optional),
        ("is_alert", Home::Optional),
    ],
};

const DATA_SECURITY_FINDING: Shape = Shape {
    class_uid: 2006,
    caption: "Data Security Finding",
    category_uid: 2,
    category: "Findings",
    activities: &["Create", "Update", "Close", "Suppressed"],
    statuses: captions::FINDING_STATUSES,
    attributes: &[
        ("finding_info", Home::Required),
        ("actor", Home::Optional),
        ("device", Home::Optional),
        ("confidence_id", Home::Optional),
        ("risk_level_id", Home::Optional),
        ("risk_score", Home::Optional),
        ("is_alert", Home::Optional),
        ("src_endpoint", Home::Optional),
        ("dst_endpoint", Home::Optional),
        ("file", Home::Optional),
    ],
};

const AUTHENTICATION: Shape = Shape {
    class_uid: 3002,
    caption: "Authentication",
    category_uid: 3,
    category: "Identity & Access Management",
    activities: &[
        "Logon",
        "Logoff",
        "Authentication Ticket",
        "Service Ticket Request",
        "Service Ticket Renew",
        "Preauth",
        "Account Switch",
    ],
    statuses: captions::STATUSES,
    attributes: &[
        ("user", Home::Required),
        ("service", Home::Optional),
        ("auth_protocol", Home::Optional),
        ("actor", Home::Optional),
        ("device", HOST),
        ("src_endpoint", Home::Optional),
        ("dst_endpoint", Home::Optional),
        ("http_request", Home::Optional),
        ("http_response", Home::Optional),
    ],
};

const NETWORK_ACTIVITY: Shape = Shape {
    class_uid: 4001,
    caption: "Network Activity",
    category_uid: 4,
    category: "Network Activity",
    activities: &[
        "Open", "Close", "Reset", "Fail", "Refuse", "Traffic", "Listen",
    ],
    statuses: captions::STATUSES,
    attributes: &[
        ("actor", HOST),
        ("device", HOST),
        ("src_endpoint", Home::Optional),
        ("dst_endpoint", Home::Optional),
        ("traffic", Home::Optional),
        ("connection_info", Home::Optional),
    ],
};

const HTTP_ACTIVITY: Shape = Shape {
    class_uid: 4002,
    caption: "HTTP Activity",
    category_uid: 4,
    category: "Network Activity",
    activities: captions::HTTP_ACTIVITIES,
    statuses: captions::STATUSES,
    attributes: &[
        ("http_request", Home::Optional),
        ("http_response", Home::Optional),
        ("actor", HOST),
        ("device", HOST),
        ("src_endpoint", Home::Optional),
        ("dst_endpoint", Home::Optional),
        ("file", Home::Optional),
        ("traffic", Home::Optional),
        ("connection_info", Home::Optional),
    ],
};

const DNS_ACTIVITY: Shape = Shape {
    class_uid: 4003,
    caption: "DNS Activity",
    category_uid: 4,
    category: "Network Activity",
    activities: &["Query", "Response", "", "", "", "Traffic"],
    statuses: captions::STATUSES,
    attributes: &[
        ("query", Home::Optional),
        ("answers", Home::Optional),
        ("rcode", Home::Optional),
        ("actor", HOST),
        ("device", HOST),
        ("src_endpoint", Home::Optional),
        ("dst_endpoint", Home::Optional),
        ("traffic", Home::Optional),
        ("connection_info", Home::Optional),
    ],
};

const APPLICATION_LIFECYCLE: Shape = Shape {
    class_uid: 6002,
    caption: "Application Lifecycle",
    category_uid: 6,
    category: "Application Activity",
    activities: &[
        "Install", "Remove", "Start", "Stop", "Restart", "Enable", "Disable", "Update",
    ],
    statuses: captions::STATUSES,
    attributes: &[("app", Home::Required), ("actor", HOST), ("device", HOST)],
};

const API_ACTIVITY: Shape = Shape {
    class_uid: 6003,
    caption: "API Activity",
    category_uid: 6,
    category: "Application Activity",
    activities: &["Create", "Read", "Update", "Delete"],
    statuses: captions::STATUSES,
    attributes: &[
        ("actor", Home::Required),
        ("api", Home::Required),
        ("src_endpoint", Home::Required),
        ("dst_endpoint", Home::Optional),
        ("device", HOST),
        ("http_request", Home::Optional),
        ("http_response", Home::Optional),
        ("ai_model", AI),
        ("message_context", AI),
    ],
};

const APPLICATION_ERROR: Shape = Shape {
    class_uid: 6008,
    caption: "Application Error",
    category_uid: 6,
    category: "Application Activity",
    activities: &["General Error", "Translation Error"],
    statuses: captions::STATUSES,
    attributes: &[("actor", HOST), ("device", HOST)],
};

/// What OCSF says of `class`; `None` for metrics and spans, which it does not know.
pub(super) const fn shape(class: Class) -> Option<&'static Shape> {
    match class {
        Class::BaseEvent => Some(&BASE_EVENT),
        Class::FileActivity => Some(&FILE_ACTIVITY),
        Class::ProcessActivity => Some(&PROCESS_ACTIVITY),
        Class::DetectionFinding => Some(&DETECTION_FINDING),
        Class::DataSecurityFinding => Some(&DATA_SECURITY_FINDING),
        Class::Authentication => Some(&AUTHENTICATION),
        Class::NetworkActivity => Some(&NETWORK_ACTIVITY),
        Class::HttpActivity => Some(&HTTP_ACTIVITY),
        Class::DnsActivity => Some(&DNS_ACTIVITY),
        Class::ApplicationLifecycle => Some(&APPLICATION_LIFECYCLE),
        Class::ApiActivity => Some(&API_ACTIVITY),
        Class::ApplicationError => Some(&APPLICATION_ERROR),
        Class::Metric | Class::Span => None,
    }
}

impl Shape {
    /// Where the attribute that `path` begins with stands in this class.
    pub(super) fn home(&self, path: &str) -> Home {
        let top = path.split_once('.').map_or(path, |(top, _)| top);
        self.attributes
            .iter()
            .chain(EVERY)
            .find_map(|(name, home)| (*name == top).then_some(*home))
            .unwrap_or(Home::Foreign)
    }

    /// The caption of an activity; `None` when the class does not have it.
    pub(super) fn activity(&self, id: i64) -> Option<&'static str> {
        let caption = captions::caption(self.activities, id);
        // A number that the class leaves out.
        caption.filter(|caption| !caption.is_empty())
    }

    /// The caption of a status; `None` when the class does not have it.
    pub(super) fn status(&self, id: i64) -> Option<&'static str> {
        captions::caption(self.statuses, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_its_classs_number_in_its_category() {
        for class in Class::ALL {
            let number = shape(class).map(|shape| shape.class_uid);
            assert_eq!(number, class.class_uid(), "{class:?}");
            if let Some(shape) = shape(class) {
                assert_eq!(shape.class_uid / 1000, shape.category_uid, "{class:?}");
            }
        }
    }

    #[test]
    fn api_is_foreign_where_it_would_need_the_cloud_profile() {
        assert_eq!(API_ACTIVITY.home("api.operation"), Home::Required);
        assert_eq!(PROCESS_ACTIVITY.home("api.operation"), Home::Foreign);
        assert_eq!(HTTP_ACTIVITY.home("actor.user.uid"), HOST);
        assert_eq!(HTTP_ACTIVITY.home("magistrate.peer"), Home::Foreign);
    }

    #[test]
    fn every_class_has_the_activities_unknown_and_other() {
        assert_eq!(BASE_EVENT.activity(0), Some("Unknown"));
        assert_eq!(BASE_EVENT.activity(99), Some("Other"));
        assert_eq!(BASE_EVENT.activity(1), None);
        assert_eq!(FILE_ACTIVITY.activity(14), Some("Open"));
        assert_eq!(FILE_ACTIVITY.activity(15), None);
        assert_eq!(DNS_ACTIVITY.activity(6), Some("Traffic"));
        assert_eq!(DNS_ACTIVITY.activity(3), None);
    }
}
