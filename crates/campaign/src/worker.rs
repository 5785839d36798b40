//! The worker: runs the cases that it is told to.

use crate::message::{Answer, EngineHere, FindingHere, Order};
use crate::stats::Stats;
use crate::store;
use assay_engine::Features;
use assay_targets::{Lab, Target, find};
use assay_wasmtime::{Configuration, STACK_BYTES_NEEDED};
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::mpsc;

/// Serves orders from standard input until it ends.
///
/// # Errors
///
/// When the supervisor is gone.
pub fn serve() -> io::Result<()> {
    // Subjects need more stack than threads have, and the main thread's is not ours to choose.
    let worker = std::thread::Builder::new()
        .stack_size(2 * STACK_BYTES_NEEDED)
        .spawn(work)?;
    worker
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

struct Worker {
    target: &'static Target,
    seed: u64,
    out: PathBuf,
    lab: Lab,
}

fn work() -> io::Result<()> {
    let mut worker = None;
    for order in orders() {
        match (order?, &mut worker) {
            (
                Order::Start {
                    target,
                    seed,
                    out,
                    engines,
                },
                worker,
            ) => {
                let lab = engines
                    .lab()
                    .map_err(|error| error.to_string())
                    .and_then(|options| {
                        Lab::open(options, &mut |line| say(&Answer::Say(line.into())))
                    });
                match (lab, find(&target)) {
                    (Ok(lab), Some(target)) => {
                        say(&ready(&lab));
                        *worker = Some(Worker {
                            target,
                            seed,
                            out,
                            lab,
                        });
                    }
                    (Err(why), _) => say(&Answer::Cannot(why)),
                    (_, None) => say(&Answer::Cannot(format!("there is no target {target}"))),
                }
            }
            (Order::Run { cases, skip }, Some(worker)) => {
                let stats = worker.run(cases, &skip);
                say(&stats.map_or_else(Answer::Cannot, Answer::Done));
            }
            (Order::Describe { case, how }, Some(worker)) => {
                let stats = worker.describe(case, &how);
                say(&stats.map_or_else(Answer::Cannot, Answer::Done));
            }
            (_, None) => say(&Answer::Cannot("no start".into())),
        }
    }
    Ok(())
}

/// The orders. They are read on a thread of their own: when they end, there is no more work, or the
/// supervisor is gone, and then this process ends, even where a subject does not.
fn orders() -> mpsc::Receiver<io::Result<Order>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let order = line.and_then(|line| serde_json::from_str(&line).map_err(io::Error::other));
            if send.send(order).is_err() {
                return;
            }
        }
        std::process::exit(0)
    });
    receive
}

/// Tells the supervisor. When that is gone there is nobody left to work for.
fn say(answer: &Answer) {
    let mut line = serde_json::to_string(answer).unwrap_or_default();
    line.push('\n');
    let mut out = io::stdout().lock();
    if out
        .write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        std::process::exit(1);
    }
}

fn ready(lab: &Lab) -> Answer {
    let names = |features: Features| features.names().collect();
    let mut engines: Vec<_> = lab
        .subjects()
        .iter()
        .map(|&compiler| EngineHere {
            name: compiler.engine_name().into(),
            version: assay_wasmtime::VERSION.into(),
            subject: true,
            features: names(Configuration::of(compiler).features()),
        })
        .collect();
    engines.extend(lab.oracles().iter().map(|oracle| EngineHere {
        name: oracle.name().into(),
        version: oracle.version().into(),
        subject: false,
        features: names(oracle.features()),
    }));
    Answer::Ready {
        engines,
        missing: lab.missing().to_vec(),
        modules: lab.modules().len(),
    }
}

impl Worker {
    /// Runs cases. Of each signature, the first case is kept.
    fn run(&mut self, cases: std::ops::Range<u64>, skip: &[u64]) -> Result<Stats, String> {
        let mut stats = Stats::default();
        let mut seen = BTreeSet::new();
        for number in cases.filter(|number| !skip.contains(number)) {
            say(&Answer::At(number));
            let bytes = self.target.bytes(self.seed, number);
            let input = self.target.input(&self.lab, number, &bytes);
            let report = (self.target.run)(&mut self.lab, &input);
            stats.add(&report);
            for finding in report.findings {
                if seen.insert(finding.signature.clone()) {
                    self.keep(number, finding.case, &finding.signature)?;
                }
            }
        }
        Ok(stats)
    }

    fn describe(&mut self, number: u64, how: &str) -> Result<Stats, String> {
        let bytes = self.target.bytes(self.seed, number);
        let input = self.target.input(&self.lab, number, &bytes);
        let mut stats = Stats {
            cases: 1,
            ..Stats::default()
        };
        let Some(mut case) = (self.target.describe)(&self.lab, &input) else {
            return Err(format!(
                "case {number} took its worker down before it was made: {how}"
            ));
        };
        let subject = case
            .engines
            .first()
            .map(|engine| engine.name.clone())
            .unwrap_or_default();
        let signature = format!(
            "{} {subject} took its process down: {how}",
            self.target.name
        );
        case.finding = Some(assay_case::FindingRecord {
            signature: signature.clone(),
            what: format!("the process that ran {subject} ended: {how}"),
            seen: Vec::new(),
        });
        *stats.discards.entry("worker-died".into()).or_default() += 1;
        self.keep(number, case, &signature)?;
        Ok(stats)
    }

    fn keep(&self, number: u64, mut case: assay_case::Case, signature: &str) -> Result<(), String> {
        case.seed = Some(self.seed);
        case.index = Some(number);
        let path = store::keep(&self.out, signature, number, &case)
            .map_err(|error| format!("a finding cannot be written: {error}"))?;
        let what = case.finding.map(|finding| finding.what).unwrap_or_default();
        say(&Answer::Found(FindingHere {
            signature: signature.into(),
            case: number,
            path,
            what,
        }));
        Ok(())
    }
}
