//! Faults seeded into the interpreter, one at a time, to show that its tests would see real ones.
//!
//! Each `Mutant` is a fault as a hurried hand might make it. The place that has it says
//! `mutate!(right, Mutant => wrong)`. Only the cargo feature `mutants` compiles the wrong side: no
//! one but a test turns it on, and without it the macro leaves what is right and nothing else.
//! Which mutant is at work is a matter of the thread, within `with`.

/// What is right, or what is wrong while a mutant is at work; a statement that is wrong stands
/// alone.
#[cfg(feature = "mutants")]
macro_rules! mutate {
    ($right:expr, $mutant:ident => $wrong:expr) => {
        if $crate::mutants::is_active($crate::mutants::Mutant::$mutant) {
            $wrong
        } else {
            $right
        }
    };
    ($mutant:ident => $wrong:expr) => {
        if $crate::mutants::is_active($crate::mutants::Mutant::$mutant) {
            $wrong;
        }
    };
}

/// What is right.
#[cfg(not(feature = "mutants"))]
macro_rules! mutate {
    ($right:expr, $mutant:ident => $wrong:expr) => {
        $right
    };
    ($mutant:ident => $wrong:expr) => {};
}

#[cfg(feature = "mutants")]
pub use table::Mutant;

#[cfg(feature = "mutants")]
use std::cell::Cell;

#[cfg(feature = "mutants")]
thread_local! {
    static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Whether a mutant is at work on this thread.
#[cfg(feature = "mutants")]
#[inline]
pub(crate) fn is_active(mutant: Mutant) -> bool {
    ACTIVE.get() == Some(mutant)
}

/// Runs something on this thread with a mutant at work, or, for comparison, with none.
#[cfg(feature = "mutants")]
pub fn with<T>(mutant: Option<Mutant>, run: impl FnOnce() -> T) -> T {
    struct Restore(Option<Mutant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ACTIVE.set(self.0);
        }
    }
    let _restore = Restore(ACTIVE.replace(mutant));
    run()
}

