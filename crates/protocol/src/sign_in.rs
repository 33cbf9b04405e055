//! Bodies of the HTTP calls for signing in with passkeys. Part of [`crate::http`].

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use visit::Timestamp;

/// `GET /api/signin/ways`: the ways in that there are here.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct SignInWays {
    /// Passkeys work at this address.
    pub passkeys: bool,
    /// The clinic's identity provider, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sso: Option<Sso>,
}

/// The clinic's identity provider.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Sso {
    /// What the button says.
    pub label: String,
    /// Where one signs out of the provider itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sign_out: Option<String>,
}

/// Answer to `POST /api/signin/sso/start`.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct SsoWay {
    /// Where the page goes.
    pub url: String,
}

/// `POST /api/signin/sso/finish`: what the provider put into the address. Answer: [`crate::http::SignInStep`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SsoBack {
    /// `state`.
    pub state: String,
    /// `code`; absent when the provider said no.
    #[serde(default)]
    #[ts(optional)]
    pub code: Option<String>,
    /// `iss`, if the provider names itself (RFC 9207).
    #[serde(default)]
    #[ts(optional)]
    pub iss: Option<String>,
}

/// `POST /api/signin/passkey/start`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PasskeyStart {
    /// The passkey stands for everything; otherwise it follows the password.
    pub alone: bool,
}

/// What `navigator.credentials.get` asks for. Bytes are base64url without padding, here and below.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PasskeyRequest {
    /// Good once, for five minutes.
    pub challenge: String,
    /// The domain that keys are bound to.
    pub rp_id: String,
    /// Ids of the keys that may answer; any when empty.
    pub allow: Vec<String>,
    /// The authenticator must verify its owner.
    pub must_verify: bool,
}

/// `POST /api/signin/passkey`: the answer of an authenticator. Answer: [`crate::http::SignInStep`].
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PasskeyUse {
    /// `rawId`.
    pub credential: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `signature`.
    pub signature: String,
    /// `userHandle`.
    #[serde(default)]
    #[ts(optional)]
    pub user_handle: Option<String>,
}

/// Answer to `POST /api/passkeys/start`: what `navigator.credentials.create` asks for.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PasskeyCreation {
    /// Good once, for five minutes.
    pub challenge: String,
    /// The domain that keys are bound to.
    pub rp_id: String,
    /// The clinic's name.
    pub rp_name: String,
    /// What the authenticator knows the person by.
    pub user_handle: String,
    /// E-mail address, for the authenticator to show.
    pub email: String,
    /// Name, for the authenticator to show.
    pub name: String,
    /// COSE algorithms, the best first.
    #[ts(type = "number[]")]
    pub algorithms: Vec<i64>,
    /// Ids of the keys that the person has already.
    pub exclude: Vec<String>,
}

/// `POST /api/passkeys/finish`. Answer: [`crate::http::MfaDone`]; its codes are empty when there are some already.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PasskeyNew {
    /// What the person calls it.
    pub name: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `attestationObject`.
    pub attestation: String,
}

/// One of the own passkeys.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Passkey {
    /// Its id, for removing it.
    pub passkey: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_used_at: Option<Timestamp>,
}

/// `GET /api/passkeys`: what stands after the password.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Passkeys {
    /// The own passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Whether an authenticator app is set up.
    pub app: bool,
    /// Whether passkeys work at this address.
    pub possible: bool,
    /// The most that one may have.
    pub most: u32,
}

/// `POST /api/passkeys/remove`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRemove {
    /// Which.
    pub passkey: String,
}
