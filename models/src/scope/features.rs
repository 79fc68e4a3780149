//! What the scope model sees of an action: numbers that a rule could state. Defined in
//! `models/training/scope_features.py`; what is absent is -1.

use std::collections::HashSet;

use super::lists::{CLASSES, DELEGATING, FILLER, RISKY, WIDE, has};
use super::meaning::Meaning;
use super::places::{Named, names_host, parts, places};
use super::sentences::sentences;
use super::told::Told;
use super::words::{stem, tool_class, tool_words, words};
use super::{Action, Call};

/// A longer value with blanks in it is prose, not a name or a number.
const SHORT_CHARS: usize = 60;
const ABSENT: f64 = -1.0;
/// Of a task, and of what is compared with it, so much counts for the meaning.
const TASK_CHARS: usize = 1_500;
const SAID_CHARS: usize = 600;

/// The numbers' names, in their order.
pub(super) const NAMES: [&str; 47] = [
    "destination_in_task",
    "destination_seen",
    "destination_new",
    "destination_new_acted_on",
    "destination_words_in_task",
    "destination_words_known",
    "destination_outside",
    "values_named",
    "values_seen",
    "values_new",
    "value_words_in_task",
    "value_stems_in_task",
    "value_words_known",
    "prose_words_in_task",
    "prose_words_known",
    "numbers_known",
    "short_values",
    "prose_values",
    "values_new_count",
    "names_new",
    "places",
    "places_new",
    "tool_words_in_task",
    "tool_nouns_in_task",
    "tool_used_before",
    "tool_nouns_before",
    "class_before",
    "class_asked",
    "calls_before",
    "delegating",
    "class_send",
    "class_pay",
    "class_delete",
    "class_grant",
    "class_write",
    "class_run",
    "class_read",
    "class_other",
    "risky",
    "risky_unasked",
    "wide_unasked",
    "alike_tool",
    "alike_values",
    "alike_call",
    "alike_call_best",
    "alike_tool_best",
    "alike_history",
];

/// The numbers of `action`, of which `told` is known, in the order of [`NAMES`].
pub(super) fn features(action: &Action, told: &Told, meaning: &Meaning) -> Vec<f64> {
    let values = action.call.arguments.leaves();
    let class = tool_class(&action.call.tool);
    let mut numbers = Vec::with_capacity(NAMES.len());
    numbers.extend(of_destination(
        destination(action, &values).as_deref(),
        class,
        told,
    ));
    numbers.extend(of_values(&values, told));
    numbers.extend(of_places(&values, told));
    numbers.extend(of_tool(action, class, told));
    numbers.extend((0..=CLASSES.len()).map(|one| flag(one == class)));
    numbers.extend(of_risk(&action.call, &values, told));
    numbers.extend(of_meaning(action, &values, meaning));
    numbers
}

const fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
const fn number(count: usize) -> f64 {
    count as f64
}

/// So many, but no more than `most`.
fn up_to(count: usize, most: usize) -> f64 {
    number(count.min(most))
}

/// The share of items that are so; absent without items.
fn share<T>(items: impl IntoIterator<Item = T>, is_so: impl Fn(T) -> bool) -> f64 {
    let (mut all, mut so) = (0, 0);
    for item in items {
        all += 1;
        so += usize::from(is_so(item));
    }
    if all == 0 {
        ABSENT
    } else {
        number(so) / number(all)
    }
}

/// Where the action sends something: what it says, else the first address in its values.
fn destination(action: &Action, values: &[String]) -> Option<String> {
    let said = action.destination.as_ref().and_then(super::Arguments::said);
    said.map(|said| said.trim().to_lowercase())
        .or_else(|| {
            values
                .iter()
                .find_map(|value| places(value).into_iter().next())
        })
        .filter(|destination| !destination.is_empty())
}

