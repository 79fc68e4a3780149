//! Shows how far a replay has come, where somebody is looking.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar over all files' bytes, with rate and time left; silent when piped.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts over `total` bytes.
    pub(crate) fn start(total: u64) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(5);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Names the file at hand.
    pub(crate) fn file(&self, name: &str) {
        self.bar.set_message(name.to_owned());
    }

    /// A function that counts bytes read.
    pub(crate) fn counter(&self) -> impl Fn(u64) + 'static {
        let bar = self.bar.clone();
        move |bytes| bar.inc(bytes)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shows that something is still being done; silent when piped.
pub(crate) fn waiting(for_what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(for_what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
