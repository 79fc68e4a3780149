//! Writes the page of log sources and field names that rules can use.

use std::fmt::Write as _;

use magistrate_event::Field;

use super::names::{LANGUAGE, Name, Origin};
use super::session_names::is_evidence;
use super::sigma_names::SIGMA;
use super::source::{CATEGORIES, PRODUCTS};

const HEAD: &str = "# Log sources and fields for rules

This page is made from the program's own tables; a test keeps it up to date. How rules are written and run: [detections.md](detections.md).

## Log sources

A rule runs on the events of its `logsource`; what it leaves out it does not ask for. A rule whose product or category is in neither table loads and never runs; `magistrate check` counts such rules.
`service` is the program that logged a syslog line.
";

/// The page, in Markdown.
pub fn detection_reference() -> String {
    let mut page = HEAD.to_owned();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing into a `String` cannot fail.
        let _ = page.write_fmt(text);
        page.push('\n');
    };
    line(format_args!("\n| product | events |\n|---|---|"));
    for (name, doc) in PRODUCTS {
        line(format_args!("| `{name}` | {doc} |"));
    }
    line(format_args!("\n| category | events |\n|---|---|"));
    for (name, doc) in CATEGORIES {
        line(format_args!("| `{name}` | {doc} |"));
    }
    line(format_args!(
        "\n## Fields of the rule language\n\n| field | from | meaning |\n|---|---|---|"
    ));
    for name in LANGUAGE {
        line(format_args!(
            "| `{}` | {} | {} |",
            name.name,
            origin(name),
            escaped(name.doc)
        ));
    }
    line(format_args!(
        "| `tool.arguments.NAME` | `magistrate.tool.arguments` | One argument of the call, where the client sent them whole. |"
    ));
    let evidence = LANGUAGE.iter().filter(|name| is_evidence(name.name));
    let evidence: Vec<_> = evidence.map(|name| format!("`{}`", name.name)).collect();
    line(format_args!(
        "\nEvidence, which may not stand under `not`, in a filter, or under `lt`: {}.",
        evidence.join(", ")
    ));
    line(format_args!(
        "\n## Sigma's fields\n\nWhere the column is empty, an attribute of that very name counts.\n\n| field | from | category |\n|---|---|---|"
    ));
    for name in SIGMA {
        line(format_args!(
            "| `{}` | {} | {} |",
            name.name,
            origin(name),
            name.doc
        ));
    }
    line(format_args!(
        "\n## Columns\n\nEvery stored column, by its dotted name. What has no column goes by the attribute's own name, such as `num_cancelled`.\n\n| field | meaning |\n|---|---|"
    ));
    for field in Field::ALL {
        line(format_args!(
            "| `{}` | {} |",
            field.path(),
            escaped(field.doc())
        ));
    }
    page
}

fn origin(name: &Name) -> String {
    match name.origin {
        Origin::Columns(columns) => {
            let paths: Vec<_> = columns
                .iter()
                .map(|field| format!("`{}`", field.path()))
                .collect();
            paths.join(", else ")
        }
        Origin::Derived(_) => "worked out".to_owned(),
        Origin::Session(_) => "the session's context".to_owned(),
        Origin::Models(_) => "the models".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/detection-fields.md");
        let page = detection_reference();
        if std::env::var_os("MAGISTRATE_BLESS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let stored = std::fs::read_to_string(path).unwrap();
        assert!(
            stored == page,
            "docs/detection-fields.md is stale: run this test with MAGISTRATE_BLESS=1"
        );
    }
}
