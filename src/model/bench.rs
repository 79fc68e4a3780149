//! `magistrate model bench`: what the models cost on this machine.

use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

use magistrate_models::{Budget, Classifier as _, Depth, Kernel, Models};
use serde::Serialize;

use super::table::Table;
use crate::cli::BenchArguments;
use crate::exit::Outcome;

/// Each figure is the median of so many runs.
const RUNS: usize = 21;
/// Ordinary English, repeated to the length that is wanted.
const PROSE: &str = "The quarterly report is attached, please review it before the meeting on Friday and send \
    your notes to the finance team, who will collect all comments. ";
const PROSE_WORDS: usize = 25;

/// Medians.
#[derive(Debug, Serialize)]
struct Costs {
    /// How matrices are kept on this processor.
    kernel: String,
    load_ms: f64,
    tier1_512_words_us: f64,
    cascade_100_words_ms: f64,
    cascade_400_words_ms: f64,
}

/// Measures and prints.
pub(super) fn command(arguments: &BenchArguments) -> Outcome {
    let costs = measure()?;
    let mut out = stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &costs)?;
        writeln!(out)?;
        return Ok(());
    }
    let mut table = Table::new(&["what (median of 21)", "cost"]);
    for (what, cost) in [
        ("matrices kept as", costs.kernel),
        ("load", format!("{:.0} ms", costs.load_ms)),
        (
            "tier 1, 512 words",
            format!("{:.0} µs", costs.tier1_512_words_us),
        ),
        (
            "both tiers, 100 words",
            format!("{:.1} ms", costs.cascade_100_words_ms),
        ),
        (
            "both tiers, 400 words",
            format!("{:.1} ms", costs.cascade_400_words_ms),
        ),
    ] {
        table.add(vec![what.to_owned(), cost]);
    }
    table.print(&mut out)?;
    Ok(())
}

fn measure() -> anyhow::Result<Costs> {
    let kernel = Kernel::fastest();
    let begun = Instant::now();
    let models = Models::load(kernel)?;
    let load = begun.elapsed();
    let far = Budget {
        until: Instant::now() + Duration::from_secs(3_600),
        depth: Depth::Fast,
    };
    let fast = median(|| {
        models.texts.judge(&prose(512), far);
    });
    let both = |words| {
        let text = prose(words);
        let mut failed = None;
        let took = median(|| failed = models.texts.scores(&text).err());
        failed.map_or(Ok(took), Err)
    };
    Ok(Costs {
        kernel: format!("{kernel:?}"),
        load_ms: millis(load),
        tier1_512_words_us: millis(fast) * 1_000.0,
        cascade_100_words_ms: millis(both(100)?),
        cascade_400_words_ms: millis(both(400)?),
    })
}

fn prose(words: usize) -> String {
    let text = PROSE.repeat(words / PROSE_WORDS + 1);
    let kept = text.split_whitespace().take(words);
    kept.collect::<Vec<_>>().join(" ")
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(RUNS / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
