//! Tests that a head learns what its encoder can tell apart, and stays where nothing is to be learned.

use super::*;
use crate::tier2::testing;

fn examples(count: usize) -> Vec<Example> {
    // Made-up weights see words, so that words can be told apart.
    (0..count)
        .map(|number| {
            let label = [Label::Benign, Label::Injection][number % 2];
            let words = [["ax bx ax", "bx ax"], ["cx dx ex", "dx cx"]][number % 2];
            Example {
                text: format!("{} {}", words[number / 2 % 2], ["a", "b", "c"][number % 3]),
                label,
            }
        })
        .collect()
}

#[test]
fn a_head_learns_to_tell_apart_what_it_confused() {
    let tuned = tune(&testing::tier2(), &examples(200), |_| {}).unwrap();
    assert_eq!(tuned.trained, 160);
    assert_eq!((tuned.after.attacks, tuned.after.harmless), (20, 20));
    assert!(tuned.after.auc >= tuned.before.auc, "{tuned:?}");
    assert!(tuned.after.auc.unwrap() > 0.95, "{:?}", tuned.after);
    assert_eq!(tuned.alarm_above, None);
}

#[test]
fn too_few_rows_are_told() {
    let error = tune(&testing::tier2(), &examples(12), |_| {}).unwrap_err();
    assert!(
        error.to_string().contains("6 attacks and 6 harmless"),
        "{error}"
    );
}

#[test]
fn a_tuned_head_is_read_back_from_the_file() {
    let tuned = tune(&testing::tier2(), &examples(60), |_| {}).unwrap();
    let file = crate::tier2::with_head(&testing::file(), &tuned.head).unwrap();
    let again = Tier2::read(&file, &testing::tokenizer(), crate::Kernel::Float32).unwrap();
    assert_eq!(again.head().unwrap(), tuned.head);
}
