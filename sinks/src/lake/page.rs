//! The documentation of the stored columns, made from the columns themselves.

use std::fmt::Write as _;

use magistrate_event::{Class, Field, Kind, Scope};

use super::schema::{Origin, SCHEMA_VERSION};

/// How a kind of column is called in the documentation and in the golden file.
const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::TextList => "list<string>",
        Kind::Int => "int32",
        Kind::Long => "int64",
        Kind::Double => "double",
        Kind::Bool => "boolean",
        Kind::Time => "timestamp[us, UTC]",
        Kind::Json => "json (string)",
    }
}

/// The schema for machines: every table with its columns, as JSON, in the order of the file.
pub fn schema_json() -> String {
    let mut out = format!("{{\n  \"version\": {SCHEMA_VERSION},\n  \"tables\": {{\n");
    for (index, class) in Class::ALL.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ",\n" });
        let columns: Vec<String> = in_file_order(class)
            .map(|origin| {
                let required = if origin.is_nullable() {
                    ""
                } else {
                    " required"
                };
                format!(
                    "      \"{}\": \"{}{required}\"",
                    origin.path(),
                    type_name(origin.kind())
                )
            })
            .collect();
        push(
            &mut out,
            format_args!(
                "    \"{}\": {{\n{}\n    }}",
                class.name(),
                columns.join(",\n")
            ),
        );
    }
    out.push_str("\n  }\n}\n");
    out
}

/// The schema for people: a Markdown page.
pub fn schema_page() -> String {
    let mut out = String::new();
    push(
        &mut out,
        format_args!("# Stored columns, version {SCHEMA_VERSION}\n\n"),
    );
    out.push_str(INTRODUCTION);
    out.push_str("\n## Tables\n\n| table | `class_uid` | structs and columns beside those of every table |\n|---|---|---|\n");
    for class in Class::ALL {
        let number = class
            .class_uid()
            .map_or_else(|| "–".to_owned(), |number| number.to_string());
        let special = special_names(class);
        push(
            &mut out,
            format_args!("| `{}` | {number} | {special} |\n", class.name()),
        );
    }
    for group in GROUPS {
        push(&mut out, format_args!("\n## {}\n\n", group.title));
        out.push_str("| column | type | null | meaning |\n|---|---|---|---|\n");
        for origin in in_file_order(group.example).filter(|origin| group.holds(*origin)) {
            let null = if origin.is_nullable() { "yes" } else { "no" };
            push(
                &mut out,
                format_args!(
                    "| `{}` | {} | {null} | {} |\n",
                    origin.path(),
                    type_name(origin.kind()),
                    origin.doc().replace('|', "\\|")
                ),
            );
        }
    }
    out
}

const INTRODUCTION: &str = "\
This page is made from the program's own list of columns; a test keeps it so.

A column with dots in its name lies in nested structs. Structs are never null, their columns may
be. A struct has the same columns in every table that has it. Times are UTC, to the microsecond.
A value whose type does not fit its column without loss is kept under `unmapped`, by its dotted
name.
";

/// Columns that the same tables have.
struct Group {
    title: &'static str,
    /// A table that has them.
    example: Class,
    scope: Scope,
}

const GROUPS: [Group; 9] = [
    Group {
        title: "Every table",
        example: Class::Metric,
        scope: Scope::Every,
    },
    Group {
        title: "Every OCSF class (all but `metric` and `span`)",
        example: Class::BaseEvent,
        scope: Scope::Event,
    },
    Group {
        title: "`http_activity`, `network_activity` and `dns_activity`",
        example: Class::HttpActivity,
        scope: Scope::Network,
    },
    Group {
        title: "`dns_activity`",
        example: Class::DnsActivity,
        scope: Scope::Dns,
    },
    Group {
        title: "`authentication`",
        example: Class::Authentication,
        scope: Scope::Authentication,
    },
    Group {
        title: "`application_lifecycle`",
        example: Class::ApplicationLifecycle,
        scope: Scope::Lifecycle,
    },
    Group {
        title: "`detection_finding` and `data_security_finding`",
        example: Class::DetectionFinding,
        scope: Scope::Finding,
    },
    Group {
        title: "`metric`",
        example: Class::Metric,
        scope: Scope::Metric,
    },
    Group {
        title: "`span`",
        example: Class::Span,
        scope: Scope::Span,
    },
];

impl Group {
    fn holds(&self, origin: Origin) -> bool {
        scope_of(origin) == self.scope
    }
}

/// A derived column is in every table, or in every OCSF class.
fn scope_of(origin: Origin) -> Scope {
    match origin {
        Origin::Field(field) => field.scope(),
        Origin::Derived(_) => {
            let in_metrics = Origin::all_of(Class::Metric).any(|other| other == origin);
            if in_metrics {
                Scope::Every
            } else {
                Scope::Event
            }
        }
    }
}

/// The top-level names that only some tables have.
fn special_names(class: Class) -> String {
    let mut names: Vec<&str> = Vec::new();
    for field in Field::ALL.iter().filter(|field| field.is_in(class)) {
        let name = field.path().split('.').next().unwrap_or_default();
        let is_special = !matches!(field.scope(), Scope::Every | Scope::Event);
        if is_special && !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The columns of a table, those of one struct together.
fn in_file_order(class: Class) -> impl Iterator<Item = Origin> {
    super::schema::Layout::new(class)
        .map(|layout| layout.leaves)
        .unwrap_or_default()
        .into_iter()
        .map(|leaf| leaf.origin)
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a `String` cannot fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Compares a file of the repository with what the program says, or writes it when the
    /// environment variable `MAGISTRATE_BLESS` is set.
    fn assert_file(path: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        if std::env::var_os("MAGISTRATE_BLESS").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == text,
            "{} is not what the program's columns say.\n\
             Stored files outlive a release: if a column was added, removed, renamed or retyped, \
             raise SCHEMA_VERSION and say so in CHANGELOG.md. Then write the pages anew with\n  \
             MAGISTRATE_BLESS=1 cargo test -p magistrate-sinks page::",
            path.display()
        );
    }

    #[test]
    fn the_schema_page_is_up_to_date() {
        assert_file(&format!("docs/schema/{SCHEMA_VERSION}.md"), &schema_page());
    }

    #[test]
    fn the_golden_schema_is_up_to_date() {
        assert_file(
            &format!("docs/schema/{SCHEMA_VERSION}.json"),
            &schema_json(),
        );
    }

    #[test]
    fn the_golden_schema_is_json() {
        let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
        assert_eq!(
            schema["tables"]["metric"]["time"],
            "timestamp[us, UTC] required"
        );
        assert_eq!(
            schema["tables"].as_object().unwrap().len(),
            Class::ALL.len()
        );
    }

    #[test]
    fn the_page_shows_every_column() {
        let page = schema_page();
        for class in Class::ALL {
            for origin in in_file_order(class) {
                assert!(
                    page.contains(&format!("| `{}` |", origin.path())),
                    "{}",
                    origin.path()
                );
            }
        }
    }
}
