//! `[sign_in]`: settings of the clinic's identity provider.

use auth::oidc::discovery_url;
use serde::Deserialize;
use std::path::PathBuf;

/// How staff sign in, besides passwords.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The clinic's identity provider.
    #[serde(default)]
    pub oidc: Option<Oidc>,
}

/// An OpenID Connect provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider, exactly as it names itself, such as `https://id.example.org/realms/staff`.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// A file with our secret there in its first line.
    pub client_secret_file: PathBuf,
    /// What the button says.
    pub label: String,
    /// Further hosts of the provider, for one whose addresses are on several.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Only e-mail addresses of these domains are matched with accounts; all, when empty.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// What of the provider's words counts as a second factor; ours is asked for otherwise.
    #[serde(default)]
    pub second_factor: SecondFactor,
    /// Root certificates, PEM, that are trusted on the way to the provider, and no others. The public
    /// ones if absent.
    #[serde(default)]
    pub authority: Option<PathBuf>,
}

/// What a provider says when it has asked for a second factor itself.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecondFactor {
    /// Classes of authentication, of which one is enough. They are asked for, too.
    pub acr: Vec<String>,
    /// Methods, of which one is enough.
    pub amr: Vec<String>,
}

/// The longest label, in characters: it has to fit a button on a telephone.
const MAX_LABEL_CHARS: usize = 40;

impl Oidc {
    /// What is wrong with these settings.
    #[must_use]
    pub fn mistake(&self) -> Option<&'static str> {
        let label = self.label.trim();
        if discovery_url(&self.issuer).is_err() {
            Some("sign_in.oidc.issuer is the provider's https address, as it names itself")
        } else if self.client_id.is_empty() {
            Some("sign_in.oidc.client_id is the name that the provider knows this server by")
        } else if label.is_empty() || label.chars().count() > MAX_LABEL_CHARS {
            Some("sign_in.oidc.label is what the button says, 1 to 40 characters")
        } else if self.hosts.iter().any(|host| host.contains(['/', ':', '@'])) {
            Some("sign_in.oidc.hosts are plain names such as login.example.org")
        } else {
            None
        }
    }
}
