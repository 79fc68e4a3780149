//! `magistrate approvals`: what waits for a person, and a person's word, from a terminal.

use std::io::Write as _;
use std::path::Path;

use magistrate_console::approval_json;
use magistrate_sinks::State;
use magistrate_sinks::queue::{FolderLock, LockError};
use serde_json::{Value as Json, json};

use super::{FILE, stored};
use crate::check;
use crate::cli::{ApprovalsArguments, ApprovalsVerb, DecideArguments};
use crate::config::Config;
use crate::exit::{Failure, Outcome};
use crate::replay::{self, Running};

/// Where the admin listener has them.
const API: &str = "/api/v1/approvals";

/// Lists, shows or decides.
///
/// A running instance is asked by its admin listener. Without one the file is read; decided is
/// only there.
pub(crate) fn command(arguments: &ApprovalsArguments) -> Outcome {
    match &arguments.verb {
        ApprovalsVerb::List(list) => {
            let config = check::sound(&list.place)?;
            let all = match instance(&config, None)? {
                Instance::Running(running) => {
                    let path = if list.all {
                        API.to_owned()
                    } else {
                        format!("{API}?state=open")
                    };
                    let shown = ask(&running, Ask::Show(&path))?;
                    shown.get("approvals").cloned().unwrap_or_default()
                }
                Instance::None(all) => Json::Array(all),
            };
            let all = all.as_array().cloned().unwrap_or_default();
            let all: Vec<Json> = all
                .into_iter()
                .filter(|one| list.all || is_open(one))
                .collect();
            if list.json {
                print(&Json::Array(all))
            } else {
                print_list(&all)
            }
        }
        ApprovalsVerb::Show(show) => {
            let config = check::sound(&show.place)?;
            let one = match instance(&config, None)? {
                Instance::Running(running) => {
                    ask(&running, Ask::Show(&format!("{API}/{}", show.id)))?
                }
                Instance::None(all) => {
                    let found = all.into_iter().find(|one| text(one, "id") == show.id);
                    found.ok_or_else(|| Failure::Usage("no such approval".to_owned()))?
                }
            };
            if show.json {
                print(&one)
            } else {
                print_one(&one)
            }
        }
        ApprovalsVerb::Approve(decide) => decided(decide, "approve"),
        ApprovalsVerb::Deny(decide) => decided(decide, "deny"),
    }
}

/// All approvals of a folder, those that are over, too.
///
/// # Errors
/// When they cannot be read, or a running instance does not show them.
pub(crate) fn all(config: &Config) -> Result<Vec<Json>, Failure> {
    match instance(config, None)? {
        Instance::Running(running) => {
            let shown = ask(&running, Ask::Show(API))?;
            let all = shown.get("approvals").and_then(Json::as_array);
            Ok(all.cloned().unwrap_or_default())
        }
        Instance::None(all) => Ok(all),
    }
}

fn decided(arguments: &DecideArguments, choice: &str) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let token = arguments.token_file.as_deref();
    let Instance::Running(running) = instance(&config, token)? else {
        let message = "approvals are decided by a running instance; start `magistrate run` first";
        return Err(Failure::Usage(message.to_owned()));
    };
    let body = match &arguments.comment {
        Some(comment) => json!({ "comment": comment }),
        None => json!({}),
    };
    let path = format!("{API}/{}/{choice}", arguments.id);
    let one = ask(&running, Ask::Tell(&path, &body))?;
    if arguments.json {
        print(&one)
    } else {
        print_one(&one)
    }
}

/// Who knows the approvals.
enum Instance {
    Running(Running),
    /// Nobody runs; these are in the folder.
    None(Vec<Json>),
}

fn instance(config: &Config, token_file: Option<&Path>) -> Result<Instance, Failure> {
    let file = config.data.join(FILE);
    if !file.is_file() {
        let folder = config.data.display();
        let message = format!("`{folder}` holds no approvals; name a data folder with --data");
        return Err(Failure::Usage(message));
    }
    match FolderLock::take(&config.data) {
        Ok(_lock) => {
            let all = stored(&State::open(&file)?)?;
            let all = all.iter().map(|one| approval_json(one, "")).collect();
            Ok(Instance::None(all))
        }
        Err(error @ LockError::Held { .. }) => {
            let error = anyhow::Error::from(error);
            let running = replay::running(config, &error).map_err(|why| {
                let why = why.map(|why| format!(": {why:#}")).unwrap_or_default();
                Failure::Usage(format!("{error:#}{why}"))
            })?;
            let running = match token_file {
                Some(file) => running.with_token(token_of(file)?),
                None => running,
            };
            Ok(Instance::Running(running))
        }
        Err(error) => Err(Failure::Usage(format!("{:#}", anyhow::Error::from(error)))),
    }
}

fn token_of(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::Usage(format!(
            "cannot read token file `{}`: {error}",
            file.display()
        ))
    })?;
    Ok(text.trim().to_owned())
}

enum Ask<'a> {
    Show(&'a str),
    Tell(&'a str, &'a Json),
}

fn ask(running: &Running, what: Ask<'_>) -> Result<Json, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(async {
        match what {
            Ask::Show(path) => running.show(path).await,
            Ask::Tell(path, body) => running.tell(path, body).await,
        }
    });
    let text = answer.map_err(|refusal| Failure::Usage(refusal.to_string()))?;
    Ok(serde_json::from_str(&text)?)
}

fn is_open(one: &Json) -> bool {
    matches!(text(one, "state"), "pending" | "approved")
}

fn text<'a>(one: &'a Json, name: &str) -> &'a str {
    one.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn line<'a>(one: &'a Json, name: &str) -> &'a str {
    let lines = one.get("about").and_then(Json::as_array);
    let mut lines = lines.into_iter().flatten();
    let found = lines.find(|line| text(line, "name") == name);
    found.map_or("-", |line| text(line, "text"))
}

fn print(json: &Json) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, json)?;
    writeln!(stdout)?;
    Ok(())
}

fn print_list(all: &[Json]) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    if all.is_empty() {
        writeln!(stdout, "nothing waits")?;
        return Ok(());
    }
    writeln!(
        stdout,
        "{:<32}  {:<8}  {:<16}  {:<9}  what",
        "id", "state", "until", "action"
    )?;
    for one in all {
        let until = text(one, "expires_at").get(..16).unwrap_or_default();
        let what = [line(one, "tool"), line(one, "domain"), line(one, "user")];
        let what = what.map(plain).join("  ");
        let action = plain(line(one, "action"));
        writeln!(
            stdout,
            "{:<32}  {:<8}  {:<16}  {action:<9}  {what}",
            text(one, "id"),
            text(one, "state"),
            until.replace('T', " ")
        )?;
    }
    Ok(())
}

fn print_one(one: &Json) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    for name in ["id", "state", "category", "asked_at", "expires_at", "page"] {
        writeln!(stdout, "{name:<18} {}", text(one, name))?;
    }
    for reason in one
        .get("reasons")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        writeln!(stdout, "{:<18} {}", "reason", plain(text(reason, "title")))?;
    }
    for line in one
        .get("about")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        writeln!(
            stdout,
            "{:<18} {}",
            text(line, "name"),
            plain(text(line, "text"))
        )?;
    }
    for vote in one
        .get("votes")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let (choice, person) = (text(vote, "choice"), text(vote, "person"));
        let comment = plain(text(vote, "comment"));
        writeln!(
            stdout,
            "{choice:<18} {person} {} {comment}",
            text(vote, "at")
        )?;
    }
    Ok(())
}

/// What an agent wrote, without what could steer a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
