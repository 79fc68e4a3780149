//! What the commands take that show what is remembered of clients.

use std::path::PathBuf;

use clap::Args;

use super::Place;

#[derive(Debug, Args)]
pub(crate) struct CoverageArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Hours that a path may be silent while its user goes on
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=8_760))]
    pub(crate) stale_hours: u16,
    /// Print the matrix as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the matrix as a page, too
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InventoryArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
