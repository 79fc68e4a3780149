//! `magistrate model eval`: how good the models are on labelled rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use anyhow::Context as _;
use indicatif::ProgressBar;
use magistrate_models::Evidence;
use magistrate_models::measure::{
    Scored, auc, f1_above, flagged_above, recall_above, threshold_at,
};
use serde::Serialize;
use serde_json::json;

use super::judge::{Inputs, Judge, Judged};
use super::rows::{Labelled, read};
use super::table::{Table, figure};
use crate::cli::EvalArguments;
use crate::exit::{Failure, Outcome};

/// Rates of false positives at which recall is told.
const RATES: [f64; 3] = [0.01, 0.03, 0.05];
/// A row that cannot be judged counts as harmless.
const NOTHING: f64 = f64::MIN;

/// What one way of judging comes to.
#[derive(Debug, Serialize)]
struct Figures {
    attacks: usize,
    harmless: usize,
    auc: Option<f64>,
    /// At 1, 3 and 5 % false positives on these rows.
    recall_at_1_percent: Option<f64>,
    recall_at_3_percent: Option<f64>,
    recall_at_5_percent: Option<f64>,
    /// At the card's threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall_at_card: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flagged_at_card: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f1_at_card: Option<f64>,
}

/// All figures of a file, each way of judging with all rows and with those of each source.
type Report = BTreeMap<&'static str, BTreeMap<String, Figures>>;

/// Judges every row of the file and prints the figures.
pub(super) fn command(arguments: &EvalArguments) -> Outcome {
    let rows = read(&arguments.file).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let inputs = Inputs {
        are_decoded: !arguments.no_decoding,
        are_apart: !arguments.no_parts,
        are_whole: !arguments.no_windows,
    };
    let judge = Judge::new(inputs, arguments.folder.as_deref())?;
    let bar = ProgressBar::new(rows.len() as u64);
    let judged: Vec<Judged> = rows
        .iter()
        .inspect(|_| bar.inc(1))
        .map(|row| judge.judge(&row.row))
        .collect();
    bar.finish_and_clear();
    if let Some(path) = &arguments.scores {
        write_scores(path, &judged)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let report = report(&judge.thresholds(), &rows, &judged);
    let mut out = stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&report, &mut out)?;
    }
    Ok(())
}

/// One line a row: `{"score": 0.93}`, of actions with what speaks for a drift beside it, or
/// `{"score": null, "error": "…"}`.
fn write_scores(path: &Path, judged: &[Judged]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for one in judged {
        let mut line = match one.score() {
            Ok(score) => json!({ "score": score }),
            Err(error) => json!({ "score": null, "error": error }),
        };
        let evidence = one.evidence().map(Evidence::named).into_iter().flatten();
        if let Some(members) = line.as_object_mut() {
            members.extend(evidence.map(|(name, text)| (name.to_owned(), text.into())));
        }
        serde_json::to_writer(&mut file, &line)?;
        writeln!(file)?;
    }
    file.flush()
}

fn report(
    thresholds: &BTreeMap<&'static str, f64>,
    rows: &[Labelled],
    judged: &[Judged],
) -> Report {
    let mut scores: BTreeMap<&'static str, Vec<(&Labelled, f64)>> = BTreeMap::new();
    for (row, judged) in rows.iter().zip(judged) {
        for (way, score) in judged.ways() {
            let score = score.unwrap_or(NOTHING);
            scores.entry(way).or_default().push((row, score));
        }
    }
    let report = scores.into_iter().map(|(way, scores)| {
        let card = thresholds.get(way).copied();
        let mut sources: BTreeMap<String, Vec<Scored>> = BTreeMap::new();
        for (row, score) in scores {
            let scored = Scored {
                score,
                is_attack: row.is_attack,
            };
            for name in ["all", row.source.as_str()] {
                sources.entry(name.to_owned()).or_default().push(scored);
            }
        }
        let figures = sources
            .into_iter()
            .map(|(name, scored)| (name, figures(&scored, card)));
        (way, figures.collect())
    });
    report.collect()
}

fn figures(scored: &[Scored], card: Option<f64>) -> Figures {
    let attacks = scored.iter().filter(|one| one.is_attack).count();
    let recall_at = |rate| recall_above(scored, threshold_at(scored, rate)?);
    let [one, three, five] = RATES.map(recall_at);
    Figures {
        attacks,
        harmless: scored.len() - attacks,
        auc: auc(scored),
        recall_at_1_percent: one,
        recall_at_3_percent: three,
        recall_at_5_percent: five,
        recall_at_card: card.and_then(|card| recall_above(scored, card)),
        flagged_at_card: card.and_then(|card| flagged_above(scored, card)),
        f1_at_card: card.and_then(|card| f1_above(scored, card)),
    }
}

fn print(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    for (way, sources) in report {
        writeln!(out, "{way}")?;
        let mut table = Table::new(&[
            "source", "attacks", "harmless", "AUC", "@1%", "@3%", "@5%", "card", "flagged", "F1",
        ]);
        // All rows first, then their sources.
        let (all, rest): (Vec<_>, Vec<_>) = sources.iter().partition(|(name, _)| *name == "all");
        for (name, figures) in all.into_iter().chain(rest) {
            table.add(vec![
                name.clone(),
                figures.attacks.to_string(),
                figures.harmless.to_string(),
                figure(figures.auc),
                figure(figures.recall_at_1_percent),
                figure(figures.recall_at_3_percent),
                figure(figures.recall_at_5_percent),
                figure(figures.recall_at_card),
                figure(figures.flagged_at_card),
                figure(figures.f1_at_card),
            ]);
        }
        table.print(out)?;
        writeln!(out)?;
    }
    Ok(())
}
