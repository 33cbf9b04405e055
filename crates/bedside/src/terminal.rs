//! What the program says to a person at a terminal. The only place that prints.

use crate::doctor::Level;
use fast_qr::qr::QRBuilder;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// Standard output for people and scripts.
pub struct Terminal {
    bold: bool,
    colour: bool,
}

impl Terminal {
    /// Looks whether somebody is watching.
    #[must_use]
    pub fn new() -> Self {
        // https://no-color.org: any value but an empty one.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let bold = stdout().is_terminal();
        Self { bold, colour: bold && !plain }
    }

    /// One line. A closed pipe is not an error of ours.
    pub fn line(&mut self, text: &str) {
        let _ = writeln!(stdout(), "{text}");
    }

    /// A heading.
    pub fn title(&mut self, text: &str) {
        if self.bold {
            self.line(&format!("\x1b[1m{text}\x1b[0m"));
        } else {
            self.line(text);
        }
    }

    /// An address to open.
    pub fn address(&mut self, url: &str) {
        self.line(&format!("   {url}"));
    }

    /// One finding of an examination: how grave, what was looked at, what was seen, what to do.
    pub fn finding(&mut self, level: Level, about: &str, says: &str, fix: Option<&str>) {
        let word = format!("{:<12}", level.word());
        let word = match (self.colour, level) {
            (false, _) => word,
            (true, Level::Ok) => format!("\x1b[32m{word}\x1b[0m"),
            (true, Level::NotChecked) => format!("\x1b[2m{word}\x1b[0m"),
            (true, Level::Warning) => format!("\x1b[33m{word}\x1b[0m"),
            (true, Level::Failed) => format!("\x1b[31m{word}\x1b[0m"),
        };
        self.line(&format!("{word}{about:<12}{says}"));
        if let Some(fix) = fix {
            self.line(&format!("{:24}→ {fix}", ""));
        }
    }

    /// A QR code in half blocks.
    pub fn qr(&mut self, text: &str) {
        if let Ok(code) = QRBuilder::new(text).build() {
            for row in code.to_str().lines() {
                self.line(&format!("   {row}"));
            }
        }
    }

    /// A progress bar on standard error, if somebody is watching.
    pub fn progress(&self, step: bench::Step) {
        if !stderr().is_terminal() {
            return;
        }
        let mut err = stderr();
        let _ = match step.done.checked_mul(30).and_then(|n| n.checked_div(step.total)) {
            Some(n) => {
                let filled = usize::try_from(n.min(30)).unwrap_or(30);
                let bar = format!("{}{}", "█".repeat(filled), "░".repeat(30 - filled));
                write!(err, "\r\x1b[K{bar} {}", step.what)
            }
            None => write!(err, "\r\x1b[K{}…", step.what),
        };
        let _ = err.flush();
    }

    /// Takes the progress bar away.
    pub fn progress_end(&self) {
        if stderr().is_terminal() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
