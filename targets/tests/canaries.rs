//! Each fault that can be planted is caught within a fixed number of cases, and nothing is
//! "caught" where no fault is.

mod common;

use assay_checks::differential::compare;
use assay_checks::{Comparison, Fault};
use assay_engine::{Engine, Outcome, Transcript};
use assay_targets::differential::{Plan, plan};
use assay_targets::{Input, Lab, bytes};
use assay_wasmtime::{Compiler, Configuration};
use common::{lab, line, on_large_stack, run_case};

/// The seed of all cases here.
const SEED: u64 = 1;

/// A target, and the engines that it has.
#[derive(Clone, Copy, PartialEq)]
struct Bench {
    target: &'static str,
    engines: &'static [&'static str],
}

/// Without garbage collection and exceptions.
const WITH_WASMI: Bench = Bench {
    target: "differential",
    engines: &["wasmtime", "winch", "pulley", "wasmi"],
};

/// For faults in what wasmi does not have.
const WITH_V8: Bench = Bench {
    target: "differential",
    engines: &["wasmtime", "pulley", "v8"],
};

/// Cases with answers, of the instructions of garbage collection.
const STRESS: Bench = Bench {
    target: "gc_ops",
    engines: &["wasmtime", "pulley", "reference"],
};

/// Cases with answers, of exceptions.
const EXCEPTIONS: Bench = Bench {
    target: "exception_ops",
    engines: &["wasmtime", "pulley", "reference"],
};

/// Cases with answers, of call stacks.
const STACKS: Bench = Bench {
    target: "stacks",
    engines: &["wasmtime", "pulley", "reference"],
};

/// Cases with answers, of calls of the host's functions.
const HOST: Bench = Bench {
    target: "host_calls",
    engines: &["wasmtime", "pulley", "reference"],
};

/// Judged alone, with no oracle.
const ALONE: Bench = Bench {
    target: "nondeterminism",
    engines: &["wasmtime", "pulley"],
};

/// A fault, and how soon it must be caught.
struct Canary {
    fault: Fault,
    /// Within how many cases there is a finding of one of the direct kinds.
    cases: u64,
    /// The kinds of difference that show the fault itself.
    direct: &'static [&'static str],
    /// The kinds that may follow from it.
    indirect: &'static [&'static str],
    bench: Bench,
}

/// What a wrong value inside a module may lead to: all but a module that an engine refuses, and
/// transcripts of different shapes.
const ANYTHING: &[&str] = &[
    "outcome",
    "result",
    "trap",
    "tag",
    "payload",
    "fuel",
    "global",
    "table",
    "memory-size",
    "memory",
    "host-calls",
];

macro_rules! canaries {
    ($($fault:ident $bench:ident $cases:literal $direct:tt then $indirect:tt)*) => {
        &[$(Canary {
            fault: Fault::$fault,
            cases: $cases,
            direct: $direct,
            indirect: canaries!(@ $indirect),
            bench: $bench,
        }),*]
    };
    (@ anything) => { ANYTHING };
    (@ number) => { &["result"] };
    (@ nothing) => { &[] };
}

/// How a wrong value shows: where it is returned, and where the generator folds it into a global.
const VALUE: &[&str] = &["result", "global"];

