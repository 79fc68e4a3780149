//! An approval as the API, the command and the webhook show it.

use magistrate_judge::{Approval, Vote};
use serde_json::{Value as Json, json};

/// The JSON of `approval`, whose page is at `page`.
pub fn approval_json(approval: &Approval, page: &str) -> Json {
    let votes: Vec<Json> = approval.votes.iter().map(vote_json).collect();
    let about = approval.about.iter();
    let about: Vec<Json> = about
        .map(|line| json!({ "name": line.name, "text": line.text }))
        .collect();
    json!({
        "id": approval.id.to_string(),
        "state": approval.state,
        "page": page,
        "event_uid": approval.event.to_string(),
        "category": approval.category,
        "asked_at": approval.asked.to_rfc3339(),
        "changed_at": approval.changed.to_rfc3339(),
        "expires_at": approval.expires.to_rfc3339(),
        "times": approval.times,
        "persons": approval.persons,
        "reasons": approval.reasons,
        "about": about,
        "votes": votes,
        "used_by": approval.used.as_ref().map(|used| used.by.to_string()),
    })
}

fn vote_json(vote: &Vote) -> Json {
    json!({
        "person": vote.person,
        "choice": vote.choice,
        "at": vote.at.to_rfc3339(),
        "comment": vote.comment,
    })
}
