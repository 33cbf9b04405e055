//! How well speech in a recording is understood, by hand and for tests in other languages.
//!
//! Owns the command line and the files. Everything else is the library's.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use netlab::speech;

/// Compares a recording with what was sent, and prints three figures: the short-time objective
/// intelligibility (at most 1), the share of the recording that was found in what was sent, and the
/// seconds compared.
///
/// What was sent may have been repeated. Both files are WAV, 16-bit, of one channel.
#[derive(Parser)]
#[command(name = "stoi")]
struct Arguments {
    /// What was sent.
    sent: PathBuf,
    /// What was heard.
    heard: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let compared = read(&arguments.sent).and_then(|(sent, sent_hz)| {
        let (heard, heard_hz) = read(&arguments.heard)?;
        speech::compare(&sent, sent_hz, &heard, heard_hz)
            .ok_or_else(|| "nothing of the one file is in the other".to_owned())
    });
    // A closed pipe has nobody to tell.
    match compared {
        Ok(found) => {
            let (stoi, placed, seconds) = (found.stoi, found.placed, found.seconds);
            let _ = writeln!(std::io::stdout(), "{stoi:.3} {placed:.2} {seconds:.1}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "stoi: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The samples of a file, between −1 and 1, and how many there are in a second.
fn read(path: &Path) -> Result<(Vec<f32>, u32), String> {
    let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let mut file = hound::WavReader::open(path).map_err(|error| wrong(&error))?;
    let spec = file.spec();
    if spec.channels != 1 || spec.bits_per_sample != 16 {
        return Err(wrong(&"needs 16 bits and one channel"));
    }
    let samples: Result<Vec<i16>, _> = file.samples::<i16>().collect();
    let samples = samples.map_err(|error| wrong(&error))?;
    Ok((samples.into_iter().map(|sample| f32::from(sample) / 32_768.0).collect(), spec.sample_rate))
}
