//! `magistrate model`: the classifiers' card, their quality on labelled rows, what they cost.

mod bench;
mod eval;
mod judge;
mod labels;
mod rows;
mod table;
mod tune;

use std::io::Write as _;
use std::path::Path;

use magistrate_models::{CARD_PAGE, Kernel, LoadError, Models, identities};

use crate::cli::ModelVerb;
use crate::exit::Outcome;

/// Does what was asked of the models.
pub(crate) fn command(verb: &ModelVerb) -> Outcome {
    match verb {
        ModelVerb::Card => card(),
        ModelVerb::Eval(arguments) => eval::command(arguments),
        ModelVerb::Bench(arguments) => bench::command(arguments),
        ModelVerb::Labels(arguments) => labels::command(arguments),
        ModelVerb::Tune(arguments) => tune::command(arguments),
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
    Ok(load_from(None)?)
}

/// The models of a folder, or the shipped ones.
///
/// # Errors
/// When they are damaged or missing.
pub(crate) fn load_from(folder: Option<&Path>) -> Result<Models, LoadError> {
    let kernel = Kernel::fastest();
    folder.map_or_else(
        || Models::load(kernel),
        |folder| Models::load_from(folder, kernel),
    )
}
