//! Plans: which requests for memory fail.

use std::fmt;
use std::str::FromStr;

/// What a plan makes scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Requests to the global allocator.
    Heap,
    /// System calls that ask the kernel for virtual memory, or change what it is.
    Mapping,
}

/// Which requests fail. Requests are counted from 0, from the beginning of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// None: the requests are only counted.
    Never,
    /// Exactly this one.
    Nth(u64),
    /// This one and all that follow.
    StickyFrom(u64),
    /// Those from `from` to before `until`.
    Window {
        /// The first that fails.
        from: u64,
        /// The first that no longer fails.
        until: u64,
    },
    /// Two: the second strikes while the first is being handled.
    Pair {
        /// The first that fails.
        first: u64,
        /// How many requests are served between the two.
        gap: u64,
    },
    /// Each with the same probability, pseudorandomly: the same seed fails the same ones.
    Random {
        /// The seed.
        seed: u64,
        /// How many in a million fail.
        per_million: u32,
    },
    /// Those that would make more than this number of bytes live at once. Heap only.
    LiveBytes(u64),
    /// The first that comes from this site, once. The site must have been profiled in this process.
    Site(u64),
}

/// A rule, what it applies to, and the smallest request that it applies to.
///
/// Its text form is short and exact: `nth:3`, `sticky:3`, `window:3..9`, `pair:3+0`,
/// `random:7/1000`, `live:65536`, `site:1f`; a suffix `@64` means requests of at least 64 bytes
/// only, a prefix `map.` virtual memory in place of the heap.
///
/// ```
/// use assay_oom::{Plan, Rule};
/// let plan: Plan = "pair:3+1@64".parse()?;
/// assert_eq!(plan, Plan::heap(Rule::Pair { first: 3, gap: 1 }).at_least(64));
/// assert_eq!(plan.to_string(), "pair:3+1@64");
/// # Ok::<(), assay_oom::PlanError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plan {
    /// What is scarce.
    pub resource: Resource,
    /// Which requests fail.
    pub rule: Rule,
    /// Smaller requests, in bytes, are neither failed nor counted by the rule.
    pub at_least: usize,
}

impl Plan {
    /// A plan that fails nothing.
    pub const CLEAN: Self = Self::heap(Rule::Never);

    /// A plan for the heap, whatever the size of a request.
    pub const fn heap(rule: Rule) -> Self {
        Self {
            resource: Resource::Heap,
            rule,
            at_least: 0,
        }
    }

    /// A plan for virtual memory, whatever the size of a request.
    pub const fn mapping(rule: Rule) -> Self {
        Self {
            resource: Resource::Mapping,
            rule,
            at_least: 0,
        }
    }

    /// The same plan, for requests of at least `bytes` only.
    pub const fn at_least(self, bytes: usize) -> Self {
        Self {
            at_least: bytes,
            ..self
        }
    }

    /// Whether it can fail more than one request.
    pub const fn is_repeated(&self) -> bool {
        !matches!(self.rule, Rule::Never | Rule::Nth(_) | Rule::Site(_))
    }

    /// The request that it surely fails first in an operation that makes `requests` of them, when
    /// that is known beforehand.
    pub const fn first_failure(&self, requests: u64) -> Option<u64> {
        let first = match self.rule {
            Rule::Nth(first)
            | Rule::StickyFrom(first)
            | Rule::Window { from: first, .. }
            | Rule::Pair { first, .. } => first,
            Rule::Never | Rule::Random { .. } | Rule::LiveBytes(_) | Rule::Site(_) => return None,
        };
        if self.at_least == 0 && first < requests {
            Some(first)
        } else {
            None
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => write!(out, "never"),
            Self::Nth(n) => write!(out, "nth:{n}"),
            Self::StickyFrom(n) => write!(out, "sticky:{n}"),
            Self::Window { from, until } => write!(out, "window:{from}..{until}"),
            Self::Pair { first, gap } => write!(out, "pair:{first}+{gap}"),
            Self::Random { seed, per_million } => write!(out, "random:{seed}/{per_million}"),
            Self::LiveBytes(cap) => write!(out, "live:{cap}"),
            Self::Site(site) => write!(out, "site:{site:x}"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resource == Resource::Mapping {
            write!(out, "map.")?;
        }
        write!(out, "{}", self.rule)?;
        if self.at_least > 0 {
            write!(out, "@{}", self.at_least)?;
        }
        Ok(())
    }
}

/// A text that is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no plan")]
pub struct PlanError(String);

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        parse(text).ok_or_else(|| PlanError(text.into()))
    }
}

fn parse(text: &str) -> Option<Plan> {
    let (resource, text) = match text.strip_prefix("map.") {
        Some(rest) => (Resource::Mapping, rest),
        None => (Resource::Heap, text),
    };
    let (rule, at_least) = match text.split_once('@') {
        Some((rule, bytes)) => (rule, bytes.parse().ok()?),
        None => (text, 0),
    };
    Some(Plan {
        resource,
        rule: parse_rule(rule)?,
        at_least,
    })
}

fn parse_rule(text: &str) -> Option<Rule> {
    if text == "never" {
        return Some(Rule::Never);
    }
    let (word, rest) = text.split_once(':')?;
    let pair = |separator| {
        let (one, two): (&str, &str) = rest.split_once(separator)?;
        Some((one.parse::<u64>().ok()?, two.parse::<u64>().ok()?))
    };
    Some(match word {
        "nth" => Rule::Nth(rest.parse().ok()?),
        "sticky" => Rule::StickyFrom(rest.parse().ok()?),
        "window" => {
            let (from, until) = pair("..")?;
            Rule::Window { from, until }
        }
        "pair" => {
            let (first, gap) = pair("+")?;
            Rule::Pair { first, gap }
        }
        "random" => {
            let (seed, per_million) = pair("/")?;
            let per_million = u32::try_from(per_million).ok()?;
            Rule::Random { seed, per_million }
        }
        "live" => Rule::LiveBytes(rest.parse().ok()?),
        "site" => Rule::Site(u64::from_str_radix(rest, 16).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_rule_is_read_back() {
        let rules = [
            Rule::Never,
            Rule::Nth(1),
            Rule::StickyFrom(2),
            Rule::Window { from: 3, until: 9 },
            Rule::Pair { first: 4, gap: 0 },
            Rule::Random {
                seed: u64::MAX,
                per_million: 7,
            },
            Rule::LiveBytes(65_536),
            Rule::Site(u64::MAX),
        ];
        for rule in rules {
            for plan in [
                Plan::heap(rule),
                Plan::mapping(rule),
                Plan::heap(rule).at_least(64),
            ] {
                assert_eq!(plan.to_string().parse(), Ok(plan));
            }
        }
    }

    #[test]
    fn what_is_no_plan_is_an_error() {
        for text in [
            "",
            "nth",
            "nth:",
            "nth:x",
            "pair:1",
            "random:1/9999999999",
            "map.",
            "nth:1@",
            "nth:-1",
        ] {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
    }
}
