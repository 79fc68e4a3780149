//! Keeps the rules of OCSF's objects: what each of them must hold to be one.

use super::draft::{Draft, Shown};

/// What one object must hold.
struct Object {
    path: &'static str,
    /// At least one of these, as full paths; without any the object cannot stand.
    one_of: &'static [&'static str],
    /// Required, with a value that says that nothing is known.
    filled: Option<(&'static str, Filler)>,
}

/// A value that stands for the unknown.
enum Filler {
    Number,
    Word,
}

/// Inner objects first, so that an outer one sees what is left.
const OBJECTS: &[Object] = &[
    object(
        "device.os",
        &["device.os.name"],
        Some(("device.os.type_id", Filler::Number)),
    ),
    object(
        "device",
        &["device.hostname", "device.uid", "device.ip"],
        Some(("device.type_id", Filler::Number)),
    ),
    object(
        "actor.user",
        &["actor.user.uid", "actor.user.name", "actor.user.account"],
        None,
    ),
    object("user", &["user.uid", "user.name"], None),
    object(
        "src_endpoint",
        &[
            "src_endpoint.ip",
            "src_endpoint.hostname",
            "src_endpoint.svc_name",
        ],
        None,
    ),
    object(
        "dst_endpoint",
        &["dst_endpoint.ip", "dst_endpoint.hostname"],
        None,
    ),
    object("api", &["api.operation"], None),
    object(
        "http_request.url",
        &["http_request.url.url_string", "http_request.url.path"],
        None,
    ),
    object("http_response", &["http_response.code"], None),
    object(
        "file",
        &["file.name"],
        Some(("file.type_id", Filler::Number)),
    ),
    object("process", &["process.pid", "process.uid"], None),
    object(
        "ai_model",
        &["ai_model.name"],
        Some(("ai_model.ai_provider", Filler::Word)),
    ),
    object("message_context", &["message_context.application"], None),
    object(
        "connection_info",
        &["connection_info.protocol_name"],
        Some(("connection_info.direction_id", Filler::Number)),
    ),
    object("query", &["query.hostname"], None),
    object("app", &["app.name"], None),
    object(
        "finding_info.analytic",
        &["finding_info.analytic.uid", "finding_info.analytic.name"],
        Some(("finding_info.analytic.type_id", Filler::Number)),
    ),
    object("finding_info", &["finding_info.uid"], None),
];

const fn object(
    path: &'static str,
    one_of: &'static [&'static str],
    filled: Option<(&'static str, Filler)>,
) -> Object {
    Object {
        path,
        one_of,
        filled,
    }
}

/// Fills what an object must hold, and moves an object that cannot stand under `unmapped`.
pub(super) fn settle(draft: &mut Draft<'_>) {
    for object in OBJECTS {
        if !draft.has(object.path) {
            continue;
        }
        if !object.one_of.iter().any(|path| draft.has(path)) {
            draft.banish(object.path);
            continue;
        }
        match object.filled {
            Some((path, Filler::Number)) => draft.add(path, Shown::Int(0)),
            Some((path, Filler::Word)) => draft.add(path, Shown::from("unknown")),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(paths: &[&'static str]) -> Vec<&'static str> {
        let mut draft = Draft::new();
        for path in paths {
            draft.keep(path, Shown::from("x"));
        }
        settle(&mut draft);
        let mut kept: Vec<_> = draft.paths().collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn an_object_is_filled_or_moved_out() {
        assert_eq!(
            settled(&["device.os.name", "device.ip"]),
            [
                "device.ip",
                "device.os.name",
                "device.os.type_id",
                "device.type_id"
            ]
        );
        assert_eq!(settled(&["device.os.version", "device.ip"]).len(), 2);
        assert_eq!(settled(&["device.os.name"]), [""; 0]);
        assert_eq!(settled(&["http_response.length"]), [""; 0]);
        assert_eq!(settled(&["ai_model.ai_provider"]), [""; 0]);
        assert_eq!(settled(&["ai_model.name"]).len(), 2);
    }
}
