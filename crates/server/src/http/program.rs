//! What a browser calls itself, in a few words.
//!
//! For the audit log only: nothing is decided by it, since anybody can send anything.

/// Marks of browsers in the order in which they are looked for: many name others beside themselves.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Marks of systems, in the same way.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// Browser with its first number, and system: `Firefox 128 on Windows`. What is not known stays as it was
/// sent; whoever keeps it cuts it.
pub fn program_of(agent: &str) -> String {
    let browser = BROWSERS.iter().find_map(|(mark, name)| {
        let (_, rest) = agent.split_once(mark)?;
        let version: String = rest.chars().take(4).take_while(char::is_ascii_digit).collect();
        Some(format!("{name} {version}").trim_end().to_owned())
    });
    let system = SYSTEMS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser,
        (None, _) => agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::program_of;

    #[test]
    fn browsers_are_told_apart_by_what_they_send() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (sent, said) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(),
                "Firefox 128 on Linux",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/131.0.0.0 Safari/537.36"),
                "Chrome 131 on Windows",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/131.0 Safari/5 Edg/131.0"),
                "Edge 131 on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604"
                    .to_owned(),
                "Safari 18 on iOS",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 14) {webkit} SamsungBrowser/26.0 Chrome/122"),
                "Samsung Internet 26 on Android",
            ),
            ("Firefox/".to_owned(), "Firefox"),
            ("curl/8.14.1".to_owned(), "curl/8.14.1"),
            (String::new(), ""),
        ] {
            assert_eq!(program_of(&sent), said);
        }
        assert_eq!(program_of("Chrome/123456789"), "Chrome 1234");
    }
}
