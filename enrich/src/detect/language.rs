//! The rule language's own names: those of the judge request, and evidence.

use magistrate_event::Field as F;

use super::model_scores::FromModels;
use super::names::{Derived, Name, Origin, column, derived};
use super::session_names::FromSession;

const fn models(name: &'static str, from: FromModels, doc: &'static str) -> Name {
    Name {
        name,
        origin: Origin::Models(from),
        doc,
    }
}

const fn session(name: &'static str, from: FromSession, doc: &'static str) -> Name {
    Name {
        name,
        origin: Origin::Session(from),
        doc,
    }
}

/// The rule language's own names: those of the judge request, and evidence.
pub(super) const LANGUAGE: &[Name] = &[
    derived(
        "event",
        Derived::EventKind,
        "Kind of event: prompt, response, request, tool_call, tool_result; of judge requests also upload, share, message_send, paste, download, app_action.",
    ),
    column(
        "event.name",
        &[F::EventCode],
        "The source's event name, such as `tool_result`.",
    ),
    column(
        "action",
        &[F::Action],
        "Kind of action: read, create, update, delete, send, share, upload, download, purchase, admin, execute, other.",
    ),
    derived("status", Derived::Status, "success or failure."),
    derived(
        "tool.name",
        Derived::ToolName,
        "The tool's real name; unknown where the client masked it.",
    ),
    derived(
        "hook.tool",
        Derived::HookTool,
        "The tool as hooks name it: that of a hook's event (`hook_name`), and that of a call that was decided; `mcp_tool` for every MCP server's.",
    ),
    column("tool.server", &[F::ApiServiceName], "The MCP server."),
    column(
        "tool.class",
        &[F::ToolClass],
        "execute, read, write, web, mcp, agent, skill or other.",
    ),
    column("tool.source", &[F::ToolSource], "builtin, mcp or host."),
    column(
        "tool.arguments",
        &[F::ToolArguments],
        "The arguments as text, usually JSON; `tool.arguments.NAME` is one of them.",
    ),
    column("tool.decision", &[F::ToolDecision], "accept or reject."),
    column(
        "tool.decision_source",
        &[F::ToolDecisionSource],
        "Who decided: config, hook, user_temporary, user_permanent, user_reject, …",
    ),
    column("destination.url", &[F::UrlString], "The whole URL."),
    derived(
        "destination.domain",
        Derived::Domains,
        "The host, the host behind a dot, and every domain that it lies under: `example.com` and `|endswith: .example.com` match the domain and all under it.",
    ),
    column(
        "destination.host",
        &[F::UrlHostname, F::DstHostname],
        "The host alone.",
    ),
    column("destination.ip", &[F::DstIp], "The server's address."),
    column(
        "destination.port",
        &[F::UrlPort, F::DstPort],
        "The server's port.",
    ),
    column("destination.path", &[F::UrlPath], "URL path."),
    column("destination.query", &[F::UrlQuery], "URL query."),
    column(
        "destination.query_entropy",
        &[F::QueryEntropy],
        "Shannon entropy of URL path and query, bits per byte.",
    ),
    derived(
        "destination.data",
        Derived::UrlData,
        "Parts of URL path and query that look like data in base64, base32 or hexadecimal digits: 24 characters or more.",
    ),
    column(
        "destination.method",
        &[F::HttpMethod],
        "HTTP method, upper case.",
    ),
    column(
        "destination.recipient_domain",
        &[F::RecipientDomain],
        "Domain of the recipient of a message or share.",
    ),
    column(
        "destination.recipient",
        &[F::Recipient],
        "Recipients of a message or share, redacted; ask for `destination.recipient_domain`.",
    ),
    column(
        "app.id",
        &[F::AppId],
        "Application; judge requests have it.",
    ),
    column(
        "app.category",
        &[F::AppCategory],
        "Category of the application; judge requests have it.",
    ),
    column("file.name", &[F::FileName], "Last part of the file's path."),
    column(
        "file.path",
        &[F::FilePaths, F::FilePath],
        "The file's path; of several files each.",
    ),
    column("file.ext", &[F::FileExt], "Extension, lower case."),
    column(
        "file.media_type",
        &[F::FileMediaType, F::HttpContentType],
        "Media type.",
    ),
    column(
        "file.traits",
        &[F::FileTraits],
        "What the files of a judged action are, by content and name (docs/judge.md): executable, script, archive, office, office.macro, document, image, audio, video, font, disk_image, disguised, double_extension, turned_name, archive.executable, archive.script, archive.archive, archive.double_extension, archive.encrypted, archive.path_escape, archive.bomb, archive.unreadable.",
    ),
    column(
        "file.types",
        &[F::FileTypes],
        "Their types by content, such as `exe`, `zip` or `pdf`.",
    ),
    column("file.size", &[F::FileSize], "Size in bytes."),
    column("command", &[F::CmdLine], "The whole command line."),
    derived(
        "command.programs",
        Derived::Programs,
        "The programs that the command line starts, each as written and behind a slash.",
    ),
    derived(
        "command.sends_to",
        Derived::SendsTo,
        "Where the command line sends data: hosts, buckets, or `unknown`; never this machine or a private network.",
    ),
    derived(
        "command.uploads_to",
        Derived::UploadsTo,
        "Those of `command.sends_to` that a file, or what a command printed, goes to.",
    ),
    column(
        "content.text",
        &[F::ContentText],
        "Prompt, answer or API body, redacted.",
    ),
    column(
        "content.state",
        &[F::ContentState],
        "captured, not_captured, truncated or redacted_by_client.",
    ),
    column(
        "content.length",
        &[F::ContentLength],
        "Length of the whole content.",
    ),
    derived(
        "content.findings",
        Derived::Findings,
        "What the redactor found in any text of the event; `credential` stands for every kind of credential.",
    ),
    column(
        "content.origin",
        &[F::ContentOrigin],
        "user, webpage, email, document or tool; judge requests have it.",
    ),
    column("session.id", &[F::SessionUid], "The session."),
    column(
        "session.user",
        &[F::UserEmail, F::UserName, F::UserUid],
        "The user: address, name or id.",
    ),
    column(
        "session.device",
        &[F::DeviceHostname, F::DeviceUid, F::DeviceIp],
        "The device.",
    ),
    column(
        "session.permission_mode",
        &[F::PermissionMode],
        "Permission mode in force.",
    ),
    column(
        "session.prompt",
        &[F::CorrelationUid],
        "`prompt.id`: one turn of the user.",
    ),
    column(
        "session.mode",
        &[F::SessionMode],
        "native or containment; judge requests have it.",
    ),
    session(
        "session.task",
        FromSession::Task,
        "What the user asked for first.",
    ),
    session(
        "session.untrusted_read",
        FromSession::UntrustedRead,
        "The session has read content that others can write.",
    ),
    session(
        "session.untrusted_from",
        FromSession::UntrustedFrom,
        "Where, such as `page:example.com`, `email:gmail`, `tool:crm`.",
    ),
    session(
        "session.sensitive_read",
        FromSession::SensitiveRead,
        "The session has read sensitive data.",
    ),
    session(
        "session.sensitive_from",
        FromSession::SensitiveFrom,
        "Where, such as `file:/home/ana/.env`.",
    ),
    session(
        "session.destination_new",
        FromSession::DestinationNew,
        "The session meets the destination for the first time.",
    ),
    session(
        "session.destination_new_to_user",
        FromSession::DestinationNewToUser,
        "The user has not met it for 30 days; unknown on a user's first day.",
    ),
    session(
        "session.destination_new_to_server",
        FromSession::DestinationNewToServer,
        "The MCP server has not met it for 30 days; unknown on a server's first day.",
    ),
    session(
        "session.outside_grant",
        FromSession::OutsideGrant,
        "The file lies outside the folders granted; unknown where none is known.",
    ),
    session(
        "session.command_outside_grant",
        FromSession::CommandOutsideGrant,
        "The command names a file of a home folder or a drive that lies outside the folders granted; unknown where none is known, or where it names no such file.",
    ),
    session(
        "session.asked",
        FromSession::Asked,
        "The user's own turns ask for this: to send, share or upload something of that name, or to that recipient; to write that file, or to remember something (docs/context.md).",
    ),
    session(
        "session.ladder_from",
        FromSession::LadderFrom,
        "connector or browser, where the action steps from there to a higher rung (browser, screen) for the first time.",
    ),
    session(
        "session.last_turn",
        FromSession::LastTurn,
        "What the user said last, where that is not the task.",
    ),
    session(
        "session.trigger",
        FromSession::Trigger,
        "scheduled, in the run of a scheduled task: the desktop app begins its prompt with `<scheduled-task name=…>`. Unknown of every other turn, and where the client does not tell prompts.",
    ),
    session(
        "session.scheduled_task",
        FromSession::ScheduledTask,
        "The name of that task.",
    ),
    session(
        "session.mode_in_force",
        FromSession::ModeInForce,
        "The permission mode that the client told of last.",
    ),
    session(
        "session.servers",
        FromSession::Servers,
        "Of actions in the browser or on the screen: MCP servers that the session used before.",
    ),
    session(
        "session.approved",
        FromSession::Approved,
        "Likewise: tools that a person let run before, and how, such as `left_click (user_temporary)`.",
    ),
    session(
        "session.refused",
        FromSession::Refused,
        "Likewise: tools of which a call was refused before.",
    ),
    session(
        "session.retried_refused",
        FromSession::RetriedRefused,
        "The action does again what was refused in the session within the last hour (its command, file, host, address, recipient, text or arguments), and no person has let run: same_tool, other_tool, or untold, where the client does not tell what was refused, and the same tool went on within two minutes of the same turn.",
    ),
    session(
        "session.failed",
        FromSession::Failed,
        "Likewise: tools of which a call failed before.",
    ),
    session(
        "session.read_only",
        FromSession::ReadOnly,
        "The session may only read for now, after a verdict.",
    ),
    column(
        "flow.session_bearing",
        &[F::SessionBearing],
        "The request bore a session: a cookie, an Authorization header or a key; unknown where the source does not tell.",
    ),
    column(
        "dns.type",
        &[F::QueryType],
        "Kind of record that was asked for, such as TXT.",
    ),
    derived(
        "dns.query",
        Derived::Lookups,
        "Names that were looked up: by a resolver's log, or by a command such as `dig` or `nslookup`.",
    ),
    session(
        "flow.copied_from",
        FromSession::CopiedFrom,
        "Where the outgoing text was read before, such as `file:/home/ana/plan.md`, even when it was edited in part.",
    ),
    session(
        "flow.copied_untrusted",
        FromSession::CopiedUntrusted,
        "Others can write one of these places.",
    ),
    session(
        "flow.copied_sensitive",
        FromSession::CopiedSensitive,
        "One of these places is sensitive.",
    ),
    column(
        "verdict.decision",
        &[F::VerdictDecision],
        "What the judge's verdict is: allow, redact, downgrade, require_approval or block.",
    ),
    column(
        "verdict.late",
        &[F::VerdictLate],
        "The verdict was reached after the answer.",
    ),
    column(
        "verdict.answered",
        &[F::VerdictAnswered],
        "What had been answered when a late verdict was reached.",
    ),
    column(
        "verdict.policies",
        &[F::VerdictPolicies],
        "Ids of the policies that the verdict rests on.",
    ),
    models(
        "score.injection",
        FromModels::Injection,
        "How much a text from outside reads like orders to the agent, 0 to 1; 0.9 is the alarm of the models, whatever their version.",
    ),
    models(
        "score.scope_drift",
        FromModels::ScopeDrift,
        "How likely a call does not serve its session's task, 0 to 1.",
    ),
    models(
        "score.part",
        FromModels::Part,
        "What of the text `score.injection` is of: whole, or of HTML visible, hidden (styles, comments, attributes, scripts) or link.",
    ),
    models(
        "score.unjudged",
        FromModels::Unjudged,
        "Why a text has no score: missing, slow or failed.",
    ),
];
