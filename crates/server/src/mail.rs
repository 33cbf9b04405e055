//! Sending invitations by SMTP. Knows nothing of visits; never logs an address or a text.

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;

/// How to reach the mail server.
#[derive(Clone)]
pub struct MailConfig {
    /// Host name.
    pub host: String,
    /// Port: 587 (STARTTLS), 465 (TLS), 25.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// User name and password, if the server wants them.
    pub login: Option<(String, String)>,
    /// The sender's address, such as `visits@clinic.example`.
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// Plain greeting, then TLS or nothing is sent.
    StartTls,
    /// No protection. Only accepted for a server on this machine.
    None,
}

/// Why mail cannot be sent. Carries no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The settings cannot work.
    #[error("the mail settings cannot work: check host, sender and security")]
    BadConfig,
    /// The address of the person is not one.
    #[error("this is not an e-mail address")]
    BadAddress,
    /// The server did not take it.
    #[error("the mail server did not take the message")]
    Refused,
}

/// Why a mail server would not take our mail, found by asking it. Carries no word of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailTrouble {
    /// No connection, or it broke off.
    #[error("the mail server cannot be reached")]
    Unreachable,
    /// It took the connection and then said nothing for 15 s.
    #[error("the mail server does not answer in time")]
    Slow,
    /// Its certificate or its TLS was not accepted.
    #[error("the mail server's TLS was not accepted")]
    Tls,
    /// It refused the user name or the password (RFC 4954 §6), or wants one.
    #[error("the mail server refused the sign-in")]
    SignIn,
    /// It does not offer what the settings ask for: STARTTLS, or a way to sign in.
    #[error("the mail server does not offer what the settings ask for")]
    NotOffered,
    /// It refused something else, with this SMTP code.
    #[error("the mail server refused with code {0}")]
    Refused(u16),
    /// The address is not one, or the message could not be made.
    #[error("this is not an e-mail address")]
    BadAddress,
}

impl MailTrouble {
    /// A stable code for scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "mail_unreachable",
            Self::Slow => "mail_slow",
            Self::Tls => "mail_tls",
            Self::SignIn => "mail_sign_in",
            Self::NotOffered => "mail_not_offered",
            Self::Refused(_) => "mail_refused",
            Self::BadAddress => "mail_bad_address",
        }
    }

    fn of(error: &lettre::transport::smtp::Error) -> Self {
        if error.is_timeout() {
            return Self::Slow;
        }
        if error.is_tls() {
            return Self::Tls;
        }
        match error.status().map(u16::from) {
            Some(530 | 534 | 535 | 538) => Self::SignIn,
            Some(code) => Self::Refused(code),
            None if error.is_client() => Self::NotOffered,
            None => Self::Unreachable,
        }
    }
}

/// A mail with a calendar file. Holds names and an address: no `Debug`.
pub struct Mail<'a> {
    /// To whom.
    pub to: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Plain text.
    pub body: &'a str,
    /// The calendar file.
    pub ics: &'a str,
}

/// Sends mail.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Prepares sending; connects only when there is something to send.
    ///
    /// # Errors
    /// [`MailError::BadConfig`] for a bad sender or name, a bad TLS name, or no protection towards another
    /// machine.
    pub fn new(config: &MailConfig, sender_name: &str) -> Result<Self, MailError> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let local = matches!(config.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let builder = match config.security {
            MailSecurity::Tls => Smtp::relay(&config.host).map_err(|_| MailError::BadConfig)?,
            MailSecurity::StartTls => {
                Smtp::starttls_relay(&config.host).map_err(|_| MailError::BadConfig)?
            }
            MailSecurity::None if local => Smtp::builder_dangerous(&config.host),
            MailSecurity::None => return Err(MailError::BadConfig),
        };
        let mut builder = builder.port(config.port).timeout(Some(Duration::from_secs(15)));
        if let Some((user, password)) = &config.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        // The library panics at a name that no header can hold (RFC 5322 §3.2.4).
        if sender_name.contains(char::is_control) {
            return Err(MailError::BadConfig);
        }
        let address: Address = config.from.parse().map_err(|_| MailError::BadConfig)?;
        let from = Mailbox::new(Some(sender_name.to_owned()), address);
        Ok(Self { transport: builder.build(), from })
    }

    /// Sends one mail and waits until the server has taken it.
    ///
    /// # Errors
    /// [`MailError::BadAddress`] or [`MailError::Refused`].
    pub async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let message = self.compose(&mail)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                // The server's words may quote the address: only the kind is logged.
                tracing::warn!(
                    permanent = error.is_permanent(),
                    timeout = error.is_timeout(),
                    "the mail server did not take a message"
                );
                Err(MailError::Refused)
            }
        }
    }

    /// Connects, protects the connection and signs in as the settings say, and leaves again. No
    /// message is sent.
    ///
    /// # Errors
    /// [`MailTrouble`].
    pub async fn check(&self) -> Result<(), MailTrouble> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailTrouble::Unreachable),
            Err(error) => Err(MailTrouble::of(&error)),
        }
    }

    /// Sends a plain text, for an operator who wants to see one arrive.
    ///
    /// # Errors
    /// [`MailTrouble`].
    pub async fn send_plain(&self, to: &str, subject: &str, body: &str) -> Result<(), MailTrouble> {
        let to: Address = to.parse().map_err(|_| MailTrouble::BadAddress)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .singlepart(SinglePart::plain(body.to_owned()))
            .map_err(|_| MailTrouble::BadAddress)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(MailTrouble::of(&error)),
        }
    }

    /// The message as it goes to the mail server.
    ///
    /// # Errors
    /// [`MailError::BadAddress`].
    pub fn compose(&self, mail: &Mail<'_>) -> Result<Message, MailError> {
        let to: Address = mail.to.parse().map_err(|_| MailError::BadAddress)?;
        let calendar = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH")
            .map_err(|_| MailError::BadConfig)?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .multipart(
                MultiPart::mixed().singlepart(SinglePart::plain(mail.body.to_owned())).singlepart(
                    Attachment::new("visit.ics".to_owned()).body(mail.ics.to_owned(), calendar),
                ),
            )
            .map_err(|_| MailError::BadAddress)
    }
}

/// Whether `text` looks like an e-mail address that a server could take.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.len() <= protocol::limits::MAX_EMAIL_BYTES && text.parse::<Address>().is_ok()
}
