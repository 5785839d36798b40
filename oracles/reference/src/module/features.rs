//! The features of a validator.

use assay_engine::Features;
use wasmparser::WasmFeatures;

/// Each feature and the proposal behind it.
const TABLE: [(Features, WasmFeatures); 14] = [
    (Features::SIMD, WasmFeatures::SIMD),
    (Features::RELAXED_SIMD, WasmFeatures::RELAXED_SIMD),
    (Features::REFERENCE_TYPES, WasmFeatures::REFERENCE_TYPES),
    (Features::TAIL_CALL, WasmFeatures::TAIL_CALL),
    (Features::MULTI_MEMORY, WasmFeatures::MULTI_MEMORY),
    (Features::MEMORY64, WasmFeatures::MEMORY64),
    (
        Features::FUNCTION_REFERENCES,
        WasmFeatures::FUNCTION_REFERENCES,
    ),
    (Features::GC, WasmFeatures::GC),
    (Features::EXCEPTIONS, WasmFeatures::EXCEPTIONS),
    (Features::LEGACY_EXCEPTIONS, WasmFeatures::LEGACY_EXCEPTIONS),
    (Features::THREADS, WasmFeatures::THREADS),
    (Features::WIDE_ARITHMETIC, WasmFeatures::WIDE_ARITHMETIC),
    (Features::CUSTOM_PAGE_SIZES, WasmFeatures::CUSTOM_PAGE_SIZES),
    (Features::EXTENDED_CONST, WasmFeatures::EXTENDED_CONST),
];

/// What a validator must accept for these features: WebAssembly 2.0 without SIMD, and these.
pub fn wasm_features(features: Features) -> WasmFeatures {
    let base = WasmFeatures::MVP
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::GC_TYPES;
    let asked = TABLE.iter().filter(|(ours, _)| features.contains(*ours));
    asked.fold(base, |all, (_, theirs)| all | *theirs)
}
