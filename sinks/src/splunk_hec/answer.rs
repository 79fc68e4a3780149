//! Reads HEC's answers: one function says what each of them means.

use serde::Deserialize;

use crate::forward::{Answer, Renewal, SendError};

/// What an answer means.
#[derive(Debug)]
pub(super) enum Reply {
    /// All events look well; with acknowledgement, the number to ask about.
    Accepted { ack: Option<u64> },
    /// The event at `index` is invalid; those before it were indexed, those after it were not.
    Invalid { index: usize, reason: &'static str },
    /// The token is refused; another one may help.
    Refused { reason: &'static str },
    /// Nothing was taken.
    Failed(SendError),
}

/// The body, as far as it is known.
#[derive(Debug, Default, Deserialize)]
struct Body {
    code: Option<u32>,
    #[serde(rename = "ackId")]
    ack: Option<u64>,
    #[serde(rename = "invalid-event-number")]
    invalid: Option<usize>,
}

/// What `answer` to a request with `events` events means.
///
/// Codes are those of Splunk's "Troubleshoot HTTP Event Collector"; 23 and above go by status.
pub(super) fn classify(answer: &Answer, events: usize) -> Reply {
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let busy = |reason| {
        Reply::Failed(SendError::Busy {
            status: answer.status,
            reason,
            retry_after: answer.retry_after,
        })
    };
    let parked = |reason| {
        Reply::Failed(SendError::Parked {
            status: answer.status,
            reason,
        })
    };
    match (body.code, answer.status) {
        (Some(0), 200) => Reply::Accepted { ack: body.ack },
        (Some(1 | 22), _) => Reply::Refused {
            reason: "token is disabled",
        },
        (Some(2 | 3 | 4 | 21), _) => Reply::Refused {
            reason: "token is not accepted",
        },
        (Some(5), _) => parked("peer saw no data in the request"),
        (Some(6), _) => invalid(answer, &body, events, "invalid data format"),
        (Some(12), _) => invalid(answer, &body, events, "event field is required"),
        (Some(13), _) => invalid(answer, &body, events, "event field is blank"),
        (Some(15), _) => invalid(answer, &body, events, "indexed fields cannot be handled"),
        (Some(7), _) => parked("index does not exist or the token may not write to it"),
        (Some(10 | 11), _) => parked("channel is missing or invalid"),
        (Some(14), _) => parked("token has no indexer acknowledgement"),
        (Some(16), _) => parked("token in the query is not enabled"),
        (Some(8), _) => busy("internal error"),
        (Some(9), _) => busy("server is busy"),
        (Some(17), _) => busy("health answer to an event"),
        (Some(18..=20), _) => busy("queues or acknowledgements are full"),
        (Some(_) | None, status) => by_status(answer, status),
    }
}

/// Splunk counts events from 0. Without a number, smaller batches will find the event.
fn invalid(answer: &Answer, body: &Body, events: usize, reason: &'static str) -> Reply {
    match body.invalid {
        Some(index) if index < events => Reply::Invalid { index, reason },
        Some(_) | None => Reply::Failed(SendError::Indigestible {
            status: answer.status,
            reason,
        }),
    }
}

/// What a status means whose body is not Splunk's, or has a code that we do not know.
fn by_status(answer: &Answer, status: u16) -> Reply {
    let retry_after = answer.retry_after;
    Reply::Failed(match status {
        401 | 403 => {
            return Reply::Refused {
                reason: "token is not accepted",
            };
        }
        413 => SendError::Indigestible {
            status,
            reason: "request is too large",
        },
        // A proxy or another server may say 200 to anything: only Splunk's own answer counts.
        200..300 => SendError::Busy {
            status,
            reason: "answer is not Splunk's",
            retry_after,
        },
        408 | 425 | 429 | 500.. => SendError::Busy {
            status,
            reason: "peer cannot take records now",
            retry_after,
        },
        _ => SendError::Parked {
            status,
            reason: "address does not answer as a collector",
        },
    })
}

/// A refused token is worth another attempt once when its file has changed.
pub(super) fn parked_unless(renewal: Renewal, answer: &Answer, reason: &'static str) -> SendError {
    match renewal {
        Renewal::Changed => SendError::Busy {
            status: answer.status,
            reason: "token was refused, its file has a new one",
            retry_after: None,
        },
        Renewal::Same => SendError::Parked {
            status: answer.status,
            reason,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> String {
        let answer = Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        match classify(&answer, 3) {
            Reply::Accepted { ack } => format!("accepted {ack:?}"),
            Reply::Invalid { index, .. } => format!("invalid {index}"),
            Reply::Refused { .. } => "refused".to_owned(),
            Reply::Failed(SendError::Busy { .. }) => "busy".to_owned(),
            Reply::Failed(SendError::Parked { .. }) => "parked".to_owned(),
            Reply::Failed(SendError::Indigestible { .. }) => "split".to_owned(),
            Reply::Failed(SendError::Unreachable(_)) => "unreachable".to_owned(),
        }
    }

    #[test]
    fn every_code_has_one_meaning() {
        let table: &[(u16, &[u32], &str)] = &[
            (200, &[0], "accepted None"),
            (403, &[1, 4], "refused"),
            (401, &[2, 3], "refused"),
            (400, &[21, 22], "refused"),
            (400, &[5, 7, 10, 11, 14, 16], "parked"),
            (400, &[6, 12, 13, 15], "split"),
            (500, &[8], "busy"),
            (503, &[9, 18, 19, 20], "busy"),
            (200, &[17], "busy"),
            (503, &[23, 99], "busy"),
            (429, &[26], "busy"),
            (400, &[99], "parked"),
        ];
        for (status, codes, meaning) in table {
            for code in *codes {
                let body = format!(r#"{{"text":"x","code":{code}}}"#);
                assert_eq!(reply(*status, &body), *meaning, "{status} {code}");
            }
        }
    }

    #[test]
    fn an_invalid_event_number_counts_only_inside_the_batch() {
        let body = |number| format!(r#"{{"code":6,"invalid-event-number":{number}}}"#);
        assert_eq!(reply(400, &body(2)), "invalid 2");
        assert_eq!(reply(400, &body(3)), "split");
        assert_eq!(reply(400, &body(-1)), "parked");
    }

    #[test]
    fn an_answer_that_is_not_splunks_delivers_nothing() {
        for body in ["", "<html>ok</html>", "{}", "[]", r#"{"code":"0"}"#] {
            assert_eq!(reply(200, body), "busy", "{body}");
            assert_eq!(reply(404, body), "parked", "{body}");
            assert_eq!(reply(302, body), "parked", "{body}");
            assert_eq!(reply(401, body), "refused", "{body}");
            assert_eq!(reply(413, body), "split", "{body}");
            assert_eq!(reply(502, body), "busy", "{body}");
        }
        assert_eq!(reply(200, r#"{"code":0,"ackId":7}"#), "accepted Some(7)");
    }
}