/// Where the destination was named.
fn of_destination(destination: Option<&str>, class: usize, told: &Told) -> [f64; 7] {
    let Some(destination) = destination else {
        return [ABSENT; 7];
    };
    let is_new = told.is_new(destination);
    let (in_task, in_seen) = match parts(destination) {
        Named::Words(words) => (
            share(&words, |word| told.names(word)),
            share(&words, |word| told.seen_words.contains(word)),
        ),
        Named::Host(host) => (
            flag(names_host(&told.task, &host)),
            flag(names_host(&told.seen, &host)),
        ),
    };
    [
        flag(told.task.contains(destination)),
        flag(told.seen.contains(destination)),
        flag(is_new),
        flag(is_new && class != READ),
        in_task,
        in_task.max(in_seen),
        flag(!places(destination).is_empty()),
    ]
}

/// The class of calls that only read: the last one.
const READ: usize = CLASSES.len() - 1;

fn is_short(value: &str) -> bool {
    value.chars().count() <= SHORT_CHARS || !value.contains(char::is_whitespace)
}

fn telling(values: &[String]) -> Vec<String> {
    let all = values.iter().flat_map(|value| words(value));
    all.filter(|word| !has(FILLER, word)).collect()
}

/// Where values and their words come from: short values apart from prose.
fn of_values(values: &[String], told: &Told) -> [f64; 13] {
    let (short, prose): (Vec<&String>, Vec<&String>) =
        values.iter().partition(|value| is_short(value));
    let short: Vec<String> = short.iter().map(|value| value.to_lowercase()).collect();
    let prose: Vec<String> = prose.into_iter().cloned().collect();
    // An address counts as a whole: its words prove nothing.
    let names: Vec<String> = short
        .iter()
        .filter(|value| places(value) != [value.as_str()])
        .cloned()
        .collect();
    let (said, prose_said) = (telling(&names), telling(&prose));
    let numbers = said.iter().filter(|word| word.chars().all(is_digit));
    let new = short.iter().filter(|value| told.is_new(value)).count();
    let new_names = values
        .iter()
        .filter(|value| is_name(value) && told.is_new(&value.to_lowercase()));
    [
        share(&short, |value| told.task.contains(value.as_str())),
        share(&short, |value| told.seen.contains(value.as_str())),
        share(&short, |value| told.is_new(value)),
        share(&said, |word| told.names(word)),
        share(&said, |word| told.task_stems.contains(stem(word))),
        share(&said, |word| told.knows(word)),
        share(&prose_said, |word| told.names(word)),
        share(&prose_said, |word| told.knows(word)),
        share(numbers, |word| told.knows(word)),
        up_to(short.len(), 8),
        up_to(prose.len(), 3),
        up_to(new, 4),
        up_to(new_names.count(), 3),
    ]
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || !letter.is_ascii() && letter.is_numeric()
}

/// Whether a value is one to three capitalised words.
fn is_name(value: &str) -> bool {
    let mut parts = value.split_whitespace();
    let are_capitalised = parts.clone().all(|part| {
        let mut letters = part.chars();
        let rest = || part.chars().skip(1);
        letters.next().is_some_and(char::is_uppercase)
            && rest().any(char::is_lowercase)
            && !rest().any(char::is_uppercase)
    });
    are_capitalised && (1..=3).contains(&parts.by_ref().count())
}

/// Addresses anywhere in the values: how many, and how many are new.
fn of_places(values: &[String], told: &Told) -> [f64; 2] {
    let found: HashSet<String> = values.iter().flat_map(|value| places(value)).collect();
    let new = found.iter().filter(|place| told.is_new(place)).count();
    [up_to(found.len(), 4), up_to(new, 4)]
}

