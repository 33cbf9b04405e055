//! `web/sdk/src/protocol.ts` is generated from the Rust types. Run with `UPDATE_PROTOCOL=1` (or
//! `make protocol`) to write it; without, a stale copy fails.

use protocol::{access, audit_log, check, client, direct, error, http, limits, server, system};
use telemetry::thresholds;
use ts_rs::{Config, TS};

fn generated() -> String {
    let mut out =
        String::from("// Generated from crates/protocol. Do not edit: run `make protocol`.\n\n");
    let cfg = Config::new();
    macro_rules! decls {
        ($($t:ty),* $(,)?) => { $( out.push_str(&format!("export {}\n", <$t>::decl(&cfg))); )* };
    }
    decls!(
        visit::Timestamp,
        visit::Role,
        visit::Source,
        visit::Pictures,
        visit::VisitState,
        visit::SeatState,
        visit::Purpose,
        visit::ConsentDecision,
        visit::Action,
        error::ErrorCode,
        error::ErrorBody,
        check::CheckItem,
        check::CheckCode,
        check::CheckOutcome,
        check::CheckReport,
        direct::DirectSignal,
        client::TileView,
        telemetry::input::CandidateKind,
        telemetry::input::Protocol,
        telemetry::input::SourceState,
        telemetry::input::LimitedBy,
        telemetry::Codec,
        telemetry::PictureCodec,
        telemetry::input::RawLink,
        telemetry::input::RawSendAudio,
        telemetry::input::RawSendVideo,
        telemetry::input::RawReceiveAudio,
        telemetry::input::RawReceiveVideo,
        client::HeardFrom,
        client::QualityReport,
        client::EndAs,
        client::ClientMessage,
        server::YouBecause,
        server::ConsentNow,
        server::ConsentAsk,
        server::WaitingNote,
        server::Person,
        server::Direction,
        server::TrackLine,
        server::IceServer,
        server::ChatLine,
        server::QualityLevel,
        server::LinkQuality,
        telemetry::message::MessageCode,
        telemetry::message::Subject,
        telemetry::message::Figure,
        server::DirectionQuality,
        server::BoardSeat,
        server::BoardVisit,
        server::EndReason,
        server::ServerMessage,
        http::Clinic,
        http::LinkRequest,
        http::LinkLook,
        http::LinkOpened,
        http::MySeats,
        http::TokenRequest,
        http::Token,
        http::SignIn,
        http::SignInCode,
        http::SignInLink,
        http::SignInNext,
        http::SecondFactor,
        http::SignInStep,
        http::MfaStart,
        http::MfaFinish,
        http::MfaDone,
        http::Sso,
        http::SignInWays,
        http::SsoWay,
        http::SsoBack,
        http::PasskeyStart,
        http::PasskeyRequest,
        http::PasskeyUse,
        http::PasskeyCreation,
        http::PasskeyNew,
        http::Passkey,
        http::Passkeys,
        http::PasskeyRemove,
        http::ReviewsToDo,
        http::Me,
        http::Clinician,
        http::Clinicians,
        http::CreateVisit,
        http::VisitCreated,
        http::Invite,
        http::InviteColleague,
        http::Invitation,
        http::SetOutcome,
        http::RateRequest,
        telemetry::Culprit,
        telemetry::CulpritTime,
        telemetry::input::PathKind,
        telemetry::PathTime,
        telemetry::Point,
        telemetry::LinkPoint,
        telemetry::Mos,
        telemetry::Summary,
        telemetry::Track,
        telemetry::SeatPaths,
        telemetry::Record,
        http::QualityPerson,
        http::QualityStretch,
        http::VisitQuality,
        http::ProbeRequest,
        http::ProbeOffer,
        http::ProbeAnswer,
        access::StaffRole,
        access::StaffPerson,
        access::People,
        access::AddPerson,
        access::ChangePerson,
        access::PersonLink,
        access::PersonChanged,
        access::EmergencyRequest,
        access::EmergencyOpened,
        access::EmergencyReview,
        access::Emergency,
        access::Emergencies,
        access::ReviewRequest,
        access::KeptKind,
        access::KeptRule,
        access::Hold,
        access::Retention,
        access::SetRetention,
        access::FindPatient,
        access::Patient,
        access::Patients,
        access::HoldRequest,
        access::EraseRequest,
        audit_log::AuditSearch,
        audit_log::AuditFormat,
        audit_log::AuditExportRequest,
        audit_log::AuditActor,
        audit_log::AuditWords,
        audit_log::AuditLine,
        audit_log::AuditFound,
        system::LogTroubleKind,
        system::LogTrouble,
        system::WitnessStanding,
        system::WitnessState,
        system::LogState,
        system::KeyVersion,
        system::KeysState,
        system::BackupDone,
        system::DrillDone,
        system::BackupState,
        system::ReportDone,
        system::Evidence,
        system::StorageState,
        system::SystemState,
    );
    out.push('\n');
    macro_rules! numbers {
        ($($name:literal = $value:expr),* $(,)?) => {
            $( out.push_str(&format!("export const {} = {};\n", $name, $value)); )*
        };
    }
    numbers!(
        "PROTOCOL_VERSION" = protocol::PROTOCOL_VERSION,
        "SILENCE_MS" = limits::SILENCE_MS,
        "MAX_CLIENT_MESSAGE_BYTES" = limits::MAX_CLIENT_MESSAGE_BYTES,
        "MAX_SDP_BYTES" = limits::MAX_SDP_BYTES,
        "MAX_CHAT_CHARS" = limits::MAX_CHAT_CHARS,
        "MAX_NAME_CHARS" = limits::MAX_NAME_CHARS,
        "MAX_NOTE_CHARS" = limits::MAX_NOTE_CHARS,
        "MIN_REASON_CHARS" = limits::MIN_REASON_CHARS,
        "EMERGENCY_MIN" = limits::EMERGENCY_MIN,
        "REVIEW_WITHIN_H" = limits::REVIEW_WITHIN_H,
        "MAX_BACKUP_AGE_H" = system::MAX_BACKUP_AGE_H,
        "MAX_DRILL_AGE_DAYS" = system::MAX_DRILL_AGE_DAYS,
        "MAX_EMAIL_BYTES" = limits::MAX_EMAIL_BYTES,
        "MIN_VISIT_MIN" = limits::MIN_VISIT_MIN,
        "MAX_VISIT_MIN" = limits::MAX_VISIT_MIN,
        "MAX_TILES" = limits::MAX_TILES,
        "MIN_INTERVAL_MS" = telemetry::input::MIN_INTERVAL_MS,
        "MAX_INTERVAL_MS" = telemetry::input::MAX_INTERVAL_MS,
        "LOSS_NOTICED_PCT" = thresholds::LOSS_PCT.0,
        "LOSS_SEVERE_PCT" = thresholds::LOSS_PCT.1,
        "RTT_NOTICED_MS" = thresholds::RTT_MS.0,
        "RTT_SEVERE_MS" = thresholds::RTT_MS.1,
        "JITTER_NOTICED_MS" = thresholds::JITTER_MS.0,
        "JITTER_SEVERE_MS" = thresholds::JITTER_MS.1,
    );
    let codes: Vec<_> =
        error::ErrorCode::ALL.iter().filter_map(|c| serde_json::to_string(c).ok()).collect();
    out.push_str(&format!(
        "export const ERROR_CODES: readonly ErrorCode[] = [{}];\n",
        codes.join(", ")
    ));
    let checks: Vec<_> =
        check::CheckCode::ALL.iter().filter_map(|c| serde_json::to_string(c).ok()).collect();
    out.push_str(&format!(
        "export const CHECK_CODES: readonly CheckCode[] = [{}];\n",
        checks.join(", ")
    ));
    out
}

#[test]
fn the_typescript_copy_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/sdk/src/protocol.ts");
    let fresh = generated();
    if std::env::var_os("UPDATE_PROTOCOL").is_some() {
        std::fs::write(path, &fresh).expect("write protocol.ts");
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == fresh, "web/sdk/src/protocol.ts is stale: run `make protocol`");
}
