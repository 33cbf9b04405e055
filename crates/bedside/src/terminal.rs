//! What the program says to a person at a terminal. The only place that prints.

use fast_qr::qr::QRBuilder;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// Standard output for people and scripts.
pub struct Terminal {
    bold: bool,
}

impl Terminal {
    /// Looks whether somebody is watching.
    #[must_use]
    pub fn new() -> Self {
        Self { bold: stdout().is_terminal() }
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
