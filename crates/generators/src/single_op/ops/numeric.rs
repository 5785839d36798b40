//! Numeric instructions on scalars: arithmetic, comparisons, conversions, wide arithmetic.

use super::super::row::{Row, plain};
use assay_engine::Features;

/// Integer arithmetic and comparisons.
pub static INTEGER: &[Row] = plain! { Features::empty();
    [I32] [I32]:
        I32Eqz I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S;
    [I32 I32] [I32]:
        I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU I32Add I32Sub I32Mul
        I32DivS I32DivU I32RemS I32RemU I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr;
    [I64] [I32]:
        I64Eqz;
    [I64] [I64]:
        I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Extend32S;
    [I64 I64] [I32]:
        I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU;
    [I64 I64] [I64]:
        I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU I64And I64Or I64Xor I64Shl I64ShrS
        I64ShrU I64Rotl I64Rotr;
};

/// Float arithmetic and comparisons.
pub static FLOAT: &[Row] = plain! { Features::empty();
    [F32] [F32]:
        F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt;
    [F32 F32] [F32]:
        F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign;
    [F32 F32] [I32]:
        F32Eq F32Ne F32Lt F32Gt F32Le F32Ge;
    [F64] [F64]:
        F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt;
    [F64 F64] [F64]:
        F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign;
    [F64 F64] [I32]:
        F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
};

/// Conversions between scalars.
pub static CONVERSION: &[Row] = plain! { Features::empty();
    [I64] [I32]:
        I32WrapI64;
    [I32] [I64]:
        I64ExtendI32S I64ExtendI32U;
    [F32] [I32]:
        I32TruncF32S I32TruncF32U I32TruncSatF32S I32TruncSatF32U I32ReinterpretF32;
    [F64] [I32]:
        I32TruncF64S I32TruncF64U I32TruncSatF64S I32TruncSatF64U;
    [F32] [I64]:
        I64TruncF32S I64TruncF32U I64TruncSatF32S I64TruncSatF32U;
    [F64] [I64]:
        I64TruncF64S I64TruncF64U I64TruncSatF64S I64TruncSatF64U I64ReinterpretF64;
    [I32] [F32]:
        F32ConvertI32S F32ConvertI32U F32ReinterpretI32;
    [I64] [F32]:
        F32ConvertI64S F32ConvertI64U;
    [I32] [F64]:
        F64ConvertI32S F64ConvertI32U;
    [I64] [F64]:
        F64ConvertI64S F64ConvertI64U F64ReinterpretI64;
    [F64] [F32]:
        F32DemoteF64;
    [F32] [F64]:
        F64PromoteF32;
};

/// Arithmetic on pairs of `i64`.
pub static WIDE: &[Row] = plain! { Features::WIDE_ARITHMETIC;
    [I64 I64 I64 I64] [I64 I64]:
        I64Add128 I64Sub128;
    [I64 I64] [I64 I64]:
        I64MulWideS I64MulWideU;
};
