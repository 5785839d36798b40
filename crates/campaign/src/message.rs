//! What supervisor and worker say to each other: one JSON value per line.

use crate::options::EngineOptions;
use crate::stats::Stats;
use assay_targets::Missing;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;

/// To the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// First: what to work on. Answered by [`Answer::Ready`].
    Start {
        target: String,
        seed: u64,
        out: PathBuf,
        engines: EngineOptions,
    },
    /// Run these cases but those to skip. Answered by [`Answer::Done`].
    Run { cases: Range<u64>, skip: Vec<u64> },
    /// Write down a case that took a worker with it, without running it. Answered by
    /// [`Answer::Found`] and [`Answer::Done`].
    Describe { case: u64, how: String },
}

/// From the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Something to tell the user, such as an installation.
    Say(String),
    /// The engines are up.
    Ready {
        engines: Vec<EngineHere>,
        missing: Vec<Missing>,
        modules: usize,
    },
    /// It cannot start, and why.
    Cannot(String),
    /// It is about to run this case.
    At(u64),
    /// A finding is on disk.
    Found(FindingHere),
    /// The order has been carried out.
    Done(Stats),
}

/// An engine that takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineHere {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is on trial.
    pub subject: bool,
    /// The features that it runs.
    pub features: Vec<String>,
}

/// A finding on disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingHere {
    /// Equal for findings of the same cause, as far as can be told.
    pub signature: String,
    /// The number of the case.
    pub case: u64,
    /// Its folder.
    pub path: PathBuf,
    /// What is wrong, in one line.
    pub what: String,
}
