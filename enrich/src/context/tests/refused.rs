//! Calls that were refused are known again by what they would have done.

use super::*;

/// A decision about a call of a tool.
fn decision(seconds: i64, call: &str, (tool, class): (&str, &str), by: &str) -> Made {
    let decision = match by {
        "user_reject" | "hook" | "deny" => "reject",
        _ => "accept",
    };
    Made::new(Class::ApiActivity, "tool_decision", seconds)
        .text(Field::ApiRequestUid, call)
        .text(Field::CorrelationUid, "p1")
        .text(Field::ApiOperation, tool)
        .text(Field::ToolClass, class)
        .text(Field::ToolDecision, decision)
        .text(Field::ToolDecisionSource, by)
}

const BASH: (&str, &str) = ("Bash", "execute");
const READ: (&str, &str) = ("Read", "read");
const WRITE: (&str, &str) = ("Write", "write");

fn bash(seconds: i64, call: &str, by: &str, command: &str) -> Made {
    let made = decision(seconds, call, BASH, by).text(Field::Action, "execute");
    made.text(Field::CmdLine, command)
}

/// What a hook or a span tells of a call of a tool for files.
fn hook(seconds: i64, call: &str, (tool, class): (&str, &str), path: &str) -> Made {
    let kind = if class == "read" { "read" } else { "update" };
    Made::new(Class::FileActivity, "tool_call", seconds)
        .text(Field::ApiRequestUid, call)
        .text(Field::ApiOperation, tool)
        .text(Field::ToolClass, class)
        .text(Field::Action, kind)
        .text(Field::FilePath, path)
}

