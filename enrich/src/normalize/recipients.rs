//! Tells the recipients of a message apart by their domains.

use std::borrow::Cow;

use magistrate_event::{Event, Field, Value};

/// Recipients that are told apart; more of one message are not looked at one by one.
const MAX_RECIPIENTS: usize = 64;

/// Fills the columns of recipients: as they are written, the domain of the first, and the domains of all
/// where there are several.
pub(crate) fn fill(recipients: &str, event: &mut Event) {
    event.set_text(Field::Recipient, recipients);
    let all = domains(recipients);
    if let Some(domain) = all.first() {
        event.set_text(Field::RecipientDomain, domain);
    }
    if all.len() > 1 {
        let domains = all.iter();
        let domains = domains.map(|domain| Value::Text(event.push_text(domain)));
        let domains = Value::List(domains.collect());
        event.set(Field::RecipientDomains, domains);
    }
}

/// Fills the columns of recipients by what a tool's arguments say, where the caller names none and they
/// hold a domain.
pub(crate) fn fill_told(told: &[Cow<'_, str>], event: &mut Event) {
    let all = told.join(", ");
    if event.value(Field::Recipient).is_none() && !domains(&all).is_empty() {
        fill(&all, event);
    }
}

/// The domains of the recipients in `text`, each once, lower case, in their order.
pub(crate) fn domains(text: &str) -> Vec<String> {
    let mut domains: Vec<String> = Vec::new();
    for one in text
        .split([',', ';', ' ', '<', '>'])
        .take(MAX_RECIPIENTS * 4)
    {
        let Some((_, domain)) = one.rsplit_once('@') else {
            continue;
        };
        let domain = domain.trim_end_matches('.').to_lowercase();
        if !domain.is_empty() && !domains.contains(&domain) && domains.len() < MAX_RECIPIENTS {
            domains.push(domain);
        }
    }
    domains
}
