//! How far a long measurement is. The library prints nothing; the caller shows it.

/// One step of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is being done, a few plain words.
    pub what: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is; 0 when unknown.
    pub total: u64,
}

/// Is told each step. `&mut |_| {}` listens to nothing.
pub type Progress<'a> = &'a mut (dyn FnMut(Step) + 'a);
