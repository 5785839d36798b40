//! The header: TOML, mirrored by types whose unknown fields are errors.

mod host;
mod literal;
mod stack;
mod step;

use crate::case::is_callable;
use crate::error::Fault;
use crate::{EngineRecord, FindingRecord};
use assay_engine::{Limits, Lives, Shim};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use host::HeaderHost;
pub(crate) use literal::{CallText, FeatureName};
pub(crate) use stack::{HeaderStack, stacks, told};
pub(crate) use step::{HeaderAnswer, HeaderStep};

/// The version of the format.
pub const FORMAT: u64 = 1;

/// The line that every whole header ends with.
pub(crate) const END: &str = "# end";

/// What stands above every header.
const ABOVE: &str = "# An Assay case: this header and a script. `assay replay` runs it.\n";

/// All that the script does not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// [`FORMAT`].
    pub format: u64,
    pub target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The name of the main module.
    pub main: String,
    pub features: Vec<FeatureName>,
    pub memories: u32,
    pub tags: u32,
    /// Whether the call stacks are asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stacks: bool,
    /// The call stacks that the generator says each call has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_stacks: Vec<Vec<HeaderStack>>,
    /// The calls of a program whose instantiation is expected to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreached: Vec<CallText>,
    #[serde(with = "LimitsMirror")]
    pub limits: Limits,
    #[serde(
        default,
        deserialize_with = "callable_shim",
        skip_serializing_if = "Option::is_none"
    )]
    pub shim: Option<Shim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingRecord>,
    #[serde(default, rename = "engine", skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<EngineRecord>,
    #[serde(default, skip_serializing_if = "HeaderHost::is_empty")]
    pub host: HeaderHost,
    /// What the generator says of each call.
    #[serde(default, rename = "answer", skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<HeaderAnswer>,
    /// What it says of the host's objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives: Option<Lives>,
    #[serde(default, rename = "step", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<HeaderStep>,
}

/// Whether a flag is not set, so that it is not written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// [`Limits`], with unknown fields as errors.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Limits", deny_unknown_fields)]
struct LimitsMirror {
    time_ms: u32,
    stack_bytes: u32,
    gc_heap_bytes: u32,
}

/// Reads a [`Shim`], and refuses one so large that a reader could not make its arguments.
fn callable_shim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shim>, D::Error> {
    let shim = Shim::deserialize(deserializer)?;
    if is_callable(&shim) {
        Ok(Some(shim))
    } else {
        Err(D::Error::custom(
            "a shim with more arguments or results than engines allow",
        ))
    }
}

/// The one field that is read before all others, since it says how to read them.
#[derive(Deserialize)]
struct Version {
    format: u64,
}

/// Why a header could not be read.
#[derive(Debug)]
pub(crate) enum HeaderError {
    /// It is wrong at this place.
    Fault(Fault),
    /// It has this other version.
    Version(u64),
}

impl Header {
    /// The header as TOML, ending with [`END`].
    ///
    /// # Errors
    ///
    /// A message, where TOML has no way to write a value.
    pub fn to_toml(&self) -> Result<String, String> {
        let body = toml::to_string(self).map_err(|error| error.to_string())?;
        Ok(format!("{ABOVE}{body}\n{END}\n"))
    }

    /// Reads a header.
    ///
    /// # Errors
    ///
    /// Where it is not one of this version.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let fault = |error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            HeaderError::Fault(Fault::at(text.as_bytes(), offset, error.message()))
        };
        let Version { format } = toml::from_str(text).map_err(fault)?;
        if format != FORMAT {
            return Err(HeaderError::Version(format));
        }
        toml::from_str(text).map_err(fault)
    }
}
