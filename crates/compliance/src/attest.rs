//! The word of a person about a control that no program can look at, or that does not apply here.

use crate::catalogue::{Control, control};
use serde::{Deserialize, Serialize};
use visit::{Duration, Timestamp};

/// The most characters of a text.
const MAX_TEXT_CHARS: usize = 2_000;
/// The fewest: a word that says something.
const MIN_TEXT_CHARS: usize = 10;

/// What somebody said about one control.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Which.
    pub control: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was done, and where the paper is; or why it does not apply.
    pub text: String,
    /// It does not apply here.
    #[serde(default)]
    pub not_applicable: bool,
}

/// Why a word cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAttestation {
    /// There is no such control.
    #[error("there is no control of this name; `compliance report` lists them")]
    NoSuchControl,
    /// A program looks at it, and its answer counts.
    #[error("a program looks at this control by itself; nobody's word stands in for that")]
    Probed,
    /// Too short or too long.
    #[error(
        "say what was done and where it is written, in {MIN_TEXT_CHARS} to {MAX_TEXT_CHARS} characters"
    )]
    Text,
    /// Nobody says so.
    #[error("say who says so")]
    By,
}

impl Attestation {
    /// Takes somebody's word.
    ///
    /// # Errors
    /// [`BadAttestation`].
    pub fn new(
        id: &str,
        by: &str,
        text: &str,
        not_applicable: bool,
        at: Timestamp,
    ) -> Result<Self, BadAttestation> {
        let (by, text) = (by.trim(), text.trim());
        let control = control(id).ok_or(BadAttestation::NoSuchControl)?;
        // "Does not apply" is a reason that a program cannot know, also where it looks.
        if control.word_holds_days == 0 && !not_applicable {
            return Err(BadAttestation::Probed);
        }
        if by.is_empty() || by.chars().count() > 200 || by.chars().any(char::is_control) {
            return Err(BadAttestation::By);
        }
        if !(MIN_TEXT_CHARS..=MAX_TEXT_CHARS).contains(&text.chars().count()) {
            return Err(BadAttestation::Text);
        }
        let (by, text) = (by.to_owned(), text.to_owned());
        Ok(Self { control: id.to_owned(), by, at, text, not_applicable })
    }

    /// Until when it holds. That something does not apply is asked again every year.
    #[must_use]
    pub fn holds_until(&self, control: &Control) -> Timestamp {
        let days = if self.not_applicable { 365 } else { control.word_holds_days };
        self.at.plus(Duration::from_days(days.into()))
    }
}

/// All that was said, oldest first. Nothing is taken back: what is said later counts.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attestations(pub Vec<Attestation>);

impl Attestations {
    /// What was said last about a control.
    #[must_use]
    pub fn latest(&self, id: &str) -> Option<&Attestation> {
        self.0.iter().rev().find(|a| a.control == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_348_800_000_000);
    const TEXT: &str = "Done on 3 May, folder 12";

    #[test]
    fn a_word_needs_a_control_a_person_and_a_text() {
        let new = |id, by, text| Attestation::new(id, by, text, false, NOW).err();
        assert_eq!(new("training", "Olga", TEXT), None);
        assert_eq!(new("nothing", "Olga", TEXT), Some(BadAttestation::NoSuchControl));
        assert_eq!(new("training", " ", TEXT), Some(BadAttestation::By));
        assert_eq!(new("training", "a\nb", TEXT), Some(BadAttestation::By));
        assert_eq!(new("training", "Olga", " done    "), Some(BadAttestation::Text));
        assert_eq!(new("training", "Olga", &"x".repeat(2_001)), Some(BadAttestation::Text));
    }

    #[test]
    fn nobodys_word_stands_in_for_a_probe_but_it_may_not_apply() {
        let new = |not| Attestation::new("second-factor", "Olga", TEXT, not, NOW);
        assert_eq!(new(false).err(), Some(BadAttestation::Probed));
        assert!(new(true).is_ok());
    }

    #[test]
    fn the_last_word_counts() {
        let word = |text: &str| Attestation::new("training", "Olga", text, false, NOW);
        let all = Attestations(
            ["the first word", "the second word"].iter().flat_map(|t| word(t)).collect(),
        );
        assert_eq!(all.latest("training").map(|a| a.text.as_str()), Some("the second word"));
        assert!(all.latest("backup").is_none());
    }
}
