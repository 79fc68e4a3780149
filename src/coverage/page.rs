//! The matrix as a page: what is red or stale stands out.

use std::fmt::Write as _;

use magistrate_enrich::{BLIND_SPOTS, CoverageLine, CoverageState};

use super::{blocks, configured, missing, times, title};
use crate::html::{self, escaped};

/// The whole page.
pub(super) fn page(lines: &[CoverageLine]) -> String {
    let mut html = html::begin("Magistrate coverage");
    html.push_str(&figures(lines));
    if lines.is_empty() {
        html.push_str("<p>Nothing was seen yet.</p>");
    }
    for block in blocks(lines) {
        let _ = write!(
            html,
            "<h2>{}</h2><table class=\"matrix\"><tr><th>Path<th>State<th>Configured<th>Telemetry<th>Flow<th>Decrypted<th>Judged<th>Last seen<th>Version<th>Stale<th>Missing</tr>",
            escaped(&title(&block))
        );
        for line in &block.lines {
            row(line, &mut html);
        }
        html.push_str("</table>");
    }
    html.push_str(&blind_spots());
    html.push_str(html::END);
    html
}

/// What neither telemetry nor a proxy shows, as a table.
pub(crate) fn blind_spots() -> String {
    let mut html =
        String::from("<h2>What cannot be seen here</h2><table><tr><th>Path<th>What<th>Label</tr>");
    for one in BLIND_SPOTS {
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}</tr>",
            escaped(one.path),
            escaped(one.what),
            escaped(one.label)
        );
    }
    html.push_str("</table>");
    html
}

/// Devices with their clients, groups, and how many of all paths are red or stale.
fn figures(lines: &[CoverageLine]) -> String {
    let count = |fits: &dyn Fn(&CoverageLine) -> bool| {
        let fitting = lines.iter().filter(|line| fits(line));
        fitting.count() as u64
    };
    html::figures(&[
        ("clients and groups", blocks(lines).count() as u64),
        ("red paths", count(&|line| line.state == CoverageState::Red)),
        (
            "stale paths",
            count(&|line| line.stale && line.state != CoverageState::Past),
        ),
    ])
}

fn row(line: &CoverageLine, html: &mut String) {
    let state = line.state.name();
    let [telemetry, flow, decrypted, judged, last] = times(line);
    let (mark, stale) = match line.stale {
        true => (" class=\"stale\"", "stale"),
        false => ("", "-"),
    };
    let _ = write!(
        html,
        "<tr class=\"{state}\"><td>{}<td><span class=\"{state}\">{state}</span><td>{}<td>{telemetry}<td>{flow}<td>{decrypted}<td>{judged}<td>{last}<td>{}<td{mark}>{stale}<td>{}</tr>",
        escaped(&line.seen.path),
        configured(line),
        escaped(&line.seen.version),
        escaped(&missing(line)),
    );
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::{CoverageConfig, PathSeen, coverage_report};

    use super::*;

    const HOUR: u32 = 3_600;

    fn row(device: &str, version: &str, path: &str, telemetry: u32) -> PathSeen {
        PathSeen {
            subject: "ana@example.com".into(),
            device: device.into(),
            product: "cowork".into(),
            version: version.into(),
            path: path.into(),
            telemetry,
            ..PathSeen::default()
        }
    }

    fn page_of(rows: Vec<PathSeen>) -> String {
        page(&coverage_report(
            rows,
            &CoverageConfig::default(),
            24 * HOUR,
        ))
    }

    #[test]
    fn the_path_that_fell_silent_is_the_red_one() {
        let html = page_of(vec![
            row("fin-1", "2", "native_loop", 130 * HOUR),
            row("fin-1", "2", "browser", 100 * HOUR),
            row("fin-1", "1", "browser", 90 * HOUR),
        ]);
        let rows: Vec<&str> = html.split("<tr class=").skip(1).collect();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row.starts_with("\"red\""))
            .collect();
        assert_eq!(red.len(), 1, "{html}");
        assert!(red[0].contains("<td>browser") && red[0].contains("<td class=\"stale\">stale"));
        assert!(red[0].contains("<td>1970-01-05 04:00<td>-<td>-<td>-<td>1970-01-05 04:00<td>2"));
        assert!(html.contains("<b>1</b>red paths"));
        // Of the replaced version only what was seen.
        assert_eq!(rows.len(), 8);
        assert!(
            html.contains("<td>computer_use<td>screenshots taken<td>endpoint telemetry required")
        );
        assert!(rows[7].starts_with("\"past\""));
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        let evil = "<script>alert(1)</script>\u{202e}";
        let html = page_of(vec![PathSeen {
            subject: evil.into(),
            product: evil.into(),
            ..row(evil, evil, "native_loop", HOUR)
        }]);
        assert!(!html.contains("<script") && !html.contains('\u{202e}'));
        assert!(html.contains("&lt;script&gt;"));
        assert!(!html.contains("http"), "nothing comes from elsewhere");
    }

    #[test]
    fn nothing_makes_a_page_too() {
        assert!(page(&[]).contains("Nothing was seen yet."));
    }
}
