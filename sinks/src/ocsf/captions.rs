//! Words for the numbers of OCSF 1.8.0 that more than one class uses.

/// The number that means "something that the list does not have".
pub(super) const OTHER: i64 = 99;

/// `status_id` from 1, in every class but the findings.
pub(super) const STATUSES: &[&str] = &["Success", "Failure"];

/// `status_id` from 1 of a finding.
pub(super) const FINDING_STATUSES: &[&str] = &[
    "New",
    "In Progress",
    "Suppressed",
    "Resolved",
    "Archived",
    "Deleted",
];

/// `activity_id` from 1 of HTTP Activity: the methods.
pub(super) const HTTP_ACTIVITIES: &[&str] = &[
    "Connect", "Delete", "Get", "Head", "Options", "Post", "Put", "Trace", "Patch",
];

const SEVERITIES: &[&str] = &[
    "Informational",
    "Low",
    "Medium",
    "High",
    "Critical",
    "Fatal",
];

const ACTIONS: &[&str] = &["Allowed", "Denied", "Observed", "Modified"];

const DISPOSITIONS: &[&str] = &[
    "Allowed",
    "Blocked",
    "Quarantined",
    "Isolated",
    "Deleted",
    "Dropped",
    "Custom Action",
    "Approved",
    "Restored",
    "Exonerated",
    "Corrected",
    "Partially Corrected",
    "Uncorrected",
    "Delayed",
    "Detected",
    "No Action",
    "Logged",
    "Tagged",
    "Alert",
    "Count",
    "Reset",
    "Captcha",
    "Challenge",
    "Access Revoked",
    "Rejected",
    "Unauthorized",
    "Error",
];

/// The caption of `id` in a list that is numbered from 1, between 0 Unknown and 99 Other.
pub(super) fn caption(list: &[&'static str], id: i64) -> Option<&'static str> {
    match id {
        0 => Some("Unknown"),
        OTHER => Some("Other"),
        _ => usize::try_from(id)
            .ok()
            .and_then(|id| list.get(id.checked_sub(1)?).copied()),
    }
}

/// The caption of a `severity_id`.
pub(super) fn severity(id: i64) -> Option<&'static str> {
    caption(SEVERITIES, id)
}

/// The caption of an `action_id`.
pub(super) fn action(id: i64) -> Option<&'static str> {
    caption(ACTIONS, id)
}

/// The caption of a `disposition_id`.
pub(super) fn disposition(id: i64) -> Option<&'static str> {
    caption(DISPOSITIONS, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_a_list_have_no_caption() {
        assert_eq!(severity(6), Some("Fatal"));
        assert_eq!(disposition(27), Some("Error"));
        assert_eq!(action(OTHER), Some("Other"));
        for id in [-1, i64::MIN, i64::MAX, 7, 28] {
            assert_eq!(severity(id), None, "{id}");
        }
    }
}
