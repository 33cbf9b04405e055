//! A forwarding unit with one shard in a process of its own, so that its whole process can be
//! compared with another server's.
//!
//! The talk is one JSON object per line: [`Ask`] to its standard input, [`Told`] from its standard
//! output. The end of its input ends it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::shard::LocalShard;
use super::{Ask, Told, Unit, Usage};
use crate::BenchError;
use crate::cpu::{process_time, resident_bytes};

/// See the module's head. Dropping it ends the process.
pub(crate) struct ChildShard {
    child: Child,
    asks: Option<ChildStdin>,
}

impl ChildShard {
    /// Starts `program bench shard`, on `core` if given. `program` is this program's own file.
    ///
    /// # Errors
    /// [`BenchError::Io`] when it cannot be started.
    pub fn start(
        program: &Path,
        seed: u64,
        core: Option<usize>,
        mut told: impl FnMut(Told) + Send + 'static,
    ) -> Result<Self, BenchError> {
        let mut command = Command::new(program);
        command.args(["bench", "shard", "--seed", &seed.to_string()]);
        if let Some(core) = core {
            command.args(["--core", &core.to_string()]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (asks, answers) = (child.stdin.take(), child.stdout.take());
        let this = Self { child, asks };
        let answers = answers.ok_or(BenchError::Ended)?;
        std::thread::Builder::new().name("child-shard".to_owned()).spawn(move || {
            for line in BufReader::new(answers).lines() {
                let Ok(line) = line else { break };
                told(
                    serde_json::from_str(&line)
                        .unwrap_or_else(|_| Told::Failed { code: "unreadable".to_owned() }),
                );
            }
            told(Told::Failed { code: "ended".to_owned() });
        })?;
        Ok(this)
    }
}

impl Unit for ChildShard {
    fn ask(&mut self, ask: Ask) -> Result<(), BenchError> {
        let mut line = serde_json::to_vec(&ask).map_err(|_| BenchError::Answer("a message"))?;
        line.push(b'\n');
        let asks = self.asks.as_mut().ok_or(BenchError::Ended)?;
        asks.write_all(&line).map_err(|_| BenchError::Ended)
    }

    fn usage(&self) -> Result<Usage, BenchError> {
        let cpu = process_time(self.child.id()).ok_or(BenchError::CpuTime)?;
        let resident_bytes = resident_bytes(self.child.id()).ok_or(BenchError::CpuTime)?;
        Ok(Usage { cpu, resident_bytes, ..Usage::default() })
    }
}

impl Drop for ChildShard {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.asks = None;
        if self.child.wait().is_err() {
            let _ = self.child.kill();
        }
    }
}

/// Runs one shard until `asks` ends; what [`ChildShard`] starts in the other process. `core` is
/// where all its threads are kept, if given.
///
/// # Errors
/// [`BenchError`] when the shard does not start, or when a line is not understood.
pub fn serve_shard(
    seed: u64,
    core: Option<usize>,
    asks: impl BufRead,
    told: impl Write + Send + 'static,
) -> Result<(), BenchError> {
    if let Some(core) = core
        && let Some(me) = crate::cpu::current_thread()
    {
        // Threads that are made from here on inherit it.
        crate::cpu::pin(me, core);
    }
    let told = Arc::new(Mutex::new(told));
    let mut shard = LocalShard::start(seed, core, move |message| {
        let mut to = told.lock().unwrap_or_else(PoisonError::into_inner);
        // Who started us has gone; the end of the input ends us.
        let _ = write_line(&mut *to, &message);
    })?;
    for line in asks.lines() {
        let ask = serde_json::from_str(&line?).map_err(|_| BenchError::Answer("a line"))?;
        shard.ask(ask)?;
    }
    Ok(())
}

fn write_line(to: &mut impl Write, message: &Told) -> io::Result<()> {
    serde_json::to_writer(&mut *to, message)?;
    to.write_all(b"\n")?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// Gives whole lines to a channel.
    struct Lines(Sender<String>, Vec<u8>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            while let Some(end) = self.1.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.1.drain(..=end).collect();
                let _ = self.0.send(String::from_utf8_lossy(&line).into_owned());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_shard_is_asked_and_tells_by_lines_and_ends_with_its_input() {
        let (input, mut asks) = io::pipe().unwrap();
        let (lines_tx, lines) = channel();
        let serving = std::thread::spawn(move || {
            serve_shard(7, None, BufReader::new(input), Lines(lines_tx, Vec::new()))
        });
        let join = serde_json::to_string(&Ask::Join { room: 0, person: 3, sends: true }).unwrap();
        writeln!(asks, "{join}").unwrap();
        let offer: Told = serde_json::from_str(&lines.recv().unwrap()).unwrap();
        let Told::Offer { link, generation, sdp, tracks } = offer else { panic!("an offer first") };
        assert_eq!((link, generation, tracks.len()), (6, 1, 2));
        assert!(sdp.starts_with("v=0"));
        drop(asks);
        serving.join().unwrap().unwrap();
    }

    #[test]
    fn a_line_that_is_no_message_ends_the_shard_with_an_error() {
        let ended = serve_shard(7, None, &b"{\"ask\":\"dance\"}\n"[..], io::sink());
        assert!(matches!(ended, Err(BenchError::Answer(_))));
    }
}
