//! What an operator gives must be among what the specification allows.
//!
//! **Property.** Each call runs one operator on known operands ([`Site`]), and gives all bits of the
//! result as integers. These bits are a member of the set that the specification lists for that
//! operator and these operands, as [`assay_reference`] has it: for floats the one number, or any
//! NaN of a kind; for relaxed vector instructions the results of all alternatives. Every engine is
//! judged by itself; none is compared with another.
//!
//! **Why it is sound.** The sets are written from the specification and agree with the official
//! suite; what only the suite allows, or only practice ([`Origin`]), is counted and no finding.
//! Nothing but the operator can change the result: what lifts operands and lowers results moves
//! bits (Core 4.3.2 for `reinterpret`, 4.3.1 for lanes).
//!
//! **Legal nondeterminism**
//! - *NaN bits* (Core 4.3.3, "NaN Propagation"): where all NaNs among the operands are canonical,
//!   a canonical NaN of either sign; else any arithmetic NaN. `abs`, `neg`, `copysign`, `pmin` and
//!   `pmax` leave no choice.
//! - *Relaxed operations* (Core 4.3.6): one of the alternatives, the same for all lanes. A result
//!   each lane of which is allowed, but not together, is [`What::Mixture`].
//! - *The parameter* (Core 4.3.6): one of the alternatives throughout a program. An engine that
//!   folds constants by one and runs code by another, or has one instruction for bytes and another
//!   for words, strays from that: it is counted ([`Account::strays`]), since results that a program
//!   may get in another run of the same engine harm nobody.
//! - *Exhaustion* (Core A.3): ends the judgement.

mod site;

pub use site::{Site, Unreadable, sites};

use assay_engine::{Outcome, Phase, Program, Resource, Step, Transcript, Value};
use assay_reference::LaneRule;
use assay_reference::relaxed::{self, Alternative, Origin, Parameter, Parameters};
use assay_reference::vector::VectorOp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What was judged of an engine. Adding two is commutative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// By operator, as `wasmparser` names it.
    pub operators: BTreeMap<String, Tally>,
    /// Programs in which no one value of a parameter explains all results, by parameter.
    pub strays: BTreeMap<String, u64>,
    /// Calls of whole programs, compared to the bit with the reference interpreter after it was told
    /// which alternatives the engine takes.
    #[serde(default)]
    pub calls: u64,
}

/// The results of an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// All that were judged.
    pub results: u64,
    /// Those that the official suite allows, and not the text of the specification.
    pub suite: u64,
    /// Those that neither allows, but other engines give as well.
    pub practice: u64,
    /// Programs in which no one alternative explains all results.
    pub strays: u64,
}

impl Account {
    /// How many results were judged.
    pub fn results(&self) -> u64 {
        self.operators.values().map(|tally| tally.results).sum()
    }

    /// How many results and calls were judged or compared.
    pub fn compared(&self) -> u64 {
        self.results() + self.calls
    }

    /// Adds another account.
    pub fn merge(&mut self, other: &Self) {
        for (operator, theirs) in &other.operators {
            let ours = self.operators.entry(operator.clone()).or_default();
            ours.results += theirs.results;
            ours.suite += theirs.suite;
            ours.practice += theirs.practice;
            ours.strays += theirs.strays;
        }
        self.calls += other.calls;
        for (parameter, count) in &other.strays {
            *self.strays.entry(parameter.clone()).or_default() += count;
        }
    }
}

/// Which alternative of each relaxed operator an engine takes, as far as `judgement` tells: nothing
/// where it takes no one, or one that nobody allows. `judgement` must be of all operators.
pub fn parameters(judgement: &Judgement) -> Option<Parameters> {
    if !judgement.wrong.is_empty() || judgement.cut.is_some() {
        return None;
    }
    let mut parameters = Parameters::DETERMINISTIC;
    for &op in VectorOp::ALL {
        if relaxed::parameter(op).is_some() {
            let alternatives = *judgement.alternatives.get(&format!("{op:?}"))?;
            // Where several are left they do not differ on any operands that were tried.
            let first = (alternatives != 0).then(|| alternatives.trailing_zeros() as u8)?;
            parameters = parameters.with_operator(op, first);
        }
    }
    Some(parameters)
}

/// What a judgement came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What was judged.
    pub account: Account,
    /// What is wrong.
    pub wrong: Vec<Wrong>,
    /// Which values of each parameter explain all results that depend on it, as a set of bits.
    pub values: BTreeMap<Parameter, u8>,
    /// Which alternatives of each relaxed operator explain all its results, as a set of bits.
    pub alternatives: BTreeMap<String, u8>,
    /// Why not all calls were judged, if they were not.
    pub cut: Option<Cut>,
}

/// Why a judgement ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The engine refuses the module.
    Rejected(Phase),
    /// It ran out of something.
    Exhausted(Resource),
    /// Instantiation fails otherwise, so that there was nothing to call.
    NotInstantiated,
}

/// A result that nobody allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The call that gave it.
    pub call: usize,
    /// What it ran.
    pub site: Site,
    /// What is wrong with it.
    pub what: What,
    /// The bits of the result, where there is one.
    pub result: Option<u128>,
    /// What the engine did, in words; the bits of a result in hexadecimal.
    pub seen: String,
}

/// Kinds of what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A number that is not allowed.
    Result,
    /// A NaN that is not allowed, where another one is.
    Nan,
    /// A vector each lane of which is allowed, but not all of them together.
    Mixture,
    /// It did not return.
    Outcome,
    /// Not as many values, or not of the types, that the function has.
    Shape,
}

