//! One process of the program: its lines, its signals, its end.

use super::PATIENCE;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use tokio::sync::mpsc;

/// How a run that came to its end by itself went.
pub struct Outcome {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Outcome {
    let output = command(args).output().expect("the program starts");
    Outcome {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("it speaks UTF-8"),
        err: String::from_utf8(output.stderr).expect("it speaks UTF-8"),
    }
}

/// A run that goes on until it is told to stop. It is killed when this value goes away.
pub struct Program {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    /// Lines that came and that nobody has asked for.
    unclaimed: Vec<String>,
    /// Everything, in the order of arrival.
    all: Vec<String>,
}

impl Program {
    pub fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (to, lines) = mpsc::unbounded_channel();
        relay(child.stdout.take().expect("a pipe"), to.clone());
        relay(child.stderr.take().expect("a pipe"), to);
        Self { child, lines, unclaimed: Vec::new(), all: Vec::new() }
    }

    /// The next line that holds these words, on either stream. Each line is given once.
    pub async fn says(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.unclaimed.iter().position(|line| line.contains(words)) {
                return self.unclaimed.remove(at);
            }
            if !self.hear().await {
                panic!("it ended without saying {words:?}:\n{}", self.all.join("\n"));
            }
        }
    }

    /// Sends SIGTERM, as service managers do.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status();
        assert!(sent.expect("sh starts").success(), "the process is there to be told");
    }

    /// Waits for the end. Gives the exit code, none after a signal, and everything that was said.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        while self.hear().await {}
        let status = self.child.wait().expect("it is our child");
        (status.code(), self.all.join("\n"))
    }

    /// Takes in one more line. False when both streams are closed.
    async fn hear(&mut self) -> bool {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
        let Ok(line) = line else {
            panic!("nothing was said for too long:\n{}", self.all.join("\n"));
        };
        let Some(line) = line else { return false };
        self.all.push(line.clone());
        self.unclaimed.push(line);
        true
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedside"));
    command.args(args).stdin(Stdio::null()).env_remove("BEDSIDE_DEMO_DATABASE");
    command
}

fn relay(from: impl Read + Send + 'static, to: mpsc::UnboundedSender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if to.send(line).is_err() {
                return;
            }
        }
    });
}
