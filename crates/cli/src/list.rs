//! `assay list`

use crate::Verdict;
use crate::args::List;
use anyhow::{Result, anyhow};
use assay_engine::Features;
use assay_targets::{Lab, TARGETS};
use assay_wasmtime::Configuration;

pub fn list(args: &List) -> Result<Verdict> {
    let lab = Lab::open(args.engines.options().lab()?, &mut |line| {
        eprintln!("{line}")
    })
    .map_err(|why| anyhow!(why))?;
    println!("targets");
    for target in TARGETS {
        println!("  {:14} {}", target.name, target.about);
    }
    println!("subjects");
    for compiler in lab.subjects() {
        println!(
            "  {:14} {}",
            compiler.engine_name(),
            assay_wasmtime::VERSION
        );
    }
    println!("oracles");
    for oracle in lab.oracles() {
        println!("  {:14} {}", oracle.name(), oracle.version());
    }
    for missing in lab.missing() {
        println!("  {:14} not here: {}", missing.name, missing.why);
    }
    println!("what each pair shares");
    for compiler in lab.subjects() {
        for oracle in lab.oracles() {
            let shared = Configuration::of(*compiler).features() & oracle.features();
            println!(
                "  {:22} {}",
                format!("{}/{}", compiler.engine_name(), oracle.name()),
                names(shared)
            );
        }
    }
    Ok(Verdict::Clean)
}

fn names(features: Features) -> String {
    features.names().collect::<Vec<_>>().join(" ")
}