impl What {
    /// The kind, in a word.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Nan => "nan",
            Self::Mixture => "mixture",
            Self::Outcome => "outcome",
            Self::Shape => "shape",
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operands = self.site.operands.iter().map(|bits| format!("{bits:x}"));
        write!(
            f,
            "{} of {} gives {}; allowed: ",
            self.site.operator,
            operands.collect::<Vec<_>>().join(", "),
            self.seen
        )?;
        let mut allowed: Vec<String> = Vec::new();
        for one in &self.site.allowed {
            let text = one.expected.to_string();
            if !allowed.contains(&text) {
                allowed.push(text);
            }
        }
        f.write_str(&allowed.join(" or "))
    }
}

/// Judges what an engine did with a program.
///
/// # Errors
///
/// Where the program is not of the form that can be judged.
pub fn judge(program: &Program, transcript: &Transcript) -> Result<Judgement, Unreadable> {
    let sites = sites(program)?;
    let mut judgement = Judgement {
        account: Account::default(),
        wrong: Vec::new(),
        values: BTreeMap::new(),
        alternatives: BTreeMap::new(),
        cut: cut(&transcript.instantiation),
    };
    let started = matches!(transcript.instantiation.outcome, Outcome::Returned(_));
    if !started && judgement.cut.is_none() {
        judgement.cut = Some(Cut::NotInstantiated);
    }
    for (call, (site, step)) in sites.iter().zip(&transcript.calls).enumerate() {
        if let Some(cut) = cut(step) {
            judgement.cut = Some(cut);
            break;
        }
        if let Err((what, result, seen)) = judgement.take(site, &step.outcome) {
            judgement.wrong.push(Wrong {
                call,
                site: site.clone(),
                what,
                result,
                seen,
            });
        }
    }
    for (parameter, _) in judgement.values.iter().filter(|(_, values)| **values == 0) {
        let name = format!("{parameter:?}");
        judgement.account.strays.insert(name, 1);
    }
    for (operator, _) in judgement.alternatives.iter().filter(|(_, set)| **set == 0) {
        let tally = judgement.account.operators.get_mut(operator);
        tally.into_iter().for_each(|tally| tally.strays = 1);
    }
    Ok(judgement)
}

fn cut(step: &Step) -> Option<Cut> {
    match step.outcome {
        Outcome::Rejected(phase) => Some(Cut::Rejected(phase)),
        Outcome::Exhausted(resource) => Some(Cut::Exhausted(resource)),
        _ => None,
    }
}

impl Judgement {
    /// Judges one result, and counts it.
    fn take(&mut self, site: &Site, outcome: &Outcome) -> Result<(), (What, Option<u128>, String)> {
        let tally = self.account.operators.entry(site.operator.clone());
        let tally = tally.or_default();
        tally.results += 1;
        let Outcome::Returned(values) = outcome else {
            return Err((What::Outcome, None, outcome.to_string()));
        };
        let Some(bits) = joined(values) else {
            return Err((What::Shape, None, outcome.to_string()));
        };
        let matching = site.allowed.iter().filter(|one| one.expected.matches(bits));
        match matching.map(|one| one.origin).min() {
            Some(Origin::Specification) => {}
            Some(Origin::Suite) => tally.suite += 1,
            Some(Origin::Practice) => tally.practice += 1,
            None => {
                let digits = site.width() as usize / 4;
                return Err((kind(site, bits), Some(bits), format!("{bits:0digits$x}")));
            }
        }
        self.narrow(site, bits);
        Ok(())
    }

    /// Leaves the alternatives, and the values of the parameter, that explain the result. Only the
    /// alternatives of the specification are values; where none of these is, there is no word on them.
    fn narrow(&mut self, site: &Site, bits: u128) {
        let Some(parameter) = site.parameter else {
            return;
        };
        let set = |allowed: &dyn Fn(&Alternative) -> bool| {
            let all = (0u32..8).zip(&site.allowed);
            let some = all.filter(|(_, one)| allowed(one) && one.expected.matches(bits));
            some.fold(0, |set, (index, _)| set | 1u8 << index)
        };
        let alternatives = self.alternatives.entry(site.operator.clone());
        *alternatives.or_insert(u8::MAX) &= set(&|_| true);
        let values = set(&|one| one.origin == Origin::Specification);
        if values != 0 {
            *self.values.entry(parameter).or_insert(u8::MAX) &= values;
        }
    }
}

/// The bits of a result, the low half of a vector first.
fn joined(values: &[Value]) -> Option<u128> {
    match *values {
        [Value::I32(x)] => Some(x.into()),
        [Value::I64(x)] => Some(x.into()),
        [Value::I64(low), Value::I64(high)] => Some(u128::from(high) << 64 | u128::from(low)),
        _ => None,
    }
}

/// What is wrong with a result that is not allowed.
fn kind(site: &Site, bits: u128) -> What {
    let all = || site.allowed.iter().map(|one| &one.expected);
    let lanes = all().next().map_or(0, |expected| expected.lane_count());
    let fits = |i: u32| all().any(|expected| expected.lane_matches(i, bits));
    let is_nan = |i: u32| all().any(|expected| expected.rule(i) != LaneRule::Exact);
    if (0..lanes).all(fits) && lanes > 1 {
        What::Mixture
    } else if (0..lanes).all(|i| fits(i) || is_nan(i)) {
        What::Nan
    } else {
        What::Result
    }
}

#[cfg(test)]
mod tests;
