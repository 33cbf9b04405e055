//! The crate from outside: who is blamed for faults in simulated calls, and what operators are shown.

mod deploy;
mod faults;
mod sim;
