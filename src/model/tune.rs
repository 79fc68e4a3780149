//! `magistrate model tune`: the models' head, fitted to somebody's own labelled texts.

use std::io::{Write as _, stdout};

use anyhow::Context as _;
use indicatif::ProgressBar;
use magistrate_enrich::{Epoch, RedactKey, Redactor};
use magistrate_models::{Example, Label, Models, Quality, TuneError, Tuned};

use super::rows::{Labelled, Row, read};
use super::table::{Table, figure};
use crate::cli::TuneArguments;
use crate::exit::{Failure, Outcome};

/// The key of the tokens; nothing that is masked here is kept.
const KEY: [u8; 32] = [0; 32];

/// Reads the rows, fits a head, writes the folder, and says whether it is better.
pub(super) fn command(arguments: &TuneArguments) -> Outcome {
    let rows = read(&arguments.file).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let redactor = Redactor::new(&RedactKey::from_bytes(KEY), Epoch::default())?;
    let examples: Vec<Example> = rows
        .iter()
        .filter_map(|row| example(row, &redactor))
        .collect();
    let models = super::load()?;
    let bar = ProgressBar::new(examples.len() as u64);
    let tuned = models.tune(&examples, |read| bar.set_position(read as u64));
    bar.finish_and_clear();
    let tuned = match tuned {
        Err(error @ TuneError::TooFew { .. }) => return Err(Failure::Usage(error.to_string())),
        other => other?,
    };
    let out = &arguments.out;
    std::fs::create_dir(out).with_context(|| format!("cannot make folder `{}`", out.display()))?;
    Models::write_tuned(out, &tuned)?;
    print(arguments, &tuned)?;
    Ok(())
}

/// A text as both doors would judge it.
fn example(row: &Labelled, redactor: &Redactor) -> Option<Example> {
    let Row::Text(text) = &row.row else {
        return None;
    };
    let label = match row.label.as_str() {
        "injection" => Label::Injection,
        "jailbreak" => Label::Jailbreak,
        _ => Label::Benign,
    };
    Some(Example {
        text: redactor.redact_text(text).0,
        label,
    })
}

fn print(arguments: &TuneArguments, tuned: &Tuned) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(
        out,
        "trained on {} rows; rows kept out, judged by both heads:\n",
        tuned.trained
    )?;
    let mut table = Table::new(&["head", "attacks", "harmless", "AUC", "@1%"]);
    for (name, quality) in [("shipped", tuned.before), ("tuned", tuned.after)] {
        let Quality {
            attacks,
            harmless,
            auc,
            recall_at_1_percent,
        } = quality;
        table.add(vec![
            name.to_owned(),
            attacks.to_string(),
            harmless.to_string(),
            figure(auc),
            figure(recall_at_1_percent),
        ]);
    }
    table.print(&mut out)?;
    let alarm = tuned.alarm_above.map_or_else(
        || "the alarm stays where it is: too few harmless rows".to_owned(),
        |alarm| {
            format!("the alarm stands at log odds {alarm:.2}, 1 % of the harmless rows above it")
        },
    );
    writeln!(out, "\n{alarm}\nwritten to {}", arguments.out.display())
}
