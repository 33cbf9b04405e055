//! OWASP ASVS 5.0.0 chapter V17, WebRTC, section by section.

use crate::catalogue::{Control, Current, Probe};

/// How long the word of a person holds that a release's suite of attacks was run: until the next release,
/// or for a quarter of a year.
const SUITE_DAYS: u32 = 92;

const fn media(
    id: &'static str,
    title: &'static str,
    asvs: &'static [&'static str],
    does: &'static str,
    probes: &'static [Probe],
) -> Control {
    let word_holds_days = if probes.is_empty() { SUITE_DAYS } else { 0 };
    let hipaa = ("", Current::NotNamed);
    Control { id, title, hipaa, proposed: "", asvs, also: &[], does, probes, word_holds_days }
}

/// The twelve sections.
pub(crate) const MEDIA: [&Control; 12] = [
    &media(
        "relay-reach",
        "The relay reaches no special address",
        &["17.1.1"],
        "Closed: the own forwarding unit and relayed addresses of the same visit, in memory, and nothing else.",
        &[Probe::RelayClosed],
    ),
    &media(
        "relay-quota",
        "Nobody uses up the relay",
        &["17.1.2"],
        "Quotas per seat, visit, address and node; no port range to exhaust. Test: a_million_strangers_leave_nothing_behind.",
        &[],
    ),
    &media(
        "dtls-keys",
        "Keys of the media server are managed",
        &["17.2.1"],
        "A certificate per transport, made in memory and gone with it.",
        &[],
    ),
    &media(
        "srtp-ciphers",
        "Strong ciphers for media",
        &["17.2.2"],
        "DTLS 1.2 with AES-GCM; the browser tests assert the cipher of real calls.",
        &[Probe::Dtls],
    ),
    &media(
        "srtp-authentic",
        "Media without a valid tag is not taken",
        &["17.2.3"],
        "Every packet is authenticated before it is looked at.",
        &[],
    ),
    &media(
        "srtp-malformed",
        "Malformed media ends no call",
        &["17.2.4"],
        "Tests: malformed_padding_is_survived, oversized_and_cut_header_extensions_are_survived, and the fuzz targets.",
        &[],
    ),
    &media(
        "srtp-flood",
        "A flood from a participant is survived",
        &["17.2.5"],
        "Test: a_hundred_thousand_bad_tags_from_the_callers_own_address_cost_nothing.",
        &[],
    ),
    &media(
        "dtls-race",
        "Foreign hellos hinder no call",
        &["17.2.6"],
        "Test: ten_thousand_off_path_hellos_hinder_no_call.",
        &[],
    ),
    &media(
        "recording-flood",
        "Recording survives a flood",
        &["17.2.7"],
        "Not applicable until this release records; say so with `compliance attest`.",
        &[],
    ),
    &media(
        "dtls-fingerprint",
        "Certificates are checked against the signalling",
        &["17.2.8"],
        "A fingerprint that does not fit ends the transport.",
        &[],
    ),
    &media(
        "signalling-flood",
        "Floods of signalling are survived",
        &["17.3.1"],
        "Rates per socket and network. Test: two_hundred_messages_at_once_are_too_fast.",
        &[],
    ),
    &media(
        "signalling-malformed",
        "Malformed signalling is survived",
        &["17.3.2"],
        "Strict shapes and sizes. Tests: a_thousand_bombs_leave_the_offer_open_and_the_others_alone, and the fuzz targets.",
        &[],
    ),
];