#[cfg(feature = "mutants")]
mod table {
    macro_rules! mutants {
        ($($family:literal { $($name:ident: $about:literal,)* })*) => {
            /// A fault.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum Mutant {
                $($(#[doc = $about] $name,)*)*
            }

            impl Mutant {
                /// All of them.
                pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

                /// The family of instructions, or the part, that it is in.
                pub fn family(self) -> &'static str {
                    match self {
                        $($(Self::$name)|* => $family,)*
                    }
                }

                /// What is wrong.
                pub fn about(self) -> &'static str {
                    match self {
                        $($(Self::$name => $about,)*)*
                    }
                }
            }
        };
    }

    mutants! {
        "numeric" {
            NearestTiesAway: "f32.nearest rounds halves away from zero",
            FloorTruncates: "f64.floor rounds towards zero",
            MinOfZeros: "the minimum of two zeros is the first",
            LeOfNan: "f64.le holds where the first operand is a NaN",
            CopysignKeepsSign: "f64.copysign only ever sets the sign",
            ClzOfZero: "i64.clz of zero is 63",
            PopcntSkipsSign: "i32.popcnt does not count the sign bit",
            Extend8Unsigned: "i64.extend8_s extends with zeros",
            ShiftBeyondWidth: "i32.shl by the width or more gives zero",
            ShrUnsigned: "i64.shr_s does not repeat the sign",
            RotlModulo31: "i32.rotl takes its count modulo 31",
            LtUSigned: "i64.lt_u compares signed numbers",
            RemOverflows: "i32.rem_s of the least number and -1 traps",
            DivTrapKind: "i64.div_s that overflows reports a division by zero",
        }
        "conversion" {
            TruncSatOfNan: "i32.trunc_sat_f64_s of a NaN is the least number",
            TruncSatTooEarly: "i64.trunc_sat_f32_u saturates at 2^63",
            TruncBound: "i32.trunc_f64_u traps at 4294967295 already",
            TruncNanKind: "truncating a NaN reports an overflow",
            ConvertRoundsTwice: "f32.convert_i64_u rounds by way of f64",
            ConvertSigned: "f64.convert_i64_u takes a signed number",
            DemoteFlushes: "f32.demote_f64 makes subnormal numbers zero",
        }
        "wide arithmetic" {
            WideCarryLost: "i64.add128 loses the carry",
            MulWideUnsigned: "i64.mul_wide_s multiplies unsigned numbers",
        }
        "parametric and variable" {
            SelectSigned: "select takes a negative condition for zero",
            SelectLowByte: "select of vectors looks at the lowest byte of its condition",
            GlobalHalf: "global.set of a vector writes its low half",
            LocalsKeepStack: "locals begin with what lay on the stack",
        }
        "control" {
            BranchTableDefault: "br_table never takes the default",
            BranchKeepsLowest: "a branch with several values keeps the lowest operands",
            LoopTakesOne: "a branch to a loop takes along one parameter at most",
            ResultsSwapped: "two results of a function change places",
            BranchOnNullKeeps: "br_on_null takes the null along",
            BranchOnCastOfNull: "br_on_cast and br_on_cast_fail take no null for a success",
            CallFirstTable: "call_indirect uses the first table",
            CallIndirectByStructure: "call_indirect compares parameters and results alone",
            TailCallCounts: "a tail call counts as one more frame",
            ReturnCallOfNull: "return_call_ref of null calls the first function",
        }
        "memory" {
            AddressWraps32: "the effective address wraps around at 2^32",
            AddressWraps64: "the effective address wraps around at 2^64",
            StraddlingLoad: "a load that straddles the end reads the last bytes",
            Load32Unsigned: "i64.load32_s extends with zeros",
            Store16Byte: "a store of 16 bits clears the upper byte",
            SizeOfFirstMemory: "memory.size is that of the first memory",
            GrowGivesNewSize: "memory.grow gives the new size",
            GrowPastMaximum: "memory.grow minds no maximum of the type",
            GrowFailure32: "growth of 64 bits that fails gives -1 of 32 bits",
            PagesAreLarge: "memory.grow takes all pages for 64 KiB",
            FillOneShort: "memory.fill leaves out the last byte",
            CopyForwards: "copying onto itself always runs forwards",
            CopyWithinOne: "memory.copy reads the memory that it writes",
            InitOfNothing: "memory.init of no bytes checks no bounds",
            DataDropIgnored: "data.drop does nothing",
        }
        "table" {
            TableIndex32: "an index of a table has 32 bits",
            TableInitOffByOne: "table.init begins one element early",
            TableGrowUnlimited: "table.grow minds no maximum",
            TableGrowOfNull: "table.grow adds nulls",
            ElementDropIgnored: "elem.drop does nothing",
        }
        "types and linking" {
            SubtypeOfParent: "only the declared supertype itself is one",
            CanonicalPosition: "types within a group all refer to its first",
            CanonicalFinality: "final types and others are the same",
            ImportOfSubtype: "an import takes no function of a subtype",
            ImportAnyTag: "an import takes a tag of any type",
            GlobalCovariant: "an import takes a mutable global of a subtype",
            LimitsWithoutMaximum: "an import with a maximum takes what has none",
            StartIgnored: "the start function does not run",
            DatasFirst: "data segments are copied before element segments",
            ActiveElementStays: "an active element segment is not dropped",
            ElementsIntoFirstTable: "active element segments go to the first table",
        }
        "reference" {
            CastOfNull: "null passes a cast that allows none",
            StructIsArray: "a structure passes a cast to an array",
            ConvertedIsNotAny: "a converted reference of the host's is not of type any",
            RefEqOfNumbers: "unboxed integers are never the same",
            I31Unsigned: "i31.get_s extends with zeros",
        }
        "structures and arrays" {
            PackedFieldUnsigned: "struct.get_s of 8 bits extends with zeros",
            PackedFieldKeepsBits: "struct.get_u of 16 bits gives all that was stored",
            PackedElementUnsigned: "array.get_s of 16 bits extends with zeros",
            ArrayGetUnchecked: "array.get out of bounds gives zero",
            ArrayFillOneShort: "array.fill leaves out the last element",
            ArrayCopyOfNothing: "array.copy of no elements checks no bounds",
            ArrayDataScaled: "array.new_data counts its offset in elements",
            ArrayFixedReversed: "array.new_fixed begins at the end",
        }
        "exceptions" {
            TagByType: "a clause catches all tags of its tag's type",
            LastClause: "the last clause that fits catches",
            PayloadReversed: "the fields arrive in reverse",
            TagFirstIndex: "a tag under two indices is caught by the first alone",
            OuterHandler: "the outermost block of a function that catches is the one",
            PayloadTruncated: "the last field of a payload is zero",
            StaleLocal: "a handler finds the first local as the function began with it",
            StackBelowLost: "a handler finds zero on top of what lay on the stack below its block",
            CatchAllOfTraps: "catch_all catches traps",
            TailCallKeepsHandlers: "a function that a tail call has replaced still catches",
            RethrowForgets: "an exception that is thrown again has lost its payload",
            CatchAllRefOfNull: "catch_all_ref gives null",
            HandlerEndsEarly: "a handler does not guard the last instruction",
            RethrowInnermost: "rethrow throws what the innermost clause has caught",
            DelegateInnermost: "delegate goes to the innermost enclosing block",
        }
        "vector" {
            SubSatWraps: "i16x8.sub_sat_u wraps around",
            NarrowOfUnsigned: "i8x16.narrow_i16x8_u takes unsigned lanes",
            SwizzleWraps: "i8x16.swizzle takes indices below 32 modulo 16",
            ShuffleFirst: "i8x16.shuffle only looks at its first operand",
            ExtmulLow: "extmul_high multiplies the low lanes",
            BitmaskReversed: "bitmask begins at the last lane",
            AverageRoundsDown: "i16x8.avgr_u rounds down",
            Q15Unrounded: "i16x8.q15mulr_sat_s does not round",
            DotSaturates: "i32x4.dot_i16x8_s saturates",
            LaneShiftSaturates: "i16x8.shr_s takes its count up to 15, not modulo 16",
            ExtractUnsigned: "i8x16.extract_lane_s extends with zeros",
            PminOfNan: "pmin gives the second operand where the first is a NaN",
            VectorTruncRounds: "i32x4.trunc_sat_f64x2_s_zero rounds to nearest",
            LoadExtendUnsigned: "v128.load16x4_s extends with zeros",
            LoadZeroFills: "v128.load32_zero reads 64 bits",
            LoadLaneClears: "v128.load_lane clears the other lanes",
            RelaxedNmaddSign: "f64x2.relaxed_nmadd does not negate",
            RelaxedLaneselectSwapped: "i16x8.relaxed_laneselect takes the other operand",
        }
        "atomic" {
            AtomicStoreWide: "an atomic store of 16 bits writes 32",
            AtomicUnaligned: "atomic accesses need no alignment",
            AtomicSubReversed: "atomic sub subtracts the wrong way round",
            CompareAllBits: "a narrow cmpxchg compares all bits that are expected",
            WaitUnshared: "a wait on a memory that is not shared gives 1",
        }
        "collector" {
            ForgetStack: "the stack holds nothing",
            ForgetGlobals: "globals hold nothing",
            ForgetTables: "tables hold nothing",
            ForgetSegments: "element segments hold nothing",
            ForgetPayloads: "exceptions hold nothing",
            ForgetKeptExceptions: "a structure holds no exceptions",
            ForgetElements: "elements of arrays hold nothing",
            KeepGarbage: "nothing is freed",
            SkipBarrier: "a field of a structure does not hold what is younger than the structure",
            ForgetFields: "fields of structures but the first hold nothing",
        }
    }
}
