//! `magistrate model`: the classifiers' card, their quality on labelled rows, what they cost.

mod bench;
mod eval;
mod rows;
mod table;

use std::io::Write as _;

use magistrate_models::{CARD_PAGE, Kernel, Models, identities};

use crate::cli::ModelVerb;
use crate::exit::Outcome;

/// Does what was asked of the models.
pub(crate) fn command(verb: &ModelVerb) -> Outcome {
    match verb {
        ModelVerb::Card => card(),
        ModelVerb::Eval(arguments) => eval::command(arguments),
        ModelVerb::Bench(arguments) => bench::command(arguments),
    }
}

/// Prints the card and which files this program holds.
fn card() -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{CARD_PAGE}")?;
    writeln!(out, "## In this program\n")?;
    for (name, bytes, sha256) in identities() {
        writeln!(out, "{sha256}  {bytes:>9}  {name}")?;
    }
    Ok(())
}

/// The shipped models, kept as is fastest here.
fn load() -> anyhow::Result<Models> {
    Ok(Models::load(Kernel::fastest())?)
}
