//! Which version of each consent text is in force. The texts themselves are in the web app's
//! catalogues under the same names, in every language.

use visit::Purpose;

/// The version that the page shows now.
#[must_use]
pub const fn current(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Visit => "visit-2026-11",
        Purpose::Recording => "recording-2026-11",
        Purpose::Captions => "captions-2026-11",
    }
}

/// Whether a page may answer to this version. An older page may still show the one before; there is
/// none yet.
#[must_use]
pub fn is_known(purpose: Purpose, version: &str) -> bool {
    version == current(purpose)
}
