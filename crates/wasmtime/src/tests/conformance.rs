//! The checks that every adapter goes through.

use super::support::{bases, engine, with_stack};
use crate::configuration::Extension;
use crate::{Compiler, WasmtimeEngine};
use assay_conformance::canary::missed;
use assay_conformance::examine;
use assay_engine::{Engine as _, Features};

/// The features that no configuration of a compiler has, on x86-64.
fn lacks(compiler: Compiler) -> Features {
    let never = Features::LEGACY_EXCEPTIONS;
    let simd = if Extension::Avx2.is_here() {
        Features::empty()
    } else {
        Features::SIMD
    };
    match compiler {
        Compiler::Cranelift => never,
        Compiler::Pulley => never | Features::THREADS,
        Compiler::Winch => {
            never
                | simd
                | Features::RELAXED_SIMD
                | Features::REFERENCE_TYPES
                | Features::TAIL_CALL
                | Features::FUNCTION_REFERENCES
                | Features::GC
                | Features::EXCEPTIONS
        }
    }
}

#[test]
fn every_compiler_conforms() {
    with_stack(|| {
        for configuration in bases() {
            let compiler = configuration.compiler;
            let text = configuration.to_toml().expect("it prints");
            let name = compiler.engine_name();
            let mut engine = WasmtimeEngine::new(name, configuration).expect("it is valid");
            let report = examine(&mut engine);
            assert!(report.is_clean(), "{report}{text}");
            if cfg!(target_arch = "x86_64") {
                assert_eq!(report.lacks(), lacks(compiler), "{text}");
            }
            let spent = engine.spent();
            assert!(!spent.compile.is_zero(), "{text}");
            assert!(
                !spent.instantiate.is_zero() && !spent.call.is_zero(),
                "{text}"
            );
        }
    });
}

#[test]
fn every_fault_is_caught() {
    with_stack(|| assert_eq!(missed(&mut engine(Compiler::Cranelift)), []));
}