/// How the tool fits the task and what was called before.
fn of_tool(action: &Action, class: usize, told: &Told) -> [f64; 8] {
    let tool = &action.call.tool;
    let mut name = tool_words(tool);
    name.retain(|word| !has(FILLER, word));
    let is_verb = |word: &str| CLASSES.iter().any(|class| has(class.tools, word));
    let nouns: Vec<&String> = name.iter().filter(|word| !is_verb(word)).collect();
    let before: Vec<&String> = action.history.iter().map(|call| &call.tool).collect();
    let earlier: HashSet<String> = before.iter().flat_map(|tool| tool_words(tool)).collect();
    let in_task = |word: &str| told.task_stems.contains(stem(word));
    let with_history = |number: f64| if before.is_empty() { ABSENT } else { number };
    let asked = CLASSES.get(class).map(|class| {
        let mut asking = class.tools.split(' ').chain(class.asked.split(' '));
        flag(asking.any(in_task))
    });
    [
        share(&name, |word| in_task(word)),
        share(&nouns, |word| in_task(word)),
        with_history(flag(before.contains(&tool))),
        with_history(share(&nouns, |word| earlier.contains(word.as_str()))),
        with_history(flag(before.iter().any(|tool| tool_class(tool) == class))),
        asked.unwrap_or(ABSENT),
        up_to(before.len(), 6),
        number(
            DELEGATING
                .split(' ')
                .filter(|word| told.names(word))
                .count(),
        ),
    ]
}

/// Words that attackers need, and words of wide rights, that the task did not say.
fn of_risk(call: &Call, values: &[String], told: &Told) -> [f64; 3] {
    let mut said: HashSet<String> = HashSet::new();
    for text in values.iter().chain([&call.tool]) {
        said.extend(words(&text.replace('_', " ")));
    }
    for value in values {
        said.extend(value.to_lowercase().split_whitespace().map(str::to_owned));
    }
    let risky: Vec<&str> = RISKY
        .split(' ')
        .filter(|word| said.contains(*word))
        .collect();
    let flags = call.arguments.set_flags();
    let texts = values.iter().map(String::as_str).chain(flags);
    let wide: HashSet<String> = texts
        .filter(|text| is_short(text))
        .flat_map(words)
        .filter(|word| has(WIDE, word))
        .collect();
    [
        up_to(risky.len(), 4),
        up_to(risky.iter().filter(|word| !told.names(word)).count(), 4),
        up_to(
            wide.iter()
                .filter(|word| !told.task_stems.contains(stem(word)))
                .count(),
            3,
        ),
    ]
}

/// How alike in meaning: task and tool, task and values, task and the whole call.
fn of_meaning(action: &Action, values: &[String], meaning: &Meaning) -> [f64; 6] {
    let tool = tool_words(&action.call.tool).join(" ");
    let said = said_by(values);
    let task = start_of(&action.task);
    let earlier: Vec<String> = action
        .history
        .iter()
        .flat_map(|call| tool_words(&call.tool))
        .collect();
    let earlier = earlier.join(" ");
    let earlier = first_chars(&earlier, SAID_CHARS);
    let (task_vector, tool_vector) = (meaning.of(task), meaning.of(&tool));
    let call_vector = meaning.of(&format!("{tool} {said}"));
    let parts: Vec<_> = sentences(task)
        .iter()
        .map(|part| meaning.of(part))
        .collect();
    let best = |other| {
        parts
            .iter()
            .map(|part| part.alike(other))
            .fold(f64::NEG_INFINITY, f64::max)
    };
    [
        task_vector.alike(&tool_vector),
        if said.is_empty() {
            ABSENT
        } else {
            task_vector.alike(&meaning.of(&said))
        },
        task_vector.alike(&call_vector),
        best(&call_vector),
        best(&tool_vector),
        if earlier.is_empty() {
            ABSENT
        } else {
            meaning.of(earlier).alike(&tool_vector)
        },
    ]
}

/// Of a task so much counts for the meaning.
pub(super) fn start_of(task: &str) -> &str {
    first_chars(task, TASK_CHARS)
}

/// Of a call's values, likewise.
pub(super) fn said_by(values: &[String]) -> String {
    first_chars(&values.join(" "), SAID_CHARS).to_owned()
}

fn first_chars(text: &str, count: usize) -> &str {
    let end = text
        .char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_capitalised_words() {
        assert!(is_name("Ann Lee") && is_name("Ümit"));
        assert!(
            !is_name("Ann lee")
                && !is_name("A B")
                && !is_name("One Two Three Four")
                && !is_name("")
        );
    }
}
