//! The explorer: runs a scenario once per plan, in children that may die, and judges each run.

pub(crate) mod arena;
mod batch;
mod explorer;
mod judge;
mod lenient;
mod panics;
mod profile;
mod replay;
mod report;
pub(crate) mod run;
mod schedule;

pub use explorer::{Cannot, Explorer, Options, Zygote};
pub use lenient::Lenient;
pub use profile::{Judgement, Profile};
pub use replay::{Replay, Token, TokenError};
pub use report::{Cost, DeathAccount, Finding, Line, Report, SiteAccount, Summary, Timed};
pub use run::AnyScenario;
pub use schedule::Schedule;
