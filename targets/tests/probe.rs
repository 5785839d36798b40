//! The probe tells which alternative of each relaxed operator an engine takes.

mod common;

use assay_checks::allowed::{judge, parameters};
use assay_engine::Engine;
use assay_generators::single_op::probe;
use assay_reference::relaxed::{self, Parameters};
use assay_reference::vector::VectorOp;
use assay_reference::{Profile, ReferenceEngine};
use assay_wasmtime::{Compiler, Configuration};
use common::{lab, on_large_stack};

fn probed(engine: &mut dyn Engine) -> Option<Parameters> {
    let probe = probe().expect("there are bytes enough");
    let transcript = engine.run(&probe).expect("it runs");
    parameters(&judge(&probe, &transcript).expect("it can be read"))
}

/// Whatever an engine takes, the probe finds just that.
#[test]
fn every_alternative_is_told_from_the_others() {
    for &op in VectorOp::ALL {
        let arity = match op.shape() {
            assay_reference::vector::Shape::Unary => 1,
            assay_reference::vector::Shape::Binary => 2,
            _ => 3,
        };
        if relaxed::parameter(op).is_none() {
            continue;
        }
        let alternatives = relaxed::allowed(op, &[0; 3][..arity]).len() as u8;
        assert!(alternatives > 1, "{op:?}");
        for alternative in 0..alternatives {
            let relaxed = Parameters::DETERMINISTIC.with_operator(op, alternative);
            let mut engine = ReferenceEngine::new().with_profile(Profile { relaxed });
            assert_eq!(probed(&mut engine), Some(relaxed), "{op:?} {alternative}");
        }
    }
}

/// Engines take one alternative of each operator; JavaScriptCore gives what nobody allows.
#[test]
fn engines_take_one_alternative_each() {
    let found: Vec<(String, Option<Parameters>)> = on_large_stack(|| {
        let mut lab = lab(None, None);
        let mut found = Vec::new();
        for number in 0..lab.oracles().len() {
            let engine = lab.oracle_mut(number).expect("it is there");
            found.push((engine.name().to_owned(), probed(engine)));
        }
        for compiler in [Compiler::Cranelift, Compiler::Pulley] {
            let engine = lab
                .subject(&Configuration::of(compiler))
                .expect("it is there");
            found.push((engine.name().to_owned(), probed(engine)));
        }
        found
    });
    for (name, parameters) in found {
        println!("{name}: {parameters:?}");
        assert_eq!(parameters.is_some(), name != "jsc", "{name}");
    }
}
