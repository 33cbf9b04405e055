//! Which version of each consent text is in force. The texts themselves are in the web app's
//! catalogues under the same names, in every language.

use visit::{DirectPolicy, Purpose};

/// The text of consent to the visit where everything goes through the server, or over the relay.
const VISIT: &str = "visit-2026-11";
/// The same where devices may talk directly and see each other's address.
const VISIT_DIRECT: &str = "visit-2026-11-direct";

/// Versions of the text of consent to the visit that say that an address may be seen.
pub const TELLS_OF_DIRECT: &[&str] = &[VISIT_DIRECT];

/// The version that the page shows now.
#[must_use]
pub const fn current(purpose: Purpose, direct: DirectPolicy) -> &'static str {
    match (purpose, direct) {
        (Purpose::Visit, DirectPolicy::Auto) => VISIT_DIRECT,
        (Purpose::Visit, DirectPolicy::Never | DirectPolicy::AlwaysRelay) => VISIT,
        (Purpose::Recording, _) => "recording-2026-11",
        (Purpose::Captions, _) => "captions-2026-11",
    }
}

/// Whether a page may answer to this version. A page that was open when the clinic changed its mind
/// about direct calls may still show the other text; what was agreed to is on record by its name.
#[must_use]
pub fn is_known(purpose: Purpose, version: &str) -> bool {
    DirectPolicy::ALL.into_iter().any(|policy| version == current(purpose, policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_tells_of_an_address_exactly_where_one_is_seen() {
        for policy in DirectPolicy::ALL {
            let text = current(Purpose::Visit, policy);
            assert_eq!(TELLS_OF_DIRECT.contains(&text), policy == DirectPolicy::Auto, "{policy:?}");
            assert!(is_known(Purpose::Visit, text));
        }
        assert!(!is_known(Purpose::Visit, "visit-2020-01"));
        assert!(!is_known(Purpose::Recording, VISIT));
    }
}
