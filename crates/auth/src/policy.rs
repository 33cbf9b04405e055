//! Which new passwords are good enough. Length is what counts (NIST SP 800-63B §3.1.1.2), so there
//! are no rules about kinds of characters; what is refused are the few patterns that guessing
//! programs try first.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Fewest characters.
pub const MIN_CHARS: usize = 12;
/// Most characters.
pub const MAX_CHARS: usize = 128;
/// A password needs at least this many different characters.
const MIN_DIFFERENT: usize = 5;

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than 12 characters.
    #[error("use at least 12 characters")]
    TooShort,
    /// More than 128 characters.
    #[error("use at most 128 characters")]
    TooLong,
    /// Made of common words, digits only, or a short piece repeated.
    #[error("this is among the first passwords that are guessed; add a few unrelated words")]
    TooCommon,
    /// The person's own name or e-mail address.
    #[error("do not use your own name or e-mail address")]
    IsOwnName,
}

impl WeakPassword {
    /// A stable code for pages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::TooCommon => "too_common",
            Self::IsOwnName => "is_own_name",
        }
    }
}

/// Judges a new password of the person with this name and e-mail address.
///
/// # Errors
/// The first reason against it.
pub fn check_new(password: &str, name: &str, email: &str) -> Result<(), WeakPassword> {
    // Counted only as far as needed: the text comes from outside and may be long.
    let chars = password.chars().take(MAX_CHARS + 1).count();
    if chars < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if chars > MAX_CHARS {
        return Err(WeakPassword::TooLong);
    }
    if is_own_name(password, name, email) {
        return Err(WeakPassword::IsOwnName);
    }
    if is_common(password) { Err(WeakPassword::TooCommon) } else { Ok(()) }
}

fn is_own_name(password: &str, name: &str, email: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let password = plain(password);
    let core = password.trim_matches(|c: char| c.is_ascii_digit());
    let reversed_name = name.split_whitespace().rev().collect::<String>();
    let local_part = email.split('@').next().unwrap_or_default();
    [name, reversed_name.as_str(), email, local_part]
        .into_iter()
        .map(plain)
        .filter(|own| own.chars().count() >= 4)
        .any(|own| own == password || own == core)
}

fn is_common(password: &str) -> bool {
    let lower: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let different: HashSet<char> = lower.iter().copied().collect();
    if different.len() < MIN_DIFFERENT || is_repetition(&lower) {
        return true;
    }
    if lower.iter().all(|c| !c.is_alphabetic() && c.is_ascii()) {
        return true;
    }
    // Two readings: with digits and signs thrown away, and with them read as the letters that they
    // stand for, but for those in front and behind.
    let letters: String = lower.iter().filter(|c| c.is_alphabetic()).map(|&c| fold(c)).collect();
    let text: String = lower.iter().collect();
    let inner = text.trim_matches(|c: char| !c.is_alphabetic());
    let disguised: String = inner.chars().map(fold).filter(|c| c.is_alphabetic()).collect();
    is_one_or_two_words(&letters) || is_one_or_two_words(&disguised)
}

/// `abcabcabcabc`: one piece, at least twice and with nothing left over.
fn is_repetition(chars: &[char]) -> bool {
    (1..=chars.len() / 2)
        .filter(|period| chars.len().is_multiple_of(*period))
        .any(|period| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b))
}

fn is_one_or_two_words(text: &str) -> bool {
    WORDS.contains(text)
        || text.char_indices().skip(1).any(|(i, _)| {
            let (first, second) = text.split_at(i);
            WORDS.contains(first) && WORDS.contains(second)
        })
}

/// Reads the signs that stand for letters. `l` becomes `i`, because `1` stands for both; the list
/// is folded in the same way.
const fn fold(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'l' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

static WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    include_str!("../data/common_words.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|word| word.chars().map(fold).collect())
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), WeakPassword> {
        check_new(password, "Ana María Castro", "ana.castro@example.org")
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("ab3dé7kpxwq"), Err(WeakPassword::TooShort));
        assert_eq!(check("ab3dé7kpxwqz"), Ok(()));
        let long: String = "xq7 zk2 ".chars().cycle().take(127).chain(['m']).collect();
        assert_eq!(check(&long), Ok(()));
        assert_eq!(check(&format!("{long}n")), Err(WeakPassword::TooLong));
        assert_eq!(check(&"x".repeat(1 << 20)), Err(WeakPassword::TooLong));
        assert_eq!(check(""), Err(WeakPassword::TooShort));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for password in [
            "password1234!",
            "P@ssw0rd2024!!",
            "passwordpassword",
            "Passw0rd!Passw0rd!",
            "123456789012",
            "2024-01-01 2025",
            "aaaaaaaaaaaaaaa",
            "abababababab",
            "qwertyuiop123",
            "QwertyAsdfgh1!",
            "1l0vey0uforever",
            "Welcome-Hospital-7",
            "letmein!letmein!",
            "abcdefghijkl1",
            "********************",
            "Summer2026!!!!!",
        ] {
            assert_eq!(check(password), Err(WeakPassword::TooCommon), "{password}");
        }
    }

    #[test]
    fn sound_passwords_pass() {
        for password in [
            "correct horse battery staple",
            "lighthouse-teaspoon",
            "h7#kQ2!mZx9w",
            "mi perro come tornillos",
            "blue tuesday kettle",
            "это-длинный-пароль",
            "ｐａｓｓ ｗｏｒｄ　ｘｙｚ",
        ] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn ones_own_name_and_address_are_refused() {
        for password in [
            "ana.castro@example.org",
            "Ana María Castro",
            "anamaríacastro",
            "castro maría ana 1975",
            "AnaCastro2024!",
        ] {
            assert_eq!(check(password), Err(WeakPassword::IsOwnName), "{password}");
        }
        // A short name alone must not forbid every password that is built around it.
        assert_eq!(check_new("li-marble-orchid", "Li", "li@example.org"), Ok(()));
        assert_eq!(check_new("marble-orchid-9", "", ""), Ok(()));
    }

    #[test]
    fn the_list_has_the_form_that_its_head_promises() {
        let text = include_str!("../data/common_words.txt");
        let words: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
        assert!(words.len() >= 200);
        for word in &words {
            assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
        }
    }
}
