//! `bedside audit prove` and `bedside audit check-proof`.

use super::folder::{Files, broken};
use super::parse_key;
use crate::error::Failure;
use crate::terminal::Terminal;
use audit::merkle::{Node, prove_inclusion};
use audit::tile::{CHECKPOINT_PATH, TILE_WIDTH, TileKind, TilePath, read_bundle};
use audit::{Checkpoint, Note, Proof, VerifyKey, leaf_hash};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `prove` takes.
#[derive(clap::Args)]
pub struct ProveArgs {
    /// Place of the entry, counted from 0.
    entry: u64,
    /// The folder of the log, or its address.
    #[arg(long)]
    log: String,
    /// Where to write the proof.
    #[arg(short, long)]
    output: PathBuf,
    /// Leave the entry itself out: then the proof says nothing to whoever does not have it.
    #[arg(long)]
    without_entry: bool,
}

/// What `check-proof` takes.
#[derive(clap::Args)]
pub struct CheckArgs {
    /// The proof.
    proof: PathBuf,
    /// The public key of the log.
    #[arg(long, value_parser = parse_key)]
    key: VerifyKey,
    /// A file with the bytes of the entry, when the proof does not hold it.
    #[arg(long)]
    entry: Option<PathBuf>,
}

/// Writes a proof from the files of the log.
///
/// # Errors
/// [`Failure`], with what to do.
pub fn prove(args: ProveArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let files = Files::parse(&args.log);
    let note = files
        .get(CHECKPOINT_PATH)?
        .ok_or_else(|| Failure::Usage("there is no log in this folder".to_owned()))?;
    let note = Note::parse(&note).map_err(|e| broken(&e.to_string()))?;
    let size = Checkpoint::parse(&note.text).map_err(|e| broken(&e.to_string()))?.size;
    let mut get = |node: Node| files.node(node, size);
    let hashes = prove_inclusion(args.entry, size, &mut get)?
        .ok_or_else(|| Failure::Usage(format!("the log has {size} entries, numbered from 0")))?;
    let width = u64::from(TILE_WIDTH);
    let index = args.entry / width;
    let in_bundle = (size - index * width).min(width) as u16;
    let path = TilePath { kind: TileKind::Entries, index, width: in_bundle };
    let bundle = files.tile(path)?;
    let entries = read_bundle(&bundle, path.width).map_err(|e| broken(&e.to_string()))?;
    let entry = entries.get((args.entry % width) as usize).ok_or_else(|| broken("too short"))?;
    let extra = if args.without_entry { Vec::new() } else { entry.to_vec() };
    let proof = Proof { index: args.entry, hashes, note, extra };
    std::fs::write(&args.output, proof.to_text())?;
    out.line(&format!(
        "Wrote {}. Whoever has the key of the log can check it:",
        args.output.display()
    ));
    out.address(&format!("bedside audit check-proof {} --key …", args.output.display()));
    Ok(ExitCode::SUCCESS)
}

/// Checks a proof. Ends with 2 when it does not hold.
///
/// # Errors
/// [`Failure`] when there is nothing to check.
pub fn check(args: &CheckArgs, out: &mut Terminal) -> Result<ExitCode, Failure> {
    let found = Proof::parse(&std::fs::read(&args.proof)?);
    let entry = args.entry.as_deref().map(std::fs::read).transpose()?;
    let found = found.and_then(|proof| {
        let entry = entry.unwrap_or_else(|| proof.extra.clone());
        proof.check(leaf_hash(&entry), &args.key).map(|checkpoint| (proof.index, checkpoint, entry))
    });
    match found {
        Ok((index, checkpoint, entry)) => {
            let of = checkpoint.size;
            out.line(&format!("OK: this is entry {index} of the {of} that the log vouches for:"));
            out.line(&String::from_utf8_lossy(&entry));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            out.line(&format!("NOT PROVED: {error}."));
            Ok(ExitCode::from(2))
        }
    }
}
