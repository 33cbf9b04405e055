//! The web app, embedded at build time.

use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/app/dist"]
struct Dist;

/// The embedded web app.
pub struct WebApp;

impl server::Assets for WebApp {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        Dist::get(path).map(|file| file.data)
    }
}

/// Whether the web app was built before the program.
#[must_use]
pub fn is_complete() -> bool {
    ["patient.html", "clinic.html"].into_iter().all(|page| Dist::get(page).is_some())
}
