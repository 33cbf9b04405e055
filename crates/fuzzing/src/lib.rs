//! What must hold for any bytes that strangers send: one function per parser, called by the fuzzer
//! (`fuzz/`) and, with the committed corpus, by the tests of this crate.
//!
//! A function panics when its property does not hold. It says more than "no panic": that what was
//! accepted can be written back, that a limit was really kept, that nobody else was harmed. Nothing
//! here is part of the program.

#![allow(clippy::expect_used)]

mod files;
mod input;
mod invitation;
mod json;
mod key_service;
mod media;
mod notes;
mod relay;
mod room;
mod sealed;
mod sealed_files;
mod secrets;
mod sign_in;
mod stream;
mod tcp;

/// One thing that is fuzzed.
pub struct Target {
    /// Its name, also of its folder below `fuzz/corpus`.
    pub name: &'static str,
    /// Panics when the property does not hold for these bytes.
    pub run: fn(&[u8]),
    /// Longer inputs are not tried, bytes.
    pub max_bytes: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("client_message", json::client_message, 4_096),
    target("http_body", json::http_body, 2_048),
    target("datagram_kind", media::datagram_kind, 512),
    target("sdp_limits", media::sdp_limits, 16_384),
    target("video_payload", media::video_payload, 256),
    target("rewriter", stream::rewriter, 1_024),
    target("ice_tcp", tcp::ice_tcp, 1_024),
    target("sdp_answer", room::sdp_answer, 8_192),
    target("strangers", room::strangers, 4_096),
    target("participant", room::participant, 4_096),
    target("relay_strangers", relay::relay_strangers, 2_048),
    target("relay_guest", relay::relay_guest, 2_048),
    target("relay_stream", relay::relay_stream, 4_096),
    target("secrets", secrets::secrets, 512),
    target("cookies", secrets::cookies, 512),
    target("passkey", sign_in::passkey, 2_048),
    target("id_token", sign_in::id_token, 4_096),
    target("id_claims", sign_in::id_claims, 1_024),
    target("identity_provider", sign_in::provider, 4_096),
    target("invitation", invitation::invitation, 1_024),
    target("settings", files::settings, 4_096),
    target("settings_template", files::settings_template, 512),
    target("keyring", files::keyring, 1_024),
    target("key_service", key_service::key_service, 4_096),
    target("sealed_value", sealed::sealed_value, 512),
    target("sealed_file", sealed_files::sealed_file, 512),
    target("age_file", sealed_files::age_file, 2_048),
    target("audit_entry", sealed::audit_entry, 2_048),
    target("audit_chain", sealed::audit_chain, 256),
    target("signed_note", notes::signed_note, 2_048),
    target("witness", notes::witness, 512),
];

const fn target(name: &'static str, run: fn(&[u8]), max_bytes: usize) -> Target {
    Target { name, run, max_bytes }
}

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
