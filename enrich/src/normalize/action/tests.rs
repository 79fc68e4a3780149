//! What an event knows of an action, and what stays unknown.

use magistrate_event::{Arguments as Json, Identity, Source, Verb};

use super::*;
use crate::normalize::recipients::domains;

fn origin() -> Origin {
    Origin {
        source: Source::Judge,
        peer: None,
        identity: Identity::Token("proxy".to_owned()),
    }
}

fn event(action: &Action) -> Event {
    let from = &(origin(), Asked::Arrival(1), Timestamp::default());
    normalize_action(action, (&from.0, from.1, from.2), &UidKey::new([7; 32])).1
}

fn shown(event: &Event, fields: &[Field]) -> String {
    let texts = fields.iter().map(|field| event.text(*field).unwrap_or("-"));
    texts.collect::<Vec<_>>().join(" ")
}

fn call(name: &str, arguments: &str) -> Action {
    let mut action = Action {
        occasion: Some(Occasion::ToolCall),
        ..Action::default()
    };
    action.tool.name = Some(name.to_owned());
    action.tool.arguments = Some(Json::new(arguments).unwrap());
    action
}

#[test]
fn an_action_of_which_nothing_is_known_stays_empty() {
    let event = event(&Action::default());
    let known: Vec<_> = event.cells().map(|(field, _)| field).collect();
    assert_eq!(
        known,
        [Field::Source, Field::SenderIdentity, Field::ContentState]
    );
}

#[test]
fn tools_tell_class_action_and_target() {
    let bash = event(&call("Bash", r#"{"command":"rm -r /x"}"#));
    assert_eq!(bash.class(), Class::ProcessActivity);
    assert_eq!(
        shown(&bash, &[Field::CmdLine, Field::Action]),
        "rm -r /x execute"
    );
    let write = event(&call("Write", r#"{"file_path":"/a/B.TXT","content":""}"#));
    assert_eq!(
        shown(&write, &[Field::FileName, Field::FileExt, Field::Action]),
        "B.TXT txt create"
    );
    let fetch = event(&call(
        "WebFetch",
        r#"{"url":"https://x.example.com/p?q=1"}"#,
    ));
    assert_eq!(
        shown(
            &fetch,
            &[Field::DestinationDomain, Field::UrlPath, Field::Action]
        ),
        "example.com /p read"
    );
    let mcp = event(&call("mcp__crm__send_mail", "{}"));
    assert_eq!(
        shown(
            &mcp,
            &[Field::ApiServiceName, Field::ApiOperation, Field::Action]
        ),
        "crm send_mail send"
    );
    let mcp = event(&call("mcp__crm__frobnicate", "{}"));
    assert_eq!(mcp.text(Field::Action), Some("other"));
}

#[test]
fn what_the_caller_says_wins_over_what_is_worked_out() {
    let mut action = call("Bash", r#"{"command":"true"}"#);
    action.verb = Some(Verb::Purchase);
    assert_eq!(event(&action).text(Field::Action), Some("purchase"));
}

#[test]
fn a_request_tells_its_service_and_its_recipients() {
    let mut action = Action {
        occasion: Some(Occasion::Request),
        ..Action::default()
    };
    action.destination.url = Some("https://graph.microsoft.com/v1.0/me/sendMail".to_owned());
    action.destination.method = Some("post".to_owned());
    action.destination.recipient = Some("Ana <ana@Mail.EXAMPLE.>; bo@corp.example".to_owned());
    let event = event(&action);
    assert_eq!((event.class(), event.activity()), (Class::HttpActivity, 6));
    assert_eq!(
        shown(
            &event,
            &[Field::Action, Field::HttpMethod, Field::RecipientDomain]
        ),
        "send POST mail.example"
    );
    let found = domains("Ana <ana@Mail.EXAMPLE.>; bo@corp.example, bo@corp.example");
    assert_eq!(found, ["mail.example", "corp.example"]);
    assert_eq!(domains("nobody"), [""; 0]);
}

#[test]
fn a_foreign_tool_tells_its_recipients_where_the_caller_does_not() {
    let mail = r#"{"to":["ana@Mail.EXAMPLE","bo@corp.example"],"cc":"cy@else.example","body":"x"}"#;
    let told = |action: &Action| {
        let event = event(action);
        shown(&event, &[Field::Recipient, Field::RecipientDomain])
    };
    let all = "ana@Mail.EXAMPLE, bo@corp.example, cy@else.example mail.example";
    assert_eq!(told(&call("mcp__mail__send_mail", mail)), all);
    let mut said = call("mcp__mail__send_mail", mail);
    said.destination.recipient = Some("di@said.example".to_owned());
    assert_eq!(told(&said), "di@said.example said.example");
    assert_eq!(
        told(&call("mcp__mail__send_mail", r#"{"to":"Ana"}"#)),
        "- -"
    );
    assert_eq!(told(&call("Write", mail)), "- -");
}

#[test]
fn a_form_with_a_file_is_an_upload() {
    let shown = |occasion, method: &str, is_form| {
        let mut action = Action {
            occasion: Some(occasion),
            ..Action::default()
        };
        action.destination.url = Some("https://a.example/x".to_owned());
        action.destination.method = Some(method.to_owned());
        action.files.is_form = is_form;
        event(&action).text(Field::Action).map(str::to_owned)
    };
    let request = Occasion::Request;
    assert_eq!(shown(request, "post", true).as_deref(), Some("upload"));
    assert_eq!(shown(request, "POST", false).as_deref(), Some("other"));
    assert_eq!(shown(request, "GET", true).as_deref(), Some("read"));
    assert_eq!(shown(Occasion::Response, "POST", true), None);
}

#[test]
fn hosts_are_read_as_browsers_read_them() {
    for (domain, expected) in [
        ("Drop.Example.COM", "drop.example.com example.com"),
        (
            "bücher.example.com",
            "xn--bcher-kva.example.com example.com",
        ),
        ("example.com:8443", "example.com example.com"),
    ] {
        let mut action = Action::default();
        action.destination.domain = Some(domain.to_owned());
        let event = event(&action);
        let shown = shown(&event, &[Field::UrlHostname, Field::DestinationDomain]);
        assert_eq!(shown, expected, "{domain}");
    }
}

#[test]
fn a_retry_is_the_same_event_and_another_body_is_not() {
    let uid = |asked| {
        let key = UidKey::new([7; 32]);
        normalize_action(
            &Action::default(),
            (&origin(), asked, Timestamp::default()),
            &key,
        )
        .0
    };
    let named = |body| Asked::Named {
        request_id: "r1",
        body: [body; 32],
    };
    assert_eq!(uid(named(1)), uid(named(1)));
    assert_ne!(uid(named(1)), uid(named(2)));
    assert_ne!(uid(Asked::Arrival(1)), uid(Asked::Arrival(2)));
}

#[test]
fn what_is_no_method_or_host_keeps_its_letters() {
    let mut action = Action::default();
    action.destination.method = Some("patch".to_owned());
    assert_eq!(shown(&event(&action), &[Field::HttpMethod]), "PATCH");
    action.destination.method = Some("GET /a?b=cD3f".to_owned());
    action.destination.url = Some("=5B=50=65".to_owned());
    let event = event(&action);
    assert_eq!(shown(&event, &[Field::HttpMethod]), "GET /a?b=cD3f");
    assert_eq!(shown(&event, &[Field::UrlHostname]), "-");
}