const CANARIES: &[Canary] = canaries! {
    ResultBit     WITH_WASMI   50 (&["result"])          then nothing
    TrapSwallowed WITH_WASMI  100 (&["outcome"])         then nothing
    TrapKind      WITH_WASMI  100 (&["trap"])            then nothing
    GlobalWrite   WITH_WASMI  200 (&["global"])          then anything
    MemoryWrite   WITH_WASMI 3000 (&["memory"])          then anything
    MemoryGrow    WITH_WASMI 3000 (&["memory-size"])     then anything
    TableWrite    WITH_WASMI 3000 (&["table", "result"]) then anything
    TableGrow     WITH_WASMI 2000 (&["table", "result"]) then anything
    Payload       WITH_V8     100 (&["payload"])         then nothing
    Tag           WITH_V8     100 (&["tag"])             then nothing
    HostCall      WITH_WASMI 2000 (&["host-calls"])      then nothing
    Fuel          WITH_WASMI   50 (&["fuel"])            then anything
    HostValue     HOST         50 (&["result"])          then anything
    HostSwallow   HOST        200 (&["outcome"])         then anything
    HostAgain     HOST        200 (&["outcome"])         then anything
    HostWrite     HOST        200 (&["result"])          then anything
    HostInterrupt HOST        200 (&["trap"])            then anything
    SignExtension WITH_WASMI 2000 VALUE                  then anything
    Comparison    WITH_WASMI 2000 VALUE                  then anything
    Rounding      WITH_WASMI 2000 VALUE                  then anything
    RefTest       WITH_V8    1500 VALUE                  then anything
    HeapWrite     WITH_V8    1500 VALUE                  then anything
    HeapSign      STRESS      200 (&["result"])          then anything
    Identity      STRESS      100 (&["result"])          then anything
    BulkWrite     STRESS      500 (&["result"])          then anything
    ArrayLength   STRESS      100 (&["result"])          then anything
    ObjectEarly   STRESS      100 (&["lives"])           then anything
    ObjectTwice   STRESS      100 (&["lives"])           then anything
    ObjectLost    STRESS      100 (&["lives"])           then anything
    ClauseOrder   EXCEPTIONS  100 (&["result"])          then anything
    CatchAll      EXCEPTIONS  100 (&["outcome"])         then anything
    Rethrow       EXCEPTIONS  100 (&["outcome"])         then anything
    BranchTable   WITH_WASMI 2000 VALUE                  then anything
    Select        WITH_WASMI  500 VALUE                  then anything
    Lane          WITH_WASMI 3000 VALUE                  then anything
    RelaxedLane   ALONE        20 (&["result", "nan"])   then nothing
    QuietBit      ALONE        20 (&["nan"])             then number
    NanPayload    ALONE        20 (&["nan"])             then number
    FrameMissing  STACKS       50 (&["frame-missing"])   then nothing
    FrameOffset   STACKS      100 (&["frame-offset"])    then nothing
    FrameKept     STACKS       50 (&["frame-extra"])     then nothing
    StackUntold   STACKS       50 (&["stacks"])          then nothing
};

#[test]
fn each_fault_has_a_row() {
    for fault in Fault::ALL {
        let rows = CANARIES.iter().filter(|row| row.fault == *fault).count();
        assert_eq!(rows, 1, "{}", fault.name());
    }
}

#[test]
fn faults_are_caught_by_wasmi() {
    all_are_caught(WITH_WASMI);
}

#[test]
fn faults_are_caught_by_v8() {
    all_are_caught(WITH_V8);
}

#[test]
fn faults_are_caught_by_answers() {
    all_are_caught(STRESS);
    all_are_caught(EXCEPTIONS);
    all_are_caught(STACKS);
    all_are_caught(HOST);
}

/// The cases of the faults above, and more.
#[test]
fn without_a_fault_all_come_to_their_answers() {
    for Bench { target, engines } in [STRESS, EXCEPTIONS, STACKS, HOST] {
        let found: Vec<String> = on_large_stack(|| {
            let mut lab = lab(Some(engines), None);
            let run = |number| run_case(&mut lab, target, SEED, number);
            let reports: Vec<_> = (0..300).map(run).collect();
            assert!(reports.iter().filter(|report| report.is_useful()).count() > 285);
            let findings = reports.iter().flat_map(|report| &report.findings);
            findings.map(line).collect()
        });
        assert!(found.is_empty(), "{target}: {}", found.join("\n"));
    }
}

#[test]
fn faults_are_caught_by_what_is_allowed() {
    all_are_caught(ALONE);
}

