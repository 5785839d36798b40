//! Replay: one verdict again, from a short text.

use super::report::Finding;
use crate::plan::{Plan, PlanError};
use crate::verdict::Verdict;
use std::fmt;
use std::str::FromStr;

/// What reproduces a run: the scenario, the plan, and the stack of the first failure.
///
/// The stack is a hash of addresses relative to their module, so it holds for one build; the plan
/// and the scenario hold for all. Its text form is `scenario/plan/stack`.
///
/// ```
/// use assay_oom::Token;
/// let token: Token = "store-new/pair:3+1/00000000000000ff".parse()?;
/// assert_eq!(token.context, 255);
/// # Ok::<(), assay_oom::TokenError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    /// The scenario's name.
    pub scenario: String,
    /// The plan.
    pub plan: Plan,
    /// The stack of the first failure, and 0 where nothing failed.
    pub context: u64,
}

/// A text that is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It has not the form.
    #[error("“{0}” is not of the form scenario/plan/stack")]
    Form(String),
    /// Its plan is none.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{:016x}", self.scenario, self.plan, self.context)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let form = || TokenError::Form(text.into());
        let (rest, context) = text.rsplit_once('/').ok_or_else(form)?;
        let context = u64::from_str_radix(context, 16).map_err(|_| form())?;
        // A random plan has a slash of its own.
        let (scenario, plan) = rest.split_once('/').ok_or_else(form)?;
        Ok(Self {
            scenario: scenario.into(),
            plan: plan.parse()?,
            context,
        })
    }
}

/// What a replay showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the first failure came from where the token says. In another build it will not, and
    /// then the verdict speaks of another request.
    pub same_context: bool,
    /// The finding, with symbolised stacks; of a good verdict too.
    pub finding: Finding,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Rule;

    #[test]
    fn the_text_of_a_token_is_read_back() {
        for rule in [
            Rule::Nth(3),
            Rule::Random {
                seed: 1,
                per_million: 2,
            },
        ] {
            let token = Token {
                scenario: "a-b".into(),
                plan: Plan::mapping(rule).at_least(9),
                context: 0xabc,
            };
            assert_eq!(token.to_string().parse(), Ok(token));
        }
    }

    #[test]
    fn what_is_no_token_is_an_error() {
        for text in ["", "a/b", "a/nth:1/zz", "a/what/1", "nth:1/1"] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }
}
