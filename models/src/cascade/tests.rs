//! Tests that the tiers answer within their budget, and that silence is no score.

use super::*;
use crate::prepare::Part;
use crate::tier1::testing::made_up;
use crate::tier2::testing;

const HOUR: Duration = Duration::from_secs(3_600);

fn cascade(sure_below: f64, tier2: Option<Tier2>) -> Cascade {
    let thresholds = Thresholds {
        sure_below,
        temperature: 1.5,
        alarm_above: 3.0,
    };
    Cascade::new(made_up(|_| 1), tier2, thresholds)
}

fn budget(time: Duration, depth: Depth) -> Budget {
    Budget {
        until: Instant::now() + time,
        depth,
    }
}

#[test]
fn only_doubtful_text_goes_on_and_only_when_wanted() {
    let text = "ax b cx dé";
    let doubtful = cascade(0.0, Some(testing::tier2()));
    let opinion = doubtful.judge(text, budget(HOUR, Depth::Model));
    assert_eq!(opinion.fast.as_ref().unwrap().span, 0..text.len());
    let score = opinion.model.unwrap();
    assert!((0.0..=1.0).contains(&score.probability) && !score.is_partial);
    let fast = doubtful.judge(text, budget(HOUR, Depth::Fast));
    assert_eq!(
        (fast.fast, fast.model),
        (opinion.fast, Err(Silence::NotAsked))
    );
    let sure = cascade(100.0, Some(testing::tier2()));
    assert_eq!(
        sure.judge(text, budget(HOUR, Depth::Model)).model,
        Err(Silence::NotAsked)
    );
}

#[test]
fn what_cannot_be_judged_has_no_score() {
    let missing = cascade(0.0, None).judge("a b", budget(HOUR, Depth::Model));
    assert_eq!(missing.model, Err(Silence::Missing));
    assert!(missing.fast.is_ok());
    let slow =
        cascade(0.0, Some(testing::tier2())).judge("a b", budget(Duration::ZERO, Depth::Model));
    assert_eq!(slow.model, Err(Silence::Slow));
    let empty = cascade(0.0, Some(testing::tier2())).judge(" \n", budget(HOUR, Depth::Model));
    assert_eq!(empty.model, Err(Silence::Empty));
}

#[test]
fn what_a_token_costs_is_learned_and_kept_to() {
    let cascade = cascade(0.0, Some(testing::tier2()));
    let prepared = prepare("ax bx cx dx ex ax bx cx");
    let windows = cascade.tier2.as_ref().unwrap().windows(&prepared).unwrap();
    let [window] = windows.as_slice() else {
        panic!("{windows:?}");
    };
    assert_eq!(window.tokens(), 10);
    for _ in 0..100 {
        cascade.learn(Duration::from_secs(10), window.tokens());
    }
    let second = Duration::from_secs(1);
    assert!(!cascade.has_time(window.tokens(), Instant::now() + 9 * second));
    assert!(cascade.has_time(window.tokens(), Instant::now() + 11 * second));
    for _ in 0..100 {
        cascade.learn(Duration::from_millis(10), window.tokens());
    }
    assert!(cascade.has_time(window.tokens(), Instant::now() + second));
}

#[test]
fn what_a_page_hides_is_judged_for_itself_and_named() {
    let page = "<p>ax b</p><div style='display:none'>cx dx</div> ex";
    let judged = |alarm_above| {
        let thresholds = Thresholds {
            sure_below: -100.0,
            temperature: 1.5,
            alarm_above,
        };
        Cascade::new(made_up(|_| 1), Some(testing::tier2()), thresholds)
    };
    let strict = judged(-1e9);
    let alone = |text| strict.scores_whole(text).unwrap().unwrap();
    let all = ["ax b\nex", "cx dx", page].map(alone);
    let [visible, hidden, whole] = all;
    assert_eq!(
        strict.scores(page),
        Ok(Some(whole.worse(visible).worse(hidden)))
    );
    // Whatever scores more: hidden orders are what is told, where they are some.
    let score = strict
        .judge(page, budget(HOUR, Depth::Model))
        .model
        .unwrap();
    assert_eq!(
        (score.part, page.get(score.span)),
        (Part::Hidden, Some("cx dx"))
    );
    let score = judged(1e9)
        .judge(page, budget(HOUR, Depth::Model))
        .model
        .unwrap();
    let worst = [
        (visible, Part::Visible),
        (hidden, Part::Hidden),
        (whole, Part::Whole),
    ]
    .into_iter()
    .max_by(|one, other| one.0.odds.total_cmp(&other.0.odds))
    .unwrap();
    assert_eq!(score.part, worst.1);
}

#[test]
fn a_text_too_long_for_its_time_is_judged_in_part() {
    let cascade = cascade(0.0, Some(testing::tier2()));
    let text = "ax bx cx dx ex ".repeat(40_000);
    match cascade
        .judge(&text, budget(Duration::from_millis(50), Depth::Model))
        .model
    {
        Ok(score) => assert!(score.is_partial),
        Err(silence) => assert_eq!(silence, Silence::Slow),
    }
}

#[test]
fn the_alarm_has_the_same_score_whatever_the_weights() {
    let thresholds = |temperature, alarm_above| Thresholds {
        sure_below: 0.0,
        temperature,
        alarm_above,
    };
    for (temperature, alarm_above) in [(1.0, 3.0), (1.3, 3.06), (2.0, -1.0)] {
        let thresholds = thresholds(temperature, alarm_above);
        let at = f64::from(probability(thresholds.calibrated(alarm_above)));
        assert!((at - ALARM_AT).abs() < 1e-6);
        assert!(f64::from(probability(thresholds.calibrated(alarm_above + 1.0))) > ALARM_AT);
    }
}
