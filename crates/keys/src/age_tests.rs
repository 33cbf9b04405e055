use super::*;
use std::process::{Command, Stdio};

const LENGTHS: [usize; 7] =
    [0, 1, 100, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES];

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

fn seal(recipients: &[AgeRecipient], plain: &[u8]) -> Vec<u8> {
    let mut writer = AgeWriter::new(recipients, Vec::new()).expect("begins");
    writer.write_all(plain).expect("writes");
    writer.finish().expect("finishes")
}

fn open(identity: &AgeIdentity, sealed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    AgeReader::new(identity, sealed)?.read_to_end(&mut plain)?;
    Ok(plain)
}

#[test]
fn any_length_comes_back_for_each_recipient_and_for_nobody_else() {
    let (one, two) =
        (AgeIdentity::generate().expect("random"), AgeIdentity::generate().expect("random"));
    let other = AgeIdentity::generate().expect("random");
    let recipients = [one.recipient().expect("a point"), two.recipient().expect("a point")];
    for length in LENGTHS {
        let sealed = seal(&recipients, &text(length));
        assert_eq!(open(&one, &sealed).expect("opens"), text(length));
        assert_eq!(open(&two, &sealed).expect("opens"), text(length));
        assert!(open(&other, &sealed).is_err());
    }
}

#[test]
fn any_flip_and_any_cut_is_refused() {
    let identity = AgeIdentity::generate().expect("random");
    let sealed = seal(&[identity.recipient().expect("a point")], &text(200));
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[at] ^= 0x01;
        assert!(open(&identity, &bad).is_err(), "byte {at}");
        assert!(open(&identity, &sealed[..at]).is_err(), "cut at {at}");
    }
    let long = seal(&[identity.recipient().expect("a point")], &text(2 * PIECE_BYTES));
    let second = long.len() - PIECE_BYTES - TAG_BYTES;
    assert!(open(&identity, &long[..second]).is_err(), "cut between pieces");
    assert!(open(&identity, &[long.as_slice(), &[0]].concat()).is_err(), "longer");
}

#[test]
fn keys_are_read_as_they_are_written() {
    let identity = AgeIdentity::generate().expect("random");
    let text = identity.to_text().expect("text");
    assert!(text.starts_with("AGE-SECRET-KEY-1"));
    let file = format!("# made for a test\n\n{}\n", *text);
    let again = AgeIdentity::parse(&file).expect("reads");
    let recipient = again.recipient().expect("a point").to_text().expect("text");
    assert_eq!(recipient, identity.recipient().expect("a point").to_text().expect("text"));
    assert!(recipient.starts_with("age1") && AgeRecipient::parse(&recipient).is_ok());
    assert!(AgeRecipient::parse(&text).is_err() && AgeIdentity::parse(&recipient).is_err());
    assert!(AgeRecipient::parse(&recipient.replace("age1", "age2")).is_err());
}

/// Debian's `age` is the other implementation. Without it this says `skipped`.
#[test]
#[allow(clippy::print_stdout)]
fn it_agrees_with_the_tool_both_ways() {
    if Command::new("age").arg("--version").output().is_err() {
        assert_ne!(std::env::var("BEDSIDE_TEST_AGE").as_deref(), Ok("required"), "no age");
        println!("skipped: age is not installed; apt-get install age");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let identity = AgeIdentity::generate().expect("random");
    let file = folder.path().join("identity");
    std::fs::write(&file, identity.to_text().expect("text").as_bytes()).expect("writes");
    let recipient = identity.recipient().expect("a point");
    let tool = |args: &[&str], input: &[u8]| {
        let input_file = folder.path().join("input");
        std::fs::write(&input_file, input).expect("writes");
        let output =
            Command::new("age").args(args).arg(&input_file).stderr(Stdio::inherit()).output();
        let output = output.expect("runs");
        assert!(output.status.success());
        output.stdout
    };
    for length in LENGTHS {
        let identity_file = file.to_str().expect("a plain path");
        let sealed = seal(std::slice::from_ref(&recipient), &text(length));
        assert_eq!(tool(&["-d", "-i", identity_file], &sealed), text(length));
        let sealed = tool(&["-r", &recipient.to_text().expect("text")], &text(length));
        assert_eq!(open(&identity, &sealed).expect("opens"), text(length));
    }
}
