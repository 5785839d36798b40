//! Campaigns: many cases, on many workers, into one folder.
//!
//! The [`supervisor`](supervise) hands out ranges of case numbers to [`worker`](serve) processes and
//! adds up what they report. A case is a pure function of seed and number, so that nothing depends
//! on which worker ran it.
//!
//! The subject runs inside a worker and cannot take more than that down: a worker says which case
//! it is about to run; when it dies, or says nothing for too long, that case is a finding, written
//! by the worker's successor, which then goes on behind it. A finding is on disk before the next
//! case starts.

mod message;
mod options;
mod stats;
mod store;
mod supervisor;
mod worker;

pub use message::{EngineHere, FindingHere};
pub use options::{Budget, EngineOptions, Options, OptionsError};
pub use stats::{FeatureStats, PairStats, Stats};
pub use supervisor::{CampaignError, Event, Summary, supervise};
pub use worker::serve;
