//! A certificate authority of this machine's own, for trying Bedside from a phone on the same
//! network: browsers give a page the camera over HTTPS only.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// What HTTPS needs, and the file to trust.
pub struct LocalCertificate {
    /// Certificate chain, PEM.
    pub chain_pem: String,
    /// Private key, PEM.
    pub key_pem: String,
    /// The authority's certificate, to be trusted on the phone.
    pub ca_path: PathBuf,
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum LocalCaError {
    /// A file could not be read or written.
    #[error("cannot use the folder for certificates: {0}")]
    Io(#[from] std::io::Error),
    /// The stored authority cannot be used.
    #[error("the stored local authority cannot be used; delete its folder and start again: {0}")]
    Rcgen(#[from] rcgen::Error),
}

/// Takes the authority from `folder`, or makes one there, and signs a certificate for these names
/// and addresses.
///
/// # Errors
/// [`LocalCaError`].
pub fn certificate(folder: &Path, ips: &[IpAddr]) -> Result<LocalCertificate, LocalCaError> {
    fs::create_dir_all(folder)?;
    let (ca_path, key_path) = (folder.join("bedside-local-ca.crt"), folder.join("ca.key"));
    let (ca_pem, ca_key) = if ca_path.exists() && key_path.exists() {
        (fs::read_to_string(&ca_path)?, KeyPair::from_pem(&fs::read_to_string(&key_path)?)?)
    } else {
        let key = KeyPair::generate()?;
        let pem = ca_params().self_signed(&key)?.pem();
        write_private(&key_path, &key.serialize_pem())?;
        fs::write(&ca_path, &pem)?;
        (pem, key)
    };
    let issuer = Issuer::new(ca_params(), ca_key);
    let mut names: Vec<String> = vec!["localhost".to_owned()];
    names.extend(ips.iter().map(ToString::to_string));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = name("Bedside on this machine");
    // Phones refuse server certificates that are good for more than 825 days.
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(397);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, &issuer)?;
    Ok(LocalCertificate {
        chain_pem: format!("{}{ca_pem}", leaf.pem()),
        key_pem: key.serialize_pem(),
        ca_path,
    })
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Bedside local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// Writes a new file that only this user may read.
///
/// # Errors
/// When it is there already, or cannot be written.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
