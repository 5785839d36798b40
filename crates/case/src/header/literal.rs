//! Single values of the header that are strings with a meaning.

use crate::script::{call_text, parse_call};
use crate::text::{literal, parse_literal};
use assay_engine::{Features, Value};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value, as in `"i32.const 5"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Literal(pub Value);

/// A call, as in `'(invoke "f" (i32.const 5))'`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallText {
    pub export: String,
    pub args: Vec<Value>,
}

/// One feature by its name, as in `"tail-call"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FeatureName(pub Features);

/// The literals of these values.
pub(crate) fn literals(values: &[Value]) -> Vec<Literal> {
    values.iter().copied().map(Literal).collect()
}

/// The values of these literals.
pub(crate) fn values(literals: &[Literal]) -> Vec<Value> {
    literals.iter().map(|literal| literal.0).collect()
}

impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        literal(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_literal(&text).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for CallText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        call_text(&self.export, &self.args).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CallText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (export, args) = parse_call(&text).map_err(D::Error::custom)?;
        Ok(Self { export, args })
    }
}

impl Serialize for FeatureName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0
            .names()
            .next()
            .unwrap_or_default()
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FeatureName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let feature = Features::all()
            .iter()
            .find(|feature| feature.names().any(|n| n == name));
        feature
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("there is no feature {name:?}")))
    }
}
