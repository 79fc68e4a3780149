//! Calls are the same however they are written.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn event(data: &Json) -> String {
    format!("event: x\ndata: {data}\n\n")
}

fn told(uses: &[ToolUse]) -> Vec<(Option<&str>, Option<&str>, Json)> {
    let told = uses
        .iter()
        .map(|one| (one.id.as_deref(), one.name.as_deref(), one.json()));
    told.collect()
}

fn streamed(events: &[Json]) -> Vec<ToolUse> {
    let stream: String = events.iter().map(event).collect();
    let all = in_events(stream.as_bytes(), true).unwrap();
    assert!(all.iter().all(|one| one.end.is_some()));
    all.into_iter().map(|one| one.tool_use).collect()
}

fn block(index: u64, name: &str) -> Json {
    let block =
        json!({ "type": "tool_use", "id": format!("id-{name}"), "name": name, "input": {} });
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

fn piece(index: u64, text: &str) -> Json {
    let delta = json!({ "type": "input_json_delta", "partial_json": text });
    json!({ "type": "content_block_delta", "index": index, "delta": delta })
}

fn stop(index: u64) -> Json {
    json!({ "type": "content_block_stop", "index": index })
}

#[test]
fn each_protocol_tells_its_calls_in_its_own_way() {
    let expected = vec![(Some("c1"), Some("Bash"), json!({ "command": "ls" }))];
    let written = "{\"command\": \"ls\"}";
    let anthropic = json!({ "type": "message", "content": [
        { "type": "text", "text": "I look." },
        { "type": "tool_use", "id": "c1", "name": "Bash", "input": { "command": "ls" } },
    ] });
    let function = json!({ "name": "Bash", "arguments": written });
    let chat = json!({ "object": "chat.completion", "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function", "function": function }],
    } }] });
    let responses = json!({ "object": "response", "output": [
        { "type": "message", "content": [{ "type": "output_text", "text": "I look." }] },
        { "type": "function_call", "id": "fc", "call_id": "c1", "name": "Bash", "arguments": written },
    ] });
    let gemini = json!([{ "candidates": [{ "content": { "role": "model", "parts": [
        { "text": "I look." }, { "functionCall": { "id": "c1", "name": "Bash", "args": { "command": "ls" } } },
    ] } }] }]);
    for answer in [&anthropic, &chat, &responses, &gemini] {
        assert_eq!(
            told(&in_json(&answer.to_string()).unwrap()),
            expected,
            "{answer}"
        );
        assert_eq!(
            told(&streamed(std::slice::from_ref(answer))),
            expected,
            "{answer}"
        );
    }
    let older = json!({ "choices": [{ "message": { "function_call": function } }] });
    assert_eq!(
        in_json(&older.to_string()).unwrap()[0].name.as_deref(),
        Some("Bash")
    );
    let asked = json!({ "type": "mcp_tool_use", "id": "c1", "name": "find", "server_name": "crm", "input": {} });
    let asked = json!({ "content": [asked] });
    let found = in_json(&asked.to_string()).unwrap().remove(0);
    let action = found.action(&Action::default());
    assert_eq!(action.tool.server.as_deref(), Some("crm"));
    assert_eq!(action.tool.arguments.unwrap().as_json(), "{}");
}

#[test]
fn pieces_are_put_together_whatever_comes_between() {
    let anthropic = [
        block(1, "Bash"),
        piece(1, ""),
        piece(1, "{\"command\":"),
        block(2, "Read"),
        piece(2, "{\"file_path\":\"/a\"}"),
        piece(1, " \"ls\"}"),
        stop(1),
        stop(2),
        block(1, "Look"),
    ];
    let expected = [
        (Some("id-Bash"), Some("Bash"), json!({ "command": "ls" })),
        (Some("id-Read"), Some("Read"), json!({ "file_path": "/a" })),
        (Some("id-Look"), Some("Look"), json!({})),
    ];
    assert_eq!(told(&streamed(&anthropic)), expected);
    let chat =
        |calls: Json| json!({ "choices": [{ "index": 0, "delta": { "tool_calls": calls } }] });
    let chat = [
        chat(json!([{ "index": 0, "id": "c1", "function": { "name": "Bash", "arguments": "" } }])),
        chat(json!([{ "index": 0, "function": { "arguments": "{\"command\":" } }])),
        chat(
            json!([{ "index": 1, "id": "c2", "function": { "name": "Read", "arguments": "{}" } }]),
        ),
        chat(json!([{ "index": 0, "function": { "name": "Bash", "arguments": "\"ls\"}" } }])),
        // All calls by one number.
        chat(
            json!([{ "index": 0, "id": "c3", "function": { "name": "Look", "arguments": "{}" } }]),
        ),
    ];
    let expected = [
        (Some("c1"), Some("Bash"), json!({ "command": "ls" })),
        (Some("c2"), Some("Read"), json!({})),
        (Some("c3"), Some("Look"), json!({})),
    ];
    assert_eq!(told(&streamed(&chat)), expected);
    let item = |arguments: &str| json!({ "type": "function_call", "call_id": "c1", "name": "Bash", "arguments": arguments });
    let responses = [
        json!({ "type": "response.output_item.added", "output_index": 0, "item": item("") }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{\"comm" }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "delta": "and\":1}" }),
        json!({ "type": "response.function_call_arguments.done", "output_index": 0, "arguments": "{\"command\":1}" }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item("{\"command\":1}") }),
    ];
    let expected = [(Some("c1"), Some("Bash"), json!({ "command": 1 }))];
    assert_eq!(told(&streamed(&responses)), expected);
    assert_eq!(told(&streamed(&responses[..3])), expected);
    // Some clients read each line.
    let lines = format!(
        "data: {}\ndata: {}\n\n",
        block(0, "Bash"),
        piece(0, "{\"a\":1}")
    );
    let all = in_events(lines.as_bytes(), true).unwrap();
    assert_eq!(all[0].tool_use.json(), json!({ "a": 1 }));
    // Nobody has seen it begin.
    assert_eq!(
        told(&streamed(&[piece(0, "{\"a\":1}")])),
        [(None, None, json!({ "a": 1 }))]
    );
}

