//! Prepared modules are valid for exactly the features of the original, whatever that was.

use arbitrary::Unstructured;
use assay_engine::Features;
use assay_module::{Exports, Info, Plan, Telling, prepare, wasm_features};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wasmparser::{Validator, WasmFeatures};

fn smith_config(features: Features) -> wasm_smith::Config {
    let on = |f| features.contains(f);
    wasm_smith::Config {
        min_types: 4,
        min_funcs: 1,
        max_funcs: 5,
        max_imports: 10,
        simd_enabled: on(Features::SIMD),
        relaxed_simd_enabled: false,
        reference_types_enabled: on(Features::REFERENCE_TYPES),
        tail_call_enabled: on(Features::TAIL_CALL),
        gc_enabled: on(Features::GC),
        exceptions_enabled: on(Features::EXCEPTIONS),
        memory64_enabled: on(Features::MEMORY64),
        extended_const_enabled: on(Features::EXTENDED_CONST),
        max_memories: if on(Features::MULTI_MEMORY) { 3 } else { 1 },
        multi_value_enabled: true,
        bulk_memory_enabled: true,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    }
}

#[test]
fn smithed_modules_stay_valid() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let sets = [
        Features::WASM3,
        Features::WASM3 - Features::GC - Features::EXCEPTIONS - Features::FUNCTION_REFERENCES,
        Features::SIMD | Features::REFERENCE_TYPES,
        Features::SIMD,
    ];
    let mut prepared_modules = 0;
    let mut callable = 0;
    for case in 0..600 {
        let features = sets[case % sets.len()];
        let mut bytes = vec![0; 4096];
        rng.fill(bytes.as_mut_slice());
        let mut u = Unstructured::new(&bytes);
        let Ok(module) = wasm_smith::Module::new(smith_config(features), &mut u) else {
            continue;
        };
        let wasm = module.to_bytes();
        let mut flags = wasm_features(features);
        if !features.contains(Features::REFERENCE_TYPES) {
            // As Winch has it: not even a declaration of references.
            flags -= WasmFeatures::GC_TYPES;
        }
        let validator = || Validator::new_with_features(flags);
        validator().validate_all(&wasm).unwrap();
        let info = Info::read(&wasm).unwrap();
        let plan = Plan {
            features,
            exports: Exports::Defined,
            array_mask: Some(1023),
            fuse: case % 2 == 1,
            state: [
                Telling::Slots,
                Telling::Digest,
                Telling::Digest,
                Telling::Nothing,
            ][case % 4],
            ..Plan::default()
        };
        let prepared = match prepare(&wasm, &info, &plan) {
            Ok(prepared) => prepared,
            Err(assay_module::PrepareError::Unprovided(_)) => continue,
            Err(e) => panic!("case {case}: {e}"),
        };
        prepared_modules += 1;
        callable += prepared.callables.len();
        for module in &prepared.modules {
            if let Err(e) = validator().validate_all(&module.wasm) {
                let text = wasmprinter::print_bytes(&module.wasm).unwrap_or_default();
                panic!("case {case}, module {}: {e}\n{text}", module.name);
            }
        }
    }
    assert!(
        prepared_modules > 540,
        "only {prepared_modules} of 600 could be prepared"
    );
    assert!(callable > 1000, "only {callable} callable exports");
}
