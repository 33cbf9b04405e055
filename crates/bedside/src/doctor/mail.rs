//! The mail server: reached, protected, signed in. A message is sent only when asked for.

use super::finding::{Check, Finding};
use crate::config::Config;
use server::{MailTrouble, Mailer};

/// Asks the mail server; with `send_to` sends one message there.
pub async fn mail(config: &Config, send_to: Option<&str>) -> Finding {
    let Some(mail) = &config.mail else {
        let says = "No mail server is set; staff copy invitations and send them themselves.";
        let fix = "To have them sent, set host, port, security and from in [mail]; user and password_file \
                   too, if the mail server wants a sign-in";
        return Finding::not_checked(Check::Mail, "none", says).fix(fix);
    };
    let mailer =
        crate::serve::mail_config(mail).and_then(|m| Ok(Mailer::new(&m, &config.clinic.name)?));
    let mailer = match mailer {
        Ok(mailer) => mailer,
        Err(error) => {
            let says = format!("The mail settings cannot be used: {error}.");
            return Finding::failed(Check::Mail, "settings", says)
                .fix("Look at [mail]: host, from, security and password_file");
        }
    };
    let place = format!("{}:{}", mail.host, mail.port);
    if let Err(trouble) = mailer.check().await {
        return judge(trouble, &place);
    }
    let Some(to) = send_to else {
        let says = format!("{place} answers and takes the settings. No message was sent.");
        return Finding::ok(Check::Mail, "answers", says);
    };
    let body = "This is a test message of Bedside. If you read it, invitations arrive as well.\n";
    match mailer.send_plain(to, "Test message of Bedside", body).await {
        Ok(()) => {
            let says = format!("{place} took a test message. See whether it arrived.");
            Finding::ok(Check::Mail, "sent", says)
        }
        Err(trouble) => judge(trouble, &place),
    }
}

fn judge(trouble: MailTrouble, place: &str) -> Finding {
    let fix = match trouble {
        MailTrouble::Unreachable => {
            format!("Check mail.host and mail.port, and that this machine may go out to {place} by TCP")
        }
        MailTrouble::Slow => format!("A firewall that drops? Let this machine go out to {place} by TCP"),
        MailTrouble::Tls => {
            "Check mail.security: port 465 wants \"tls\", port 587 \"starttls\". The server's certificate \
             must be for mail.host and from a public authority"
                .to_owned()
        }
        MailTrouble::SignIn => "Check mail.user and the first line of mail.password_file".to_owned(),
        MailTrouble::NotOffered => {
            "Check mail.port and mail.security: the server offers no STARTTLS there, or no way to sign in"
                .to_owned()
        }
        MailTrouble::Refused(_) => {
            "Check mail.from: the server may let that sender out only after sign-in. Its log says more"
                .to_owned()
        }
        MailTrouble::BadAddress => "Give a whole e-mail address with --send-test".to_owned(),
    };
    Finding::failed(Check::Mail, trouble.code(), format!("{place}: {trouble}.")).fix(fix)
}
