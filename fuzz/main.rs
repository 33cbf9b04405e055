//! Hands the fuzzer's bytes to the target that `FUZZ_TARGET` names. One program for all targets, so
//! that they are built once. See `scripts/fuzz.sh`.
#![no_main]

use std::sync::OnceLock;

use fuzzing::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| (target().run)(data));

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        fuzzing::find(&name).unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {name:?}"))
    })
}
