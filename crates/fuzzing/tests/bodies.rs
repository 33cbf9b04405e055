//! No handler of the server takes a body that is not fuzzed.

#![allow(clippy::expect_used)]

use std::fs;
use std::path::Path;

#[test]
fn every_body_that_the_server_takes_is_fuzzed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fuzzed = fs::read_to_string(here.join("src/json.rs")).expect("the list");
    let mut names = Vec::new();
    for entry in fs::read_dir(here.join("../server/src/http")).expect("the handlers") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        let bodies = text.split(": Body<").skip(1).filter_map(|rest| rest.split_once('>'));
        names.extend(bodies.map(|(name, _)| name.rsplit(':').next().unwrap_or(name).to_owned()));
    }
    assert!(names.len() > 25, "bodies are written in another way: {}", names.len());
    for name in names {
        assert!(fuzzed.contains(&format!("::{name}>,")), "{name} is not in BODIES");
    }
}
