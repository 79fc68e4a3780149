//! Cuts out of a text the lines around some places, so that a further look at them costs no look at
//! all of it.

use magistrate_event::Span;

/// How far around a place it is looked, in bytes, before the lines there are filled up.
const REACH_LEN: usize = 512;
/// Shorter texts are not worth cutting, in bytes.
const MIN_LEN: usize = 8 << 10;

/// The lines around each of `places`, which are sorted: sorted, disjoint stretches; all of `text` when
/// they are most of it.
pub(crate) fn lines_around(text: &str, places: &[Span]) -> Vec<Span> {
    let whole = || Span::new(0, text.len()).into_iter().collect();
    if text.len() < MIN_LEN {
        return whole();
    }
    let bytes = text.as_bytes();
    let mut stretches: Vec<Span> = Vec::new();
    for place in places {
        let seen = stretches.last().map_or(0, |last| last.end());
        let to = place.end().saturating_add(REACH_LEN).min(text.len());
        if to <= seen {
            continue;
        }
        let from = place.start().saturating_sub(REACH_LEN).max(seen);
        let before = bytes.get(seen..from).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(seen, |at| seen + at + 1);
        let after = bytes.get(to..).unwrap_or_default();
        let end = memchr::memchr(b'\n', after).map_or(text.len(), |at| to + at + 1);
        match (stretches.last_mut(), Span::new(start, end)) {
            (Some(last), Ok(next)) if next.start() == last.end() => *last = last.join(next),
            (_, next) => stretches.extend(next),
        }
    }
    let seen: usize = stretches.iter().map(|stretch| stretch.len()).sum();
    if seen > text.len() / 4 * 3 {
        return whole();
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> Span {
        Span::new(start, end).unwrap()
    }

    #[test]
    fn lines_near_a_place_are_cut_out_whole() {
        let line = "x".repeat(99) + "\n";
        let text = line.repeat(200);
        let places = [span(5050, 5051), span(5060, 5200), span(9999, 10_000)];
        let stretches = [span(4500, 5800), span(9400, 10_600)];
        assert_eq!(lines_around(&text, &places), stretches);
        assert_eq!(lines_around(&text, &[]), []);
    }

    #[test]
    fn what_makes_most_of_a_text_is_all_of_it() {
        let line = "x".repeat(99) + "\n";
        let text = line.repeat(200);
        let all = [span(0, text.len())];
        let places: Vec<_> = (0..20).map(|at| span(at * 1000, at * 1000 + 1)).collect();
        assert_eq!(lines_around(&text, &places), all);
        assert_eq!(lines_around(&text.replace('\n', " "), &[span(7, 8)]), all);
        let short = line.repeat(2);
        assert_eq!(lines_around(&short, &[span(7, 8)]), [span(0, 200)]);
    }
}
