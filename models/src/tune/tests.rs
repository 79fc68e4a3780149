//! Tests that a head learns what its features can tell apart, and that its rows are split and read back.

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
fn a_head_learns_what_its_features_tell_apart_and_keeps_what_they_do_not() {
    let (benign, attack) = ([1.0, 0.0, 0.5], [0.0, 1.0, 0.5]);
    let old = Head {
        weight: vec![vec![0.0; 3], vec![0.0, -1.0, 0.0], vec![0.0; 3]],
        bias: vec![0.0; 3],
    };
    assert!(old.odds(&attack) < old.odds(&benign));
    let rows: Vec<(&[f32], Label)> = (0..30)
        .map(|number| match number % 3 {
            0 => (benign.as_slice(), Label::Benign),
            _ => (attack.as_slice(), Label::Injection),
        })
        .collect();
    let new = old.fitted(&rows).unwrap();
    assert!(new.odds(&attack) > new.odds(&benign) + 0.2, "{new:?}");
    assert!(new.odds(&attack) > 0.0, "{new:?}");
}

#[test]
fn every_fifth_row_of_a_side_is_kept_out_and_judged_by_both_heads() {
    let tuned = tune(&testing::tier2(), &examples(200), |_| {}).unwrap();
    assert_eq!(tuned.trained, 160);
    assert_eq!((tuned.before.attacks, tuned.before.harmless), (20, 20));
    assert_eq!((tuned.after.attacks, tuned.after.harmless), (20, 20));
    assert_ne!(tuned.head, testing::tier2().head().unwrap());
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
    let again = Tier2::read(&file, &testing::vocabulary(), crate::Kernel::Float32).unwrap();
    assert_eq!(again.head().unwrap(), tuned.head);
}
