//! Which styles keep text from being seen, and of which colour what stands behind it is.

mod colour;
mod sheet;
mod size;

use colour::Colour;
pub(super) use colour::Ground;
pub(super) use sheet::Sheet;
use size::{is_far, is_nothing, is_tiny, number};

/// Up to here nothing is seen.
const MAX_OPACITY: f64 = 0.05;

/// What a style does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether text in it is not seen.
    pub(super) is_hidden: bool,
    /// What stands behind the text.
    pub(super) ground: Ground,
}

/// What the declarations of `style` do to text that stands before `behind`.
pub(super) fn look(style: &str, behind: Ground) -> Look {
    let mut ground = behind;
    let (mut is_hidden, mut is_clipped, mut is_without_size) = (false, false, false);
    let mut colour = None;
    for (name, value) in declarations(style) {
        match name.as_str() {
            "background" | "background-color" => ground = Ground::of(&value).unwrap_or(ground),
            "color" | "-webkit-text-fill-color" => colour = Colour::named(&value).or(colour),
            "overflow" | "overflow-x" | "overflow-y" => {
                is_clipped |= matches!(value.as_str(), "hidden" | "clip");
            }
            "width" | "height" | "max-width" | "max-height" => {
                is_without_size |= is_nothing(&value)
            }
            name => is_hidden |= hides(name, &value),
        }
    }
    Look {
        is_hidden: is_hidden
            || (is_clipped && is_without_size)
            || colour.is_some_and(|colour| ground.swallows(colour)),
        ground,
    }
}

/// The declarations of a style, in lower case.
fn declarations(style: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = style.split(';').filter_map(|one| one.split_once(':'));
    pairs.map(|(name, value)| {
        let value = value.to_ascii_lowercase().replace("!important", "");
        (name.trim().to_ascii_lowercase(), value.trim().to_owned())
    })
}

/// Whether one declaration is enough.
fn hides(name: &str, value: &str) -> bool {
    match name {
        "display" => value == "none",
        "visibility" => matches!(value, "hidden" | "collapse"),
        "content-visibility" => value == "hidden",
        "opacity" => number(value).is_some_and(|(size, unit)| {
            let share = if unit == "%" { size / 100.0 } else { size };
            share <= MAX_OPACITY
        }),
        "font-size" => is_tiny(value),
        "font" => value.split([' ', '/']).any(is_tiny),
        "clip" => value.starts_with("rect(0") || value.starts_with("rect(1px"),
        "clip-path" => ["inset(50%", "inset(100%", "circle(0"]
            .iter()
            .any(|one| value.starts_with(one)),
        "transform" => transformed_away(value),
        "text-indent" | "left" | "right" | "top" | "bottom" | "inset" | "margin"
        | "margin-left" | "margin-right" | "margin-top" | "margin-bottom" => {
            value.split(' ').any(is_far)
        }
        _ => false,
    }
}

fn transformed_away(value: &str) -> bool {
    let mut steps = value.split(')').filter_map(|step| step.split_once('('));
    steps.any(|(name, numbers)| {
        let mut numbers = numbers.split(',').map(str::trim);
        if name.trim().starts_with("scale") {
            numbers.any(|one| number(one).is_some_and(|(size, _)| size == 0.0))
        } else {
            name.trim().starts_with("translate") && numbers.any(is_far)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_hidden() {
        for style in [
            "display:none",
            "Display : NONE !important",
            "visibility:hidden",
            "opacity:0",
            "opacity: .01",
            "opacity:1%",
            "font-size:0",
            "font-size: 1px",
            "font:0/0 a",
            "position:absolute;left:-9999px",
            "text-indent:-100em",
            "margin:0 0 0 -5000px",
            "transform:translateX(-9999px)",
            "transform: scale(0)",
            "clip:rect(0,0,0,0)",
            "clip-path: inset(100%)",
            "width:0;height:0;overflow:hidden",
            "color:#fff",
            "color:WHITE;background:#FEFEFE",
            "color:rgb(0,0,0);background-color:#000",
            "color:rgba(0,0,0,0)",
            "color:transparent",
        ] {
            assert!(look(style, Ground::PAGE).is_hidden, "{style}");
        }
    }

    #[test]
    fn what_is_seen_is_not() {
        for style in [
            "",
            "display:block",
            "color:#333",
            "color:#fff;background:#007bff",
            "color:#fff;background:url(a.png)",
            "background:#fff",
            "opacity:.5",
            "font-size:12px",
            "font:400 12px/1.5 Arial",
            "left:-2px",
            "width:0",
            "transform:scale(.5) translate(-50%,-50%)",
            "margin:0 auto",
        ] {
            assert!(!look(style, Ground::PAGE).is_hidden, "{style}");
        }
        let dark = look("background:#222", Ground::PAGE).ground;
        assert!(!look("color:white", dark).is_hidden);
        assert!(look("color:#202020", dark).is_hidden);
    }
}