fn message(seconds: i64, call: &str, tool: &str, text: &str) -> Made {
    let arguments = format!(r##"{{"channel":"#all","text":"{text}"}}"##);
    Made::new(Class::ApiActivity, "tool_call", seconds)
        .text(Field::ApiRequestUid, call)
        .text(Field::ApiOperation, tool)
        .text(Field::ToolClass, "mcp")
        .text(Field::Action, "send")
        .text(Field::ToolArguments, &arguments)
}

/// Whether the last of the events of each case does again what was refused.
fn assert_retried(cases: Vec<(&str, Vec<Made>, Option<Retried>)>) {
    for (name, events, expected) in cases {
        assert_eq!(
            play(&context(), &events).retried_refused,
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_command_that_was_refused_is_known_again() {
    let deploy = |seconds, call, by| bash(seconds, call, by, "make deploy-prod");
    assert_retried(vec![
        (
            "the same, in another turn and later",
            vec![
                deploy(0, "a", "hook"),
                deploy(200, "b", "config").text(Field::CorrelationUid, "p2"),
            ],
            Some(Retried::SameTool),
        ),
        (
            "another command",
            vec![
                bash(0, "a", "user_reject", "rm -rf node_modules"),
                bash(9, "b", "config", "git status"),
            ],
            None,
        ),
        (
            "after an hour",
            vec![deploy(0, "a", "hook"), deploy(3_601, "b", "config")],
            None,
        ),
        (
            "the call itself",
            vec![deploy(0, "a", "hook"), deploy(1, "a", "config")],
            None,
        ),
        (
            "a person lets it run, and then it runs",
            vec![
                deploy(0, "a", "user_reject"),
                deploy(9, "b", "user_temporary"),
                deploy(10, "c", "config"),
            ],
            None,
        ),
    ]);
}

#[test]
fn a_file_that_may_not_be_read_is_known_in_a_command() {
    assert_retried(vec![
        (
            "a file by a command, as the hook told",
            vec![
                hook(0, "a", READ, "/home/ana/private.txt"),
                decision(1, "a", READ, "deny"),
                bash(9, "b", "config", "cat private.txt"),
            ],
            Some(Retried::OtherTool),
        ),
        (
            "a file by a command, as the span told later",
            vec![
                decision(1, "a", READ, "deny"),
                hook(1, "a", READ, "/home/ana/private.txt"),
                bash(9, "b", "config", "base64 /home/ana/private.txt"),
            ],
            Some(Retried::OtherTool),
        ),
        (
            "a file's name is not what is in it",
            vec![
                hook(0, "a", READ, "/home/ana/private.txt"),
                decision(1, "a", READ, "deny"),
                bash(9, "b", "config", "ls private.txt src"),
            ],
            None,
        ),
    ]);
}

#[test]
fn a_file_that_may_not_be_written_is_known_in_a_command() {
    assert_retried(vec![
        (
            "a file that may not be written may be shown",
            vec![
                hook(0, "a", WRITE, "/home/ana/deploy.sh"),
                decision(1, "a", WRITE, "user_reject"),
                bash(9, "b", "config", "cat /home/ana/deploy.sh"),
            ],
            None,
        ),
        (
            "a file is written by a command",
            vec![
                hook(0, "a", WRITE, "/home/ana/deploy.sh"),
                decision(1, "a", WRITE, "user_reject"),
                bash(
                    9,
                    "b",
                    "config",
                    "cat > /home/ana/deploy.sh <<'EOF'\n#!/bin/sh\nEOF",
                ),
            ],
            Some(Retried::OtherTool),
        ),
        (
            "a better edit that a person accepts",
            vec![
                hook(0, "a", WRITE, "/home/ana/a.py"),
                decision(1, "a", WRITE, "user_reject"),
                hook(8, "b", WRITE, "/home/ana/a.py"),
                decision(9, "b", WRITE, "user_temporary"),
                Made::result(10, "b")
                    .text(Field::ApiOperation, "Write")
                    .text(Field::ToolClass, "write")
                    .text(Field::FilePath, "/home/ana/a.py"),
            ],
            None,
        ),
    ]);
}

#[test]
fn a_message_that_was_refused_is_known_by_its_text() {
    const MCP: (&str, &str) = ("send_message", "mcp");
    assert_retried(vec![
        (
            "the same message by another tool",
            vec![
                message(0, "a", "send_message", "Layoffs on Monday"),
                decision(1, "a", MCP, "user_reject"),
                message(9, "b", "post_thread_reply", "Layoffs on Monday"),
            ],
            Some(Retried::OtherTool),
        ),
        (
            "another message",
            vec![
                message(0, "a", "send_message", "Layoffs on Monday"),
                decision(1, "a", MCP, "user_reject"),
                message(9, "b", "send_message", "Lunch is at noon"),
            ],
            None,
        ),
    ]);
}

#[test]
fn of_an_untold_refusal_the_tool_alone_is_known() {
    assert_retried(vec![
        (
            "the same tool, and nobody told what was refused",
            vec![
                decision(0, "a", READ, "deny"),
                decision(9, "b", READ, "config"),
            ],
            Some(Retried::Untold),
        ),
        (
            "another tool, and nobody told what was refused",
            vec![
                decision(0, "a", WRITE, "user_reject"),
                bash(9, "b", "config", "rm -f a.txt"),
            ],
            None,
        ),
    ]);
}

#[test]
fn a_page_that_was_refused_is_fetched_by_no_command() {
    let page = Made::new(Class::HttpActivity, "tool_call", 0)
        .text(Field::ApiRequestUid, "a")
        .text(Field::ApiOperation, "WebFetch")
        .text(Field::ToolClass, "web")
        .text(Field::Action, "read")
        .text(Field::UrlHostname, "forbidden.example.net");
    let context = context();
    play(
        &context,
        &[page, decision(1, "a", ("WebFetch", "web"), "deny")],
    );
    for (line, expected) in [
        ("git log --oneline -3", None),
        ("curl -s https://other.example.net/x", None),
        (
            "curl -s https://forbidden.example.net/x",
            Some(Retried::OtherTool),
        ),
        ("wget forbidden.example.net/y", Some(Retried::OtherTool)),
    ] {
        let facts = play(&context, &[bash(9, line, "config", line)]);
        assert_eq!(facts.retried_refused, expected, "{line}");
    }
}
