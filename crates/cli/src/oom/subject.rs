//! What is explored.

use anyhow::{Context, Result, anyhow, bail};
use assay_oom::AnyScenario;
use assay_oom_wasmtime::{Row, find, fuzz, rows};
use std::path::Path;

/// A row of the table, or what an input of the fuzz target means.
pub enum Subject {
    Row(&'static Row),
    Input(Vec<u8>),
}

impl Subject {
    /// Those named; the input, where there is one; else all rows.
    pub fn all(names: &[String], input: Option<&Path>) -> Result<Vec<Self>> {
        match (names, input) {
            (_, Some(path)) => Ok(vec![Self::read(path)?]),
            ([], None) => Ok(rows().map(Self::Row).collect()),
            (names, None) => names.iter().map(|name| Self::named(name)).collect(),
        }
    }

    /// What a token's scenario is.
    pub fn of_token(name: &str, input: Option<&Path>) -> Result<Self> {
        match (name == fuzz::NAME, input) {
            (true, Some(path)) => Self::read(path),
            (true, None) => bail!("--input says which input the token is of"),
            (false, _) => Self::named(name),
        }
    }

    fn named(name: &str) -> Result<Self> {
        let row = find(name);
        row.map(Self::Row)
            .ok_or_else(|| anyhow!("no scenario {name:?}; assay oom list tells all"))
    }

    fn read(path: &Path) -> Result<Self> {
        let shown = || path.display().to_string();
        let bytes = std::fs::read(path).with_context(shown)?;
        fuzz::scenario(&bytes).with_context(shown)?;
        Ok(Self::Input(bytes))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Row(row) => row.name,
            Self::Input(_) => fuzz::NAME,
        }
    }

    /// Sets it up, in the process that is to run it.
    pub fn make(&self) -> Box<dyn AnyScenario> {
        match self {
            Self::Row(row) => row.make(),
            Self::Input(bytes) => match fuzz::scenario(bytes) {
                Ok((scenario, _)) => scenario,
                Err(why) => panic!("the input meant a scenario before: {why}"),
            },
        }
    }
}
