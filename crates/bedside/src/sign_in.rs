//! The clinic's identity provider, made of its settings.

use crate::config::secret_file;
use crate::config::sign_in_settings::Oidc;
use crate::error::Failure;
use auth::oidc::OidcSettings;
use keys::Zeroizing;
use server::Clock;
use server::sso::Sso;

/// The provider. `origin` is the address of our pages, `clock` is the server's.
///
/// # Errors
/// [`Failure`] when the secret or the root certificates cannot be read.
pub fn provider(oidc: &Oidc, origin: &str, clock: Clock) -> Result<Sso, Failure> {
    let roots = match &oidc.authority {
        Some(path) => crate::tls::roots_in(path)?,
        None => egress::public_roots(),
    };
    let settings = OidcSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: Zeroizing::new(secret_file(&oidc.client_secret_file)?),
        redirect_uri: format!("{origin}/signin/back"),
        hosts: oidc.hosts.clone(),
        email_domains: oidc.email_domains.clone(),
        second_factor_acr: oidc.second_factor.acr.clone(),
        second_factor_amr: oidc.second_factor.amr.clone(),
    };
    Ok(Sso::new(settings, oidc.label.trim().to_owned(), egress::Client::new(roots), clock))
}
