//! The device check: what was tried and what stood in the way.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One thing that the check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckItem {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
    /// The loudspeaker or headphones.
    Speaker,
    /// The way to this clinic's server.
    Network,
}

/// What is wrong. Each code has one plain sentence and one next step in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    /// The page is not in a secure context, so the browser hides its devices.
    InsecureContext,
    /// The page runs inside another app that gives no camera.
    InAppBrowser,
    /// The question was closed without an answer; it can be asked again.
    PermissionDismissed,
    /// The browser remembers a "no" for this site.
    PermissionBlockedSite,
    /// The operating system denies the browser its devices.
    PermissionBlockedOs,
    /// A page that embeds this one does not pass on the permission.
    BlockedByEmbed,
    /// No camera found.
    NoCamera,
    /// No microphone found.
    NoMicrophone,
    /// Another program or tab holds the device.
    InUse,
    /// The device failed or stopped at once.
    Hardware,
    /// No device fits the wish. Retried without wishes, so rarely seen.
    Overconstrained,
    /// Nobody answered the browser's question in 20 s.
    PromptTimeout,
    /// The microphone gives silence.
    SilentMicrophone,
    /// The camera gives black.
    BlackVideo,
    /// The person did not hear the chime.
    SpeakerFailed,
    /// This browser cannot do video calls at all.
    NoWebrtc,
    /// The server could not be reached well enough.
    NetworkPoor,
    /// Audio and video get through over TCP only: they may stutter.
    UdpBlocked,
    /// No way for audio and video was found: a call would stay silent and dark.
    MediaBlocked,
}

impl CheckCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 19] = [
        Self::InsecureContext,
        Self::InAppBrowser,
        Self::PermissionDismissed,
        Self::PermissionBlockedSite,
        Self::PermissionBlockedOs,
        Self::BlockedByEmbed,
        Self::NoCamera,
        Self::NoMicrophone,
        Self::InUse,
        Self::Hardware,
        Self::Overconstrained,
        Self::PromptTimeout,
        Self::SilentMicrophone,
        Self::BlackVideo,
        Self::SpeakerFailed,
        Self::NoWebrtc,
        Self::NetworkPoor,
        Self::UdpBlocked,
        Self::MediaBlocked,
    ];
}

/// How one item came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CheckOutcome {
    /// What was looked at.
    pub item: CheckItem,
    /// Whether it works.
    pub ok: bool,
    /// Why not, when it does not.
    #[serde(default)]
    pub code: Option<CheckCode>,
}

/// The whole check, as the clinic's waiting room shows it. Holds no label of a device and no
/// address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CheckReport {
    /// At most one outcome per item.
    pub outcomes: Vec<CheckOutcome>,
    /// Round trip to the server in milliseconds, if measured.
    #[serde(default)]
    pub rtt_ms: Option<u32>,
}