#[test]
fn arguments_that_are_none_are_judged_as_text() {
    let broken = ToolUse {
        name: Some("Bash".to_owned()),
        arguments: "{\"command\":".to_owned(),
        ..ToolUse::default()
    };
    assert!(!broken.is_sound());
    let mut answer = Action::default();
    answer.session.id = Some("s".to_owned());
    let action = broken.action(&answer);
    assert_eq!(action.content.text.as_deref(), Some("{\"command\":"));
    assert_eq!(
        (action.tool.arguments, action.session.id.as_deref()),
        (None, Some("s"))
    );
}

#[test]
fn no_cut_goes_through_a_call() {
    let say = json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "hello" } });
    let before = event(&say).repeat(3);
    let call: String = [block(1, "Bash"), piece(1, "{}")]
        .iter()
        .map(event)
        .collect();
    let end = event(&stop(1));
    let begun = format!("{before}{call}");
    let open = in_events(begun.as_bytes(), false).unwrap();
    assert_eq!(open[0].end, None);
    assert_eq!(cut_between(&open, begun.len()), before.len());
    assert_eq!(cut_between(&open, 10), 10);
    let whole = format!("{begun}{end}{before}");
    let over = in_events(whole.as_bytes(), false).unwrap();
    assert_eq!(over[0].end, Some(begun.len() + end.len()));
    assert_eq!(cut_between(&over, begun.len()), before.len());
    assert_eq!(cut_between(&over, whole.len()), whole.len());
    assert!(is_between(&over, before.len()) && !is_between(&over, begun.len()));
}

#[test]
fn too_many_and_too_deep_calls_are_refused() {
    let many: Vec<Json> = (0..=u64::try_from(MAX_USES).unwrap())
        .map(|index| block(index, "Bash"))
        .collect();
    let stream: String = many.iter().map(event).collect();
    assert!(in_events(stream.as_bytes(), true).is_err());
    let blocks: Vec<&Json> = many.iter().map(|one| &one["content_block"]).collect();
    assert!(in_json(&json!({ "content": blocks }).to_string()).is_err());
    let deep = |sign: &str| format!("{{\"{sign}\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(in_json(&deep("tool_use")).is_err());
    assert_eq!(in_json(&deep("other")).unwrap(), []);
    for other in [
        "",
        "no JSON",
        "{",
        "[1, null]",
        "{\"content\":[1],\"choices\":{},\"output\":[{}]}",
    ] {
        assert_eq!(in_json(other).unwrap(), [], "{other}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize) {
        if let Ok(all) = in_events(&bytes, false) {
            let cut = cut_between(&all, cut.min(bytes.len()));
            prop_assert!(is_between(&all, cut));
        }
        let _ = in_json(&String::from_utf8_lossy(&bytes));
    }

    /// However a stream is cut into events, the call is the same.
    #[test]
    fn every_division_makes_the_same_call(at in prop::collection::vec(0..40_usize, 0..5)) {
        let written = "{\"command\": \"grep -rn 'Überzug' /a/b/c\"}";
        let mut at: Vec<usize> = at.into_iter().map(|one| written.floor_char_boundary(one)).collect();
        at.extend([0, written.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|pair| piece(0, written.get(pair[0]..pair[1]).unwrap()));
        let events: Vec<Json> = [block(0, "Bash")].into_iter().chain(pieces).chain([stop(0)]).collect();
        let uses = streamed(&events);
        prop_assert_eq!(uses.len(), 1);
        prop_assert_eq!(&uses[0].arguments, written);
    }
}
