//! `magistrate redact`: the redactor as a filter over text.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context as _;
use magistrate_enrich::{Redactor, StreamRedactor};
use magistrate_event::Finding;

use crate::cli::RedactArguments;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::store;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Reads text, writes it masked, or lists what would be masked.
pub(crate) fn command(arguments: &RedactArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    if let Some(fault) = loaded.faults.first() {
        return Err(Failure::Usage(fault.to_string()));
    }
    let redactor = store::open_redactor(&loaded.config)
        .map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let input: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&arguments.file)
            .with_context(|| format!("cannot open `{}`", arguments.file.display()))
            .map_err(|error| Failure::Usage(format!("{error:#}")))?;
        Box::new(file)
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    filter(&redactor, input, &mut output, arguments)?;
    output.flush()?;
    Ok(())
}

/// Streams `input` through the redactor in bounded memory.
fn filter(
    redactor: &Redactor,
    mut input: Box<dyn Read>,
    output: &mut impl Write,
    arguments: &RedactArguments,
) -> io::Result<()> {
    let mut stream = StreamRedactor::new(redactor);
    let (mut chunk, mut text, mut findings) = (vec![0; CHUNK_BYTES], String::new(), Vec::new());
    loop {
        let read = input.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        stream.push(
            chunk.get(..read).unwrap_or_default(),
            &mut text,
            &mut findings,
        );
        show(&mut text, &mut findings, output, arguments)?;
    }
    stream.finish(&mut text, &mut findings);
    show(&mut text, &mut findings, output, arguments)
}

fn show(
    text: &mut String,
    findings: &mut Vec<Finding>,
    output: &mut impl Write,
    arguments: &RedactArguments,
) -> io::Result<()> {
    if arguments.findings {
        for finding in findings.iter() {
            print_finding(finding, arguments, output)?;
        }
    } else {
        output.write_all(text.as_bytes())?;
    }
    text.clear();
    findings.clear();
    Ok(())
}

fn print_finding(
    finding: &Finding,
    arguments: &RedactArguments,
    output: &mut impl Write,
) -> io::Result<()> {
    if arguments.json {
        serde_json::to_writer(&mut *output, finding)?;
        return writeln!(output);
    }
    let Finding {
        kind,
        rule,
        confidence,
        place,
        layer: _,
    } = finding;
    writeln!(
        output,
        "{:>10}..{:<10} {confidence:3} %  {kind:<32} {rule}",
        place.start, place.end
    )
}
