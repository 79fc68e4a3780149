//! `magistrate judge`: one request in, its verdict out, without a running instance and without a
//! record.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use magistrate_enrich::{Context, UidKey};
use magistrate_event::{Identity, Origin, Source, SystemClock};
use magistrate_judge::{
    Carries, Decision, Door, Engine, Explained, Inquiry, Moment, Parts, Postures, Request, Step,
};

use super::llm;
use crate::cli::JudgeArguments;
use crate::exit::{Failure, Outcome};
use crate::models::Models;
use crate::store::open_redactor;
use crate::{check, detections};

/// Larger requests no door takes.
const MAX_REQUEST_BYTES: u64 = 64 << 20;
/// Nobody waits at a prompt as a proxy does: all of the content is looked at.
const PATIENCE: Duration = Duration::from_secs(60);

/// Judges the request in a file.
pub(crate) fn command(arguments: &JudgeArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let (policies, notes) = detections::policies(&config);
    if let Some(fault) = notes.faults.first() {
        return Err(Failure::Usage(format!(
            "the policies have faults\n  {fault}"
        )));
    }
    let bytes = read(&arguments.file)?;
    let mut request = Request::read(&bytes).map_err(|error| Failure::Usage(error.to_string()))?;
    request.deadline = Some(PATIENCE);
    let models = Models::start(&config.models)?;
    let engine = Engine::new(Parts {
        redactor: Arc::new(open_redactor(&config)?),
        uid_key: UidKey::new([0; 32]),
        policies,
        context: Context::new(&config.context),
        models: models.as_ref().map(|models| Arc::clone(models.in_force())),
        read_only: Duration::ZERO,
        postures: Postures::new(&config.judge),
        clock: Arc::new(SystemClock),
        run: 0,
    });
    let engine = engine.with_llm(llm::open(&config.judge.llm)?);
    let (prepared, event) = engine.prepare(Inquiry {
        request,
        body_hash: [0; 32],
        origin: Origin {
            source: Source::Judge,
            peer: None,
            identity: Identity::Anonymous,
        },
        door: Door {
            name: "command",
            carries: Carries::ALL,
        },
        step: Step::First,
        since: Instant::now(),
    });
    let mut looked = engine.look(&prepared, event);
    engine.classify(&prepared, &mut looked, Instant::now() + PATIENCE);
    if config.judge.llm.enabled {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
        runtime.block_on(engine.ask_llm(&prepared, &mut looked));
    }
    let explained = arguments.explain.then(|| Explained::of(&prepared, &looked));
    let ruled = engine.rule(&prepared, Some(looked), &[]);
    let judged = engine.conclude(&prepared, ruled, Moment::InTime);
    let mut answer = serde_json::to_value(&judged.verdict)?;
    if let (Some(explained), Some(members)) = (explained, answer.as_object_mut()) {
        members.insert("trace".to_owned(), serde_json::to_value(explained)?);
    }
    print(&answer, arguments.json)?;
    let passes = judged.verdict.decision < Decision::RequireApproval;
    if arguments.exit_code && !passes {
        return Err(Failure::NotSo);
    }
    Ok(())
}

fn print(answer: &serde_json::Value, is_compact: bool) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    if is_compact {
        serde_json::to_writer(&mut stdout, answer)?;
    } else {
        serde_json::to_writer_pretty(&mut stdout, answer)?;
    }
    writeln!(stdout)?;
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let open = std::fs::File::open(file);
        Box::new(open.map_err(|error| {
            Failure::Usage(format!("cannot open `{}`: {error}", file.display()))
        })?)
    };
    let mut bytes = Vec::new();
    input
        .take(MAX_REQUEST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", file.display())))?;
    if bytes.len() as u64 > MAX_REQUEST_BYTES {
        let message = format!("request is larger than {MAX_REQUEST_BYTES} bytes");
        return Err(Failure::Usage(message));
    }
    Ok(bytes)
}