/// The cases of the faults above, and many more.
#[test]
fn without_a_fault_all_is_allowed() {
    let found: Vec<String> = on_large_stack(|| {
        let mut lab = lab(Some(ALONE.engines), None);
        let run = |number| run_case(&mut lab, ALONE.target, SEED, number);
        let reports: Vec<_> = (0..300).map(run).collect();
        let findings = reports.iter().flat_map(|report| &report.findings);
        findings.map(line).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn without_a_fault_wasmi_finds_nothing() {
    nothing_is_found(WITH_WASMI);
}

#[test]
fn without_a_fault_v8_finds_nothing() {
    nothing_is_found(WITH_V8);
}

fn all_are_caught(bench: Bench) {
    let rows = CANARIES.iter().filter(|row| row.bench == bench);
    let missed: Vec<_> = rows
        .filter_map(|row| on_large_stack(|| catch(row)).err())
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Runs cases until the fault is seen.
fn catch(row: &Canary) -> Result<(), String> {
    let name = row.fault.name();
    let mut lab = lab(Some(row.bench.engines), Some(row.fault));
    for number in 0..row.cases {
        for finding in run_case(&mut lab, row.bench.target, SEED, number).findings {
            let kind = kind(&finding.signature);
            if row.direct.contains(&kind) {
                println!("{name}: case {number}: {}", line(&finding));
                return Ok(());
            }
            if !row.indirect.contains(&kind) {
                return Err(format!(
                    "{name}: case {number} does not fit: {}",
                    line(&finding)
                ));
            }
        }
    }
    Err(format!("{name}: not caught in {} cases", row.cases))
}

/// The cases are those that the faults above are caught in. A difference in which the other engines
/// side with the subject is a bug of the oracle: it is printed, and is not about the subject.
fn nothing_is_found(bench: Bench) {
    let Bench { target, engines } = bench;
    let rows = CANARIES.iter().filter(|row| row.bench == bench);
    let cases = rows.map(|row| row.cases).max().unwrap_or(0);
    let found: Vec<String> = on_large_stack(|| {
        let mut one = lab(Some(engines), None);
        let mut all = lab(None, None);
        let mut found = Vec::new();
        for number in 0..cases {
            for finding in run_case(&mut one, target, SEED, number).findings {
                let text = format!("case {number}: {}", line(&finding));
                let plan = plan(&one, &Input::of(&bytes::of(SEED, number)));
                match plan
                    .ok()
                    .and_then(|plan| sides_with_subject(&mut all, &plan, engines))
                {
                    Some(who) => println!("{text}: {who} sides with the subject"),
                    None => found.push(text),
                }
            }
        }
        found
    });
    assert!(found.is_empty(), "in {cases} cases:\n{}", found.join("\n"));
}

/// Who does in this case what the subject does, if those to be believed are of one mind: the oracles
/// that are not among `engines`, or, where none of these can run the module, the other compilers.
fn sides_with_subject(all: &mut Lab, plan: &Plan, engines: &[&str]) -> Option<String> {
    let configuration = &plan.setup.configuration;
    let subject = all.subject(configuration).ok()?.run(&plan.program).ok()?;
    let mut said = Vec::new();
    for number in 0..all.oracles().len() {
        let oracle = all.oracle_mut(number)?;
        if !engines.contains(&oracle.name()) {
            let name = oracle.name().to_owned();
            said.extend(agrees(oracle, plan, &subject).map(|agrees| (name, agrees)));
        }
    }
    if said.is_empty() {
        let others = Compiler::ALL.into_iter();
        for compiler in others.filter(|&compiler| compiler != configuration.compiler) {
            let engine = all.subject(&Configuration::of(compiler)).ok()?;
            let name = compiler.engine_name().to_owned();
            said.extend(agrees(engine, plan, &subject).map(|agrees| (name, agrees)));
        }
    }
    let of_one_mind = !said.is_empty() && said.iter().all(|(_, agrees)| *agrees);
    let names = said.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    of_one_mind.then(|| names.join(" and "))
}

/// Whether an engine does what the subject did; none where it cannot run the module. A module may
/// not use all features that it was allowed, so that it has to be tried.
fn agrees(engine: &mut dyn Engine, plan: &Plan, subject: &Transcript) -> Option<bool> {
    let transcript = engine.run(&plan.program).ok()?;
    let outcome = &transcript.instantiation.outcome;
    let ran = !matches!(outcome, Outcome::Rejected(_));
    ran.then(|| {
        compare(&plan.program, &plan.answers.outcomes, subject, &transcript).end
            == Comparison::Equal
    })
}

/// The kind of difference that a signature `TARGET SUBJECT/ORACLE KIND: …` tells.
fn kind(signature: &str) -> &str {
    let word = signature.split(' ').nth(2).unwrap_or_default();
    word.strip_suffix(':').unwrap_or(word)
}
