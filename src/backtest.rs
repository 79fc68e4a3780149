//! `magistrate backtest`: stored verdicts, held against policies as they stand or might stand.

mod report;

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use magistrate_event::{Class, Clock as _, Event, EventUid, Field, Source, SystemClock, Timestamp};
use magistrate_judge::{Again, Decision, Past, Postures, Seen, Standing};
use magistrate_sinks::lake::{self, Part, Query};

use self::report::{Action, Report};
use crate::cli::BacktestArguments;
use crate::config::Config;
use crate::exit::{Failure, Outcome, tell};
use crate::replay::Progress;
use crate::{check, detections, rest};

/// Judges again what was judged, and prints what would be another verdict.
///
/// The lake's files are read, and what is not in them yet (`crate::rest`). Writes nothing.
pub(crate) fn command(arguments: &BacktestArguments) -> Outcome {
    let mut config = check::sound(&arguments.place)?;
    if !config.data.join("lake").is_dir() {
        let message = format!(
            "`{}` has no lake; name a data folder with --data",
            config.data.display()
        );
        return Err(Failure::Usage(message));
    }
    if !arguments.policies.is_empty() {
        config.judge.policies.clone_from(&arguments.policies);
    }
    config.judge.profile = arguments.profile.unwrap_or(config.judge.profile);
    let (policies, notes) = detections::policies(&config);
    if !notes.faults.is_empty() {
        let told = notes.faults.iter().map(|fault| format!("\n  {fault}"));
        let told: Vec<_> = told.collect();
        return Err(Failure::Usage(format!(
            "the policies have faults{}",
            told.concat()
        )));
    }
    let now = SystemClock.now();
    let until = arguments.until.map_or(now, |until| until.seen_from(now));
    let span = arguments.since.seen_from(now)..=until;
    let again = Again::new(policies, Postures::new(&config.judge));
    let mut backtest = Backtest {
        report: Report::new(&again, &span, arguments.list),
        config,
        again,
        span,
    };
    backtest.run()?;
    let mut report = backtest.report;
    if arguments.json {
        report.print_json()?;
    } else {
        report.print()?;
    }
    let is_as_asked = report.unread == 0 && (!arguments.exit_code || report.changed == 0);
    if is_as_asked {
        Ok(())
    } else {
        Err(Failure::NotSo)
    }
}

struct Backtest {
    config: Config,
    again: Again,
    span: std::ops::RangeInclusive<Timestamp>,
    report: Report,
}

/// What is stored of one UTC day: verdicts have the time of their action.
#[derive(Default)]
struct Day {
    parts: Vec<Part>,
    rest: Vec<(EventUid, Event)>,
}

/// An action that policies have looked at.
struct Looked {
    time: Timestamp,
    past: Past,
    seen: Seen,
    action: Action,
}

impl Backtest {
    /// Day by day, so that no more than the verdicts of one are in memory.
    fn run(&mut self) -> anyhow::Result<()> {
        let query = self.query(Class::ALL.to_vec(), Field::Source, [Source::Judge.name()]);
        // First, since it has a running instance close its files.
        let rest = rest::of(&self.config, "backtest".to_owned(), is_judged);
        let mut days: BTreeMap<String, Day> = BTreeMap::new();
        for part in lake::parts(&self.config.data, &query)? {
            let day = days.entry(part.day().to_owned()).or_default();
            day.parts.push(part);
        }
        for (uid, event) in rest {
            let day = days.entry(lake::day_of(event.time())).or_default();
            day.rest.push((uid, event));
        }
        let bytes = days.values().flat_map(|day| &day.parts).map(Part::bytes);
        let progress = Progress::start(bytes.sum());
        for (name, day) in days {
            progress.file(&name);
            self.day(&day, &query, &progress)?;
        }
        progress.finish();
        Ok(())
    }

    fn day(&mut self, day: &Day, query: &Query, progress: &Progress) -> anyhow::Result<()> {
        let mut pasts = self.pasts(day)?;
        if pasts.is_empty() {
            progress.counter()(day.parts.iter().map(Part::bytes).sum());
            return Ok(());
        }
        let mut looked = Vec::new();
        self.each(day, query, Some(progress), |backtest, uid, event| {
            for past in pasts.remove(&uid).into_iter().flatten() {
                looked.push(Looked {
                    time: event.time(),
                    seen: backtest.again.look(&past, (uid, event)),
                    action: Action::of(event),
                    past,
                });
            }
        })?;
        // In the order in which they were asked.
        looked.sort_by(|a, b| (a.time, &a.past.verdict).cmp(&(b.time, &b.past.verdict)));
        for one in looked {
            let would = self.again.rule(&one.past, one.seen);
            self.report.add((one.time, &one.action), &one.past, would);
        }
        self.report.without_action += pasts.into_values().flatten().count();
        Ok(())
    }

    /// The verdicts of a day that policies had a say in, by the action that they are about.
    fn pasts(&mut self, day: &Day) -> anyhow::Result<HashMap<EventUid, Vec<Past>>> {
        let decisions = Decision::ALL.map(Decision::name);
        let query = self.query(vec![Class::ApiActivity], Field::VerdictDecision, decisions);
        let mut pasts: HashMap<EventUid, Vec<Past>> = HashMap::new();
        self.each(day, &query, None, |backtest, _, event| {
            let Some(past) = Past::read(event) else {
                return;
            };
            match past.standing {
                Standing::Judged => {
                    let all = pasts.entry(past.event).or_default();
                    if all.iter().all(|other| other.verdict != past.verdict) {
                        all.push(past);
                    }
                }
                Standing::ByPosture => backtest.report.by_posture += 1,
                Standing::Late => backtest.report.late += 1,
            }
        })?;
        Ok(pasts)
    }

    /// Shows `take` the rows of a day that `query` asks for and that lie within the time asked for.
    fn each(
        &mut self,
        day: &Day,
        query: &Query,
        progress: Option<&Progress>,
        mut take: impl FnMut(&mut Self, EventUid, &Event),
    ) -> anyhow::Result<()> {
        let span = self.span.clone();
        let fits = |event: &Event| span.contains(&event.time());
        let has = |event: &Event| {
            let text = |field: Field| event.text(field);
            query.texts.ask_for(&query.fields, &text)
        };
        for (uid, event) in &day.rest {
            if fits(event) && has(event) {
                take(self, *uid, event);
            }
        }
        for part in &day.parts {
            let config = self.config.lake.clone();
            let read = lake::read_part(&config, part, query, &mut |row| {
                if fits(&row.event) {
                    take(self, row.uid, &row.event);
                }
                ControlFlow::Continue(())
            });
            if let Err(one) = read? {
                let path = one.path.display();
                tell(&format!(
                    "cannot read `{path}`: {}; its rows are left out",
                    one.source
                ));
                self.report.unread += 1;
            }
            if let Some(progress) = progress {
                progress.counter()(part.bytes());
            }
        }
        Ok(())
    }

    fn query<const N: usize>(
        &self,
        classes: Vec<Class>,
        field: Field,
        values: [&'static str; N],
    ) -> Query {
        Query {
            classes,
            fields: vec![field],
            texts: values.map(str::to_owned).to_vec().into(),
            since: *self.span.start(),
            until: None,
        }
    }
}

fn is_judged(event: &Event) -> bool {
    event.text(Field::Source) == Some(Source::Judge.name())
}
