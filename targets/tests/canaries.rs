//! Each fault that can be planted is caught within a fixed number of cases, and nothing is
//! "caught" where no fault is.

mod common;

use assay_checks::Fault;
use common::{lab, line, on_large_stack, run_case};

/// The seed of all cases here.
const SEED: u64 = 1;

/// Without garbage collection and exceptions.
const WITH_WASMI: &[&str] = &["wasmtime", "winch", "pulley", "wasmi"];

/// For faults in what wasmi does not have.
const WITH_V8: &[&str] = &["wasmtime", "pulley", "v8"];

/// A fault, and how soon it must be caught.
struct Canary {
    fault: Fault,
    /// Within how many cases there is a finding of one of the direct kinds.
    cases: u64,
    /// The kinds of difference that show the fault itself.
    direct: &'static [&'static str],
    /// The kinds that may follow from it.
    indirect: &'static [&'static str],
    engines: &'static [&'static str],
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
    ($($fault:ident $engines:ident $cases:literal $direct:tt then $indirect:tt)*) => {
        &[$(Canary {
            fault: Fault::$fault,
            cases: $cases,
            direct: &$direct,
            indirect: canaries!(@ $indirect),
            engines: $engines,
        }),*]
    };
    (@ anything) => { ANYTHING };
    (@ nothing) => { &[] };
}

const CANARIES: &[Canary] = canaries! {
    ResultBit     WITH_WASMI 2000 ["result"]      then nothing
    TrapSwallowed WITH_WASMI 2000 ["outcome"]     then nothing
    TrapKind      WITH_WASMI 2000 ["trap"]        then nothing
    GlobalWrite   WITH_WASMI 2000 ["global"]      then anything
    MemoryWrite   WITH_WASMI 2000 ["memory"]      then anything
    MemoryGrow    WITH_WASMI 2000 ["memory-size"] then anything
    TableWrite    WITH_WASMI 2000 ["table"]       then anything
    TableGrow     WITH_WASMI 2000 ["table"]       then anything
    Payload       WITH_V8    2000 ["payload"]     then nothing
    Tag           WITH_V8    2000 ["tag"]         then nothing
    HostCall      WITH_WASMI 2000 ["host-calls"]  then nothing
    Fuel          WITH_WASMI 2000 ["fuel"]        then anything
    SignExtension WITH_WASMI 2000 ["result"]      then anything
    Comparison    WITH_WASMI 2000 ["result"]      then anything
    Rounding      WITH_WASMI 2000 ["result"]      then anything
    RefTest       WITH_V8    2000 ["result"]      then anything
    HeapWrite     WITH_V8    2000 ["result"]      then anything
    BranchTable   WITH_WASMI 2000 ["result"]      then anything
    Select        WITH_WASMI 2000 ["result"]      then anything
    Lane          WITH_WASMI 2000 ["result"]      then anything
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
fn without_a_fault_wasmi_finds_nothing() {
    nothing_is_found(WITH_WASMI);
}

#[test]
fn without_a_fault_v8_finds_nothing() {
    nothing_is_found(WITH_V8);
}

fn all_are_caught(engines: &[&str]) {
    let rows = CANARIES.iter().filter(|row| row.engines == engines);
    let missed: Vec<_> = rows
        .filter_map(|row| on_large_stack(|| catch(row)).err())
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Runs cases until the fault is seen.
fn catch(row: &Canary) -> Result<(), String> {
    let name = row.fault.name();
    let mut lab = lab(Some(row.engines), Some(row.fault));
    for number in 0..row.cases {
        for finding in run_case(&mut lab, SEED, number).findings {
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

/// The cases are those that the faults above were caught in.
fn nothing_is_found(engines: &[&str]) {
    let rows = CANARIES.iter().filter(|row| row.engines == engines);
    let cases = rows.map(|row| row.cases).max().unwrap_or(0);
    let found: Vec<String> = on_large_stack(|| {
        let mut lab = lab(Some(engines), None);
        (0..cases)
            .flat_map(|number| {
                let findings = run_case(&mut lab, SEED, number).findings;
                let lines = findings
                    .iter()
                    .map(|it| format!("case {number}: {}", line(it)));
                lines.collect::<Vec<_>>()
            })
            .collect()
    });
    assert!(found.is_empty(), "in {cases} cases:\n{}", found.join("\n"));
}

/// The kind of difference that a signature `TARGET SUBJECT/ORACLE KIND: …` tells.
fn kind(signature: &str) -> &str {
    let word = signature.split(' ').nth(2).unwrap_or_default();
    word.strip_suffix(':').unwrap_or(word)
}
