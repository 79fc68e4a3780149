//! The `[canary]` section of the configuration.

use std::time::Duration;

use magistrate_sinks::HumanDuration;
use serde::Deserialize;

/// How often redaction is proved while the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Whether made-up secrets are planted at all.
    pub(crate) enabled: bool,
    /// How often, 1 s to 24 h.
    pub(crate) every: HumanDuration,
    /// Secrets of your own kind, made up, each 8 to 1024 bytes: proves your own rules.
    pub(crate) samples: Vec<String>,
}

const INTERVALS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 8..=1024;
const MAX_SAMPLES: usize = 1000;

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            every: HumanDuration::new(Duration::from_secs(3600)),
            samples: Vec::new(),
        }
    }
}

impl Config {
    /// Everything that is wrong with it.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !INTERVALS.contains(&self.every.get()) {
            faults.push(format!(
                "canary.every is {}, but must be from 1s to 24h; `enabled = false` switches it off",
                self.every
            ));
        }
        if self.samples.len() > MAX_SAMPLES {
            faults.push(format!(
                "canary.samples has {} entries, but at most {MAX_SAMPLES} are planted",
                self.samples.len()
            ));
        }
        for (number, sample) in self.samples.iter().enumerate() {
            if !SAMPLE_BYTES.contains(&sample.len()) || sample.contains(char::is_control) {
                faults.push(format!(
                    "canary.samples[{number}] must have 8 to 1024 bytes and no control characters"
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_fault_and_each_fault_is_named() {
        assert!(Config::default().faults().is_empty());
        let config: Config =
            toml::from_str("every = \"0s\"\nsamples = [\"short\", \"long enough\"]").unwrap();
        let faults = config.faults().join("\n");
        assert!(faults.contains("canary.every is 0s"), "{faults}");
        assert!(faults.contains("samples[0]") && !faults.contains("samples[1]"));
        assert!(toml::from_str::<Config>("often = true").is_err());
    }
}
