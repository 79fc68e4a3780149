//! What is loaded is found however it is written, and nothing of it can be read back.

use std::fmt::Write as _;

use super::*;

fn config(name: &str, columns: &[&str]) -> ListConfig {
    let columns = columns.join("\", \"");
    toml::from_str(&format!(
        "name = \"{name}\"\nfile = \"/lists/{name}.csv\"\ncolumns = [\"{columns}\"]"
    ))
    .unwrap()
}

fn builder() -> ListsBuilder {
    ListsBuilder::new(&RedactKey::from_bytes([9; 32]))
}

fn lists(csv: &str, columns: &[&str]) -> Lists {
    let mut builder = builder();
    builder
        .add(&config("customers", columns), csv.as_bytes())
        .unwrap();
    builder.finish()
}

fn found<'a>(lists: &Lists, text: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    lists.each(text, |span, _, _| {
        found.push(text.get(span.start()..span.end()).unwrap())
    });
    found
}

const CUSTOMERS: &str = "id,name,account,city\n\
    1,\"Müller, Anna\",AC-4711-0815,Berlin\n\
    2,Bob O'Neil,AC-4711-0816,Ulm\n\
    3,Anna Maria van der Berg of Someplace,AC-4711-0817,Rome\n\
    4,Globex Corporation,AC-4711-0818,Bonn\n";

#[test]
fn cells_are_found_whatever_their_case_and_punctuation() {
    let lists = lists(CUSTOMERS, &["name", "account"]);
    for (text, wanted) in [
        ("ask Müller, Anna.", vec!["Müller, Anna"]),
        ("ask MÜLLER ANNA!", vec!["MÜLLER ANNA"]),
        ("{\"a\":\"müller anna\"}", vec!["müller anna"]),
        ("Bob O’Neil", vec!["Bob O’Neil"]),
        (r"hi\nBob O'Neil\nbye", vec!["Bob O'Neil"]),
        ("ac 4711 0815", vec!["ac 4711 0815"]),
        ("AC47110815", vec![]),
        (
            "AC-4711-0815-1 and ac_4711_0816",
            vec!["AC-4711-0815", "ac_4711_0816"],
        ),
        (
            "Anna Maria van der Berg of Elsewhere",
            vec!["Anna Maria van der Berg of"],
        ),
        ("Bob Bob O'Neil", vec!["Bob O'Neil"]),
        (
            "globex corporation, Globex Corp",
            vec!["globex corporation"],
        ),
        ("Müller     Anna", vec![]),
        ("Müller\u{1e}Anna", vec![]),
        ("Müller Bob, Anna Neil", vec![]),
        ("Berlin", vec![]),
        ("Müllers Anna", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(found(&lists, text), wanted, "{text}");
    }
}

#[test]
fn the_longest_cell_wins_and_the_first_list_names_it() {
    let mut builder = builder();
    let first = config("first", &["n"]);
    let second = ListConfig {
        kind: Some("personal.name".to_owned()),
        ..config("second", &["n"])
    };
    builder.add(&first, &b"n\nAnna Silva\n"[..]).unwrap();
    builder
        .add(&second, &b"n\nAnna Silva Costa\nAnna Silva\nSilva\n"[..])
        .unwrap();
    let lists = builder.finish();
    let labels = |text: &str| {
        let mut labels = Vec::new();
        lists.each(text, |span, list, confidence| {
            let label = lists.label(list).unwrap();
            labels.push((
                span.len(),
                label.kind.to_owned(),
                label.id.to_owned(),
                confidence,
            ));
        });
        labels
    };
    let one = |len, kind: &str, id: &str, sure| vec![(len, kind.to_owned(), id.to_owned(), sure)];
    assert_eq!(
        labels("Anna Silva Costa"),
        one(16, "personal.name", "second", 90)
    );
    assert_eq!(
        labels("Anna Silva Melo"),
        one(10, "customer.first", "first", 90)
    );
    assert_eq!(labels("Ms Silva"), one(5, "personal.name", "second", 75));
}

#[test]
fn short_cells_are_counted_and_left_out() {
    let mut builder = builder();
    let loaded = builder.add(
        &config("a", &["n"]),
        &b"n\nBob\nAnna Silva\n\n\"\"\nANNA SILVA\n"[..],
    );
    let wanted = Loaded {
        cells: 1,
        short_cells: 1,
    };
    assert_eq!(loaded.unwrap(), wanted);
    assert_eq!(found(&builder.finish(), "Bob"), [""; 0]);
}

#[test]
fn faults_name_list_file_and_line_but_no_cell() {
    let long = format!("n\n{}\n", "x".repeat(1025));
    for (columns, csv, wanted) in [
        (
            ["nmae"],
            "name,account\n",
            "no column `nmae`; the header has `name`, `account`",
        ),
        (["n"], "", "no column `n`"),
        (["n"], "n\nBob\n", "line 2: no cell of 5 letters or more"),
        (
            ["n"],
            "n\nhunter2,x\n",
            "line 2: 2 cells where the header has 1",
        ),
        (
            ["n"],
            long.as_str(),
            "line 2: a cell of more than 1024 bytes",
        ),
    ] {
        let error = builder()
            .add(&config("a", &columns), csv.as_bytes())
            .unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(wanted), "{source}");
        assert!(!source.contains("hunter2"), "{source}");
        assert_eq!(
            error.to_string(),
            "cannot load list `a` from `/lists/a.csv`"
        );
    }
    let mut builder = builder();
    builder
        .add(&config("a", &["n"]), &b"n\nAnna Silva\n"[..])
        .unwrap();
    let twice = builder
        .add(&config("a", &["n"]), &b"n\nAnna Silva\n"[..])
        .unwrap_err();
    assert_eq!(
        twice.to_string(),
        "cannot use list `a`: another list has the same name"
    );
    for (key, value) in [
        ("name", "name = \"A b\""),
        ("columns", "columns = []"),
        ("min_length", "min_length = 2"),
        ("kind", "kind = \"Kind\""),
    ] {
        let mut table: toml::Table =
            toml::from_str("name=\"a\"\nfile=\"f\"\ncolumns=[\"n\"]").unwrap();
        table.extend(value.parse::<toml::Table>().unwrap());
        let config: ListConfig = table.try_into().unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_hundred_thousand_rows_take_about_twelve_bytes_each() {
    let mut csv = "name\n".to_owned();
    for row in 0..100_000 {
        writeln!(csv, "Person{} Family{row}", row % 700).unwrap();
    }
    let lists = lists(&csv, &["name"]);
    assert_eq!(found(&lists, "Dear Person3 Family3,"), ["Person3 Family3"]);
    assert_eq!(found(&lists, "Dear Person3 Family4,"), [""; 0]);
    assert_eq!(lists.starts.len(), 1 << 19);
    let shown = format!("{lists:?}");
    assert!(!shown.contains("Person3") && !shown.contains("person3"));
}

#[test]
fn hostile_text_is_taken() {
    let lists = lists("n\naaaaa bbbbb\naaaaa\n", &["n"]);
    for part in ["aaaaa ", "a", "aaaaa", "é", "\\n", "aaaaa\u{1e}", ",", "李"] {
        let text = part.repeat(200_000 / part.len());
        let _ = found(&lists, &text);
    }
}
