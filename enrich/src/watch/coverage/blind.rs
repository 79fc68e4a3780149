//! What happens on the agent's paths where neither its telemetry nor a proxy can look (GUIDE.md S34,
//! S85, S86): shown beside the matrix, so that green is not taken for everything.

use serde::Serialize;

/// What could see it, or what alone does.
const ENDPOINT: &str = "endpoint telemetry required";
const TELEMETRY: &str = "telemetry only";

/// Something that is done on a path and that the matrix cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BlindSpot {
    /// The path, as in the matrix; `provider_side` is none of the seven.
    pub path: &'static str,
    /// What is done.
    pub what: &'static str,
    /// What would see it: `endpoint telemetry required`, or `telemetry only` where no proxy of the
    /// company's can.
    pub label: &'static str,
}

const fn spot(path: &'static str, what: &'static str, label: &'static str) -> BlindSpot {
    BlindSpot { path, what, label }
}

/// All of them, in the order of the paths.
pub const BLIND_SPOTS: [BlindSpot; 7] = [
    spot(
        "native_loop",
        "a local file exported or copied before it is uploaded",
        ENDPOINT,
    ),
    spot(
        "remote_connector",
        "what the provider's own infrastructure asks of a remote server",
        TELEMETRY,
    ),
    spot("computer_use", "the screen read", ENDPOINT),
    spot("computer_use", "screenshots taken", ENDPOINT),
    spot(
        "computer_use",
        "clicks in an app that sends nothing",
        ENDPOINT,
    ),
    spot("computer_use", "clicks in local menus", ENDPOINT),
    spot(
        "provider_side",
        "pages that the provider fetches and searches",
        TELEMETRY,
    ),
];

/// Those of one path.
pub(super) fn blind_spots(path: &str) -> Vec<BlindSpot> {
    let all = BLIND_SPOTS.iter().filter(|one| one.path == path);
    all.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::coverage::PATHS;

    #[test]
    fn every_spot_is_of_a_path_and_has_a_label() {
        for one in BLIND_SPOTS {
            assert!(PATHS.contains(&one.path) || one.path == "provider_side");
            assert!([ENDPOINT, TELEMETRY].contains(&one.label));
        }
        assert_eq!(blind_spots("computer_use").len(), 4);
        assert_eq!(blind_spots("browser"), []);
    }
}
