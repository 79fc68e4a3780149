//! Magistrate: records what Claude Cowork and Claude Code do, redacted, as OCSF rows in Parquet.

mod access;
mod admin;
mod admin_tls;
mod analysis;
mod approvals;
mod audit;
mod background;
mod backtest;
mod canary;
mod check;
mod cli;
mod config;
mod consume;
mod coverage;
mod crash;
mod dead_letter;
mod detections;
mod examples;
mod exit;
mod filter;
mod forwarders;
mod generate;
mod html;
mod inventory;
mod judge;
mod keys;
mod listeners;
mod lists;
mod logging;
mod memory;
mod metrics;
mod model;
mod models;
mod one_core;
mod path;
mod plain;
mod remembered;
mod replay;
mod rest;
mod rows;
mod rules;
mod run;
mod session;
mod signal;
mod store;
mod unseal;
mod users;
mod verify;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Verb};

fn main() -> ExitCode {
    crash::settle();
    memory::settle();
    one_core::settle();
    // Two providers may be compiled in (Parquet's encryption brings ring): name ours once.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    if provider.install_default().is_err() {
        return exit::INTERNAL.into();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_usage(&error),
    };
    let outcome = match cli.verb {
        Verb::Run(arguments) => run::command(&arguments),
        Verb::Replay(arguments) => replay::command(&arguments),
        Verb::Check(arguments) => check::command(&arguments),
        Verb::Test(arguments) => examples::command(&arguments),
        Verb::Session(arguments) => session::command(&arguments),
        Verb::Coverage(arguments) => coverage::command(&arguments),
        Verb::Inventory(arguments) => inventory::command(&arguments),
        Verb::Judge(arguments) => judge::command(&arguments),
        Verb::Backtest(arguments) => backtest::command(&arguments),
        Verb::Approvals(arguments) => approvals::command(&arguments),
        Verb::Access(arguments) => access::command(&arguments.verb),
        Verb::Verify(arguments) => verify::command(&arguments),
        Verb::Redact(arguments) => filter::command(&arguments),
        Verb::Generate(arguments) => generate::command(&arguments),
        Verb::Unseal(arguments) => unseal::command(&arguments),
        Verb::Model(arguments) => model::command(&arguments.verb),
        Verb::Completions(arguments) => cli::completions(&arguments),
    };
    exit::of(outcome)
}
