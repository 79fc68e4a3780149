//! How a length of time is written in the configuration: `60s`, `5m`, `1h 30m`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time that a person writes as text with units, such as `60s` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// The duration to be shown and read as text.
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// The length itself.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|error| {
            serde::de::Error::custom(format_args!(
                "cannot read `{text}` as a duration such as `60s`: {error}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_units_is_read_and_shown_again() {
        for (text, seconds) in [("60s", 60), ("5m", 300), ("1h 30m", 5_400)] {
            let read: HumanDuration = serde_json::from_value(text.into()).unwrap();
            assert_eq!(read.get(), Duration::from_secs(seconds));
            let again = serde_json::to_value(read).unwrap();
            assert_eq!(
                serde_json::from_value::<HumanDuration>(again).unwrap(),
                read
            );
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        let error = serde_json::from_value::<HumanDuration>("60".into()).unwrap_err();
        assert!(error.to_string().contains("`60`"), "{error}");
    }
}
