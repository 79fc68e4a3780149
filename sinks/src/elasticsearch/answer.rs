//! Reads `_bulk` answers: what became of the whole request, and of each document.

use serde::Deserialize;

use crate::forward::{Answer, Delivery, Pause, Refused, SendError};

/// What an answer means.
#[derive(Debug)]
pub(super) enum Reply {
    /// The request was read; each document has a fate of its own.
    Items(Delivery),
    /// The credentials are refused.
    Refused,
    /// Nothing was taken.
    Failed(SendError),
}

#[derive(Deserialize)]
struct Body {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    create: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    error: Option<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
}

/// A reason is kept up to this.
const MAX_REASON_CHARS: usize = 512;

/// What `answer` to a request with `documents` documents means.
pub(super) fn classify(answer: &Answer, documents: usize) -> Reply {
    let status = answer.status;
    let retry_after = answer.retry_after;
    Reply::Failed(match status {
        200 => match serde_json::from_slice::<Body>(&answer.body) {
            Ok(body) if body.items.len() == documents => return Reply::Items(sort(body.items)),
            // Ids are stable: what was stored unseen answers 409 next time.
            Ok(_) | Err(_) => SendError::Busy {
                status,
                reason: "answer does not name every document",
                retry_after,
            },
        },
        401 | 403 => return Reply::Refused,
        413 => SendError::Indigestible {
            status,
            reason: "request is too large",
        },
        201..300 | 408 | 425 | 429 | 500.. => SendError::Busy {
            status,
            reason: "peer cannot take documents now",
            retry_after,
        },
        // Documents are judged one by one: a refusal of the whole request is about the address.
        _ => SendError::Parked {
            status,
            reason: "address does not answer as a cluster",
        },
    })
}

/// What becomes of one document.
enum Fate {
    Stored,
    Again(Pause),
    Refused,
}

fn fate(status: u16) -> Fate {
    match status {
        // 409: the same id is stored already.
        200..300 | 409 => Fate::Stored,
        408 | 425 | 429 | 500.. => Fate::Again(Pause::Paced),
        // No such index, or not ours to write to: a person must act, nothing is wrong with it.
        401 | 403 | 404 => Fate::Again(Pause::Parked),
        _ => Fate::Refused,
    }
}

fn sort(items: Vec<Item>) -> Delivery {
    let mut delivery = Delivery::default();
    for (index, Item { create }) in items.into_iter().enumerate() {
        match fate(create.status) {
            Fate::Stored => {}
            Fate::Again(pause) => {
                delivery.again.push(index);
                if delivery.pause != Pause::Parked {
                    delivery.pause = pause;
                }
            }
            Fate::Refused => delivery.refused.push(Refused {
                index,
                reason: reason(&create),
            }),
        }
    }
    delivery
}

fn reason(outcome: &Outcome) -> String {
    let mut text = format!("status {}", outcome.status);
    if let Some(cause) = &outcome.error {
        text.push_str(": ");
        text.push_str(&cause.kind);
        if let Some(reason) = &cause.reason {
            text.push_str(": ");
            text.push_str(reason);
        }
    }
    text.chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn items(statuses: &[u16]) -> Delivery {
        let items: Vec<_> = statuses
            .iter()
            .map(|status| {
                json!({"create": {"_index": "i", "_id": "u", "status": status,
                    "error": {"type": "some_exception", "reason": "x".repeat(9999)}}})
            })
            .collect();
        let body = json!({"took": 1, "errors": true, "items": items}).to_string();
        match classify(&answer(200, &body), statuses.len()) {
            Reply::Items(delivery) => delivery,
            Reply::Refused | Reply::Failed(_) => panic!("no items"),
        }
    }

    #[test]
    fn every_document_has_a_fate_of_its_own() {
        let delivery = items(&[201, 409, 429, 400, 503, 200, 422]);
        assert_eq!(delivery.again, [2, 4]);
        assert_eq!(delivery.pause, Pause::Paced);
        let refused: Vec<_> = delivery.refused.iter().map(|item| item.index).collect();
        assert_eq!(refused, [3, 6]);
        let reason = &delivery.refused[0].reason;
        assert!(reason.starts_with("status 400: some_exception: xxx"));
        assert_eq!(reason.chars().count(), MAX_REASON_CHARS);
    }

    #[test]
    fn a_missing_index_parks_and_loses_nothing() {
        let delivery = items(&[404, 429, 403]);
        assert_eq!(delivery.again, [0, 1, 2]);
        assert_eq!(delivery.pause, Pause::Parked);
    }

    #[test]
    fn an_answer_that_does_not_name_every_document_is_no_answer() {
        for body in [
            "",
            "{}",
            "<html>",
            r#"{"items":[]}"#,
            r#"{"items":[{"index":{"status":201}}]}"#,
        ] {
            let reply = classify(&answer(200, body), 1);
            assert!(
                matches!(reply, Reply::Failed(SendError::Busy { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn whole_requests_are_judged_by_status() {
        for status in [429, 500, 502, 503, 504, 408, 204] {
            let reply = classify(&answer(status, ""), 1);
            assert!(
                matches!(reply, Reply::Failed(SendError::Busy { .. })),
                "{status}"
            );
        }
        for status in [301, 400, 404, 405, 406] {
            let reply = classify(&answer(status, ""), 1);
            assert!(
                matches!(reply, Reply::Failed(SendError::Parked { .. })),
                "{status}"
            );
        }
        let reply = classify(&answer(413, ""), 1);
        assert!(matches!(
            reply,
            Reply::Failed(SendError::Indigestible { .. })
        ));
        assert!(matches!(classify(&answer(401, ""), 1), Reply::Refused));
    }
}
