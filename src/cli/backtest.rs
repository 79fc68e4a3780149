//! What `magistrate backtest` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use magistrate_event::Timestamp;
use magistrate_judge::Profile;

use super::Place;

#[derive(Debug, Args)]
pub(crate) struct BacktestArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Files and folders of policies that take the place of the configuration's `[judge] policies`;
    /// without them, policies as they stand
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Vec<PathBuf>,
    /// Another profile than the configuration's
    #[arg(long, value_name = "NAME", value_parser = profile)]
    pub(crate) profile: Option<Profile>,
    /// From when on: an age (`12h`, `30d`), a day (`2027-01-31`) or a time in RFC 3339
    #[arg(long, value_name = "T", default_value = "30d", value_parser = moment)]
    pub(crate) since: Moment,
    /// Until when, like `--since`
    #[arg(long, value_name = "T", value_parser = moment)]
    pub(crate) until: Option<Moment>,
    /// How many of the changed verdicts are listed
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) list: usize,
    /// Exit 1 when any verdict would be another
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A point in time, or one before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl Moment {
    /// The time that it is, seen from `now`.
    pub(crate) fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(age) => now.minus(age),
            Self::At(time) => time,
        }
    }
}

pub(super) fn moment(text: &str) -> Result<Moment, String> {
    let time = Timestamp::from_rfc3339(text)
        .or_else(|| Timestamp::from_rfc3339(&format!("{text}T00:00:00Z")));
    if let Some(time) = time {
        return Ok(Moment::At(time));
    }
    let age = humantime::parse_duration(text);
    age.map(Moment::Ago).map_err(|_| {
        "write an age such as `12h`, a day such as `2027-01-31`, or a time in RFC 3339".to_owned()
    })
}

fn profile(text: &str) -> Result<Profile, String> {
    let mut all = Profile::ALL.into_iter();
    all.find(|one| one.name() == text).ok_or_else(|| {
        let names = Profile::ALL.map(Profile::name).join(", ");
        format!("write one of {names}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ages_days_or_moments() {
        let day = Timestamp::from_micros(1_801_353_600_000_000);
        assert_eq!(moment("2027-01-31"), Ok(Moment::At(day)));
        assert_eq!(moment("2027-01-31T00:00:00Z"), Ok(Moment::At(day)));
        let hours = Moment::Ago(Duration::from_secs(12 * 3_600));
        assert_eq!(moment("12h"), Ok(hours));
        assert_eq!(hours.seen_from(day), day.minus(Duration::from_secs(43_200)));
        assert!(moment("yesterday").is_err());
        assert_eq!(profile("high-risk"), Ok(Profile::HighRisk));
        assert!(profile("none").is_err());
    }
}
