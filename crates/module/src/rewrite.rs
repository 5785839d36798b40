//! Makes a module deterministic: the same behaviour, bit for bit, on every engine.
//!
//! - **Fuel.** Each function and each loop pays, on entry, for the instructions that lie in it
//!   (an upper bound: branches not taken are paid for, too). A global counts down; once it is
//!   negative, `unreachable` stops the program. A function also pays for its frame, which bounds
//!   the depth of recursion long before any engine's stack ends.
//! - **NaNs.** Behind each instruction whose NaN results the specification leaves open (Core,
//!   section 4.3.3, "NaN Propagation"), NaNs are replaced by the positive canonical one.
//! - **Arrays.** Lengths of `array.new` and `array.new_default` can be masked, so that a random
//!   length does not merely exhaust the heap.
//! - **Imports.** Functions are imported from the host by number, with slots for types; the
//!   module's own code calls a wrapper instead (see [`mod@crate::shims`]).

use crate::Info;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportSection, Function, ImportSection, Instruction,
    ValType,
};
use wasmparser::{FunctionBody, Operator, TypeRef};

/// What a frame costs besides the instructions of the function: about what it takes on the stack.
const FRAME_COST: i32 = 64;

/// The most that one entry of a function or loop can cost, so that fuel cannot wrap around.
const MAX_COST: usize = 1 << 20;

/// The rewriter's decisions.
pub(crate) struct Rewriter<'a> {
    info: &'a Info,
    /// The index of the global that counts fuel.
    fuel: u32,
    /// The mask for array lengths.
    array_mask: Option<i32>,
    /// The type of the first imported function's lowered signature; the others follow.
    first_import_type: u32,
    /// The function index of the wrapper of imported function 0; the others follow.
    first_wrapper: u32,
    /// The next body's index among the defined functions.
    next_body: usize,
}

impl<'a> Rewriter<'a> {
    pub fn new(info: &'a Info, array_mask: Option<i32>) -> Self {
        Self {
            info,
            fuel: info.globals.len() as u32,
            array_mask,
            first_import_type: info.types.len() as u32,
            first_wrapper: info.functions.len() as u32,
            next_body: 0,
        }
    }

    /// Emits the payment of `cost`.
    fn pay(&self, f: &mut Function, cost: i32) {
        f.instructions()
            .global_get(self.fuel)
            .i32_const(cost)
            .i32_sub()
            .global_set(self.fuel)
            .global_get(self.fuel)
            .i32_const(0)
            .i32_lt_s()
            .if_(BlockType::Empty)
            .unreachable()
            .end();
    }

    /// Emits what a call of the host costs.
    pub fn pay_for_host(&self, f: &mut Function) {
        self.pay(f, FRAME_COST);
    }

    /// The number of parameters of the next body's function.
    fn params(&mut self) -> u32 {
        let function = self.info.imported_functions as usize + self.next_body;
        self.next_body += 1;
        let signature = self
            .info
            .functions
            .get(function)
            .and_then(|&ty| self.info.types.get(ty as usize));
        signature.map_or(0, |ty| match &ty.composite_type.inner {
            wasmparser::CompositeInnerType::Func(func) => func.params().len() as u32,
            _ => 0,
        })
    }
}

impl Reencode for Rewriter<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Self::Error>> {
        let imported = index < self.info.imported_functions;
        Ok(if imported {
            self.first_wrapper + index
        } else {
            index
        })
    }

    /// Imports of functions are by number from the host, all others by number from the provider.
    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let mut functions = 0;
        for (i, import) in section.into_imports().enumerate() {
            let import = import?;
            if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import.ty {
                let ty = EntityType::Function(self.first_import_type + functions);
                imports.import(assay_engine::names::HOST_MODULE, &functions.to_string(), ty);
                functions += 1;
            } else {
                let ty = self.entity_type(import.ty)?;
                imports.import(crate::provider::NAME, &i.to_string(), ty);
            }
        }
        Ok(())
    }

    /// Exports are made anew by the shims, for what is called and nothing else: each exported
    /// function costs an engine a trampoline.
    fn parse_export_section(
        &mut self,
        _exports: &mut ExportSection,
        _section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let operators = body
            .get_operators_reader()?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let costs = Costs::of(&operators);
        let params = self.params();
        let (mut f, scratch) = self.function_with_scratch(&body, params, &operators)?;
        self.pay(
            &mut f,
            FRAME_COST + 2 * scratch.locals.cast_signed() + costs.function,
        );
        let mut loops = costs.loops.iter();
        for operator in operators {
            let float = Float::of(&operator);
            if let (Some(mask), Operator::ArrayNew { .. } | Operator::ArrayNewDefault { .. }) =
                (self.array_mask, &operator)
            {
                f.instructions().i32_const(mask).i32_and();
            }
            let is_loop = matches!(operator, Operator::Loop { .. });
            f.instruction(&utils::instruction(self, operator)?);
            if let Some(float) = float {
                float.canonicalise(&mut f, &scratch);
            }
            if let (true, Some(&cost)) = (is_loop, loops.next_if(is_loop)) {
                self.pay(&mut f, cost);
            }
        }
        code.function(&f);
        Ok(())
    }
}

/// Gives the next item only where one is due.
trait NextIf: Iterator {
    fn next_if(&mut self, due: bool) -> Option<Self::Item> {
        if due { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}

/// What a function and each of its loops, in order, pay.
struct Costs {
    function: i32,
    loops: Vec<i32>,
}

impl Costs {
    /// Counts each instruction for the innermost loop that it lies in.
    fn of(operators: &[Operator<'_>]) -> Self {
        let mut costs = vec![0usize];
        let mut payer = vec![0usize];
        for operator in operators {
            match operator {
                Operator::Loop { .. } => {
                    payer.push(costs.len());
                    costs.push(1);
                }
                Operator::Block { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
                | Operator::Try { .. } => payer.push(payer[payer.len() - 1]),
                Operator::End | Operator::Delegate { .. } if payer.len() > 1 => {
                    payer.pop();
                }
                _ => costs[payer[payer.len() - 1]] += 1,
            }
        }
        let mut costs = costs.into_iter().map(|cost| cost.min(MAX_COST) as i32);
        Self {
            function: costs.next().unwrap_or(0),
            loops: costs.collect(),
        }
    }
}

/// The scratch locals behind a function's own, one per float shape, where needed.
struct Scratch {
    locals: u32,
    of: [u32; 4],
}

/// The shapes of float results.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Float {
    F32,
    F64,
    F32x4,
    F64x2,
}

const CANONICAL_F32: u32 = 0x7fc0_0000;
const CANONICAL_F64: u64 = 0x7ff8_0000_0000_0000;

impl Rewriter<'_> {
    fn function_with_scratch(
        &mut self,
        body: &FunctionBody<'_>,
        params: u32,
        operators: &[Operator<'_>],
    ) -> Result<(Function, Scratch), Error<std::convert::Infallible>> {
        let mut groups = Vec::new();
        let mut locals = params;
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            locals += count;
            groups.push((count, self.val_type(ty)?));
        }
        let mut scratch = Scratch { locals, of: [0; 4] };
        for shape in [Float::F32, Float::F64, Float::F32x4, Float::F64x2] {
            if operators
                .iter()
                .any(|operator| Float::of(operator) == Some(shape))
            {
                scratch.of[shape as usize] = scratch.locals;
                scratch.locals += 1;
                groups.push((1, shape.val_type()));
            }
        }
        Ok((Function::new(groups), scratch))
    }
}

impl Float {
    /// The shape of the result of an instruction whose NaNs are open.
    fn of(operator: &Operator<'_>) -> Option<Self> {
        use Operator as O;
        Some(match operator {
            O::F32Add
            | O::F32Sub
            | O::F32Mul
            | O::F32Div
            | O::F32Min
            | O::F32Max
            | O::F32Sqrt
            | O::F32Ceil
            | O::F32Floor
            | O::F32Trunc
            | O::F32Nearest
            | O::F32DemoteF64 => Self::F32,
            O::F64Add
            | O::F64Sub
            | O::F64Mul
            | O::F64Div
            | O::F64Min
            | O::F64Max
            | O::F64Sqrt
            | O::F64Ceil
            | O::F64Floor
            | O::F64Trunc
            | O::F64Nearest
            | O::F64PromoteF32 => Self::F64,
            O::F32x4Add
            | O::F32x4Sub
            | O::F32x4Mul
            | O::F32x4Div
            | O::F32x4Min
            | O::F32x4Max
            | O::F32x4Sqrt
            | O::F32x4Ceil
            | O::F32x4Floor
            | O::F32x4Trunc
            | O::F32x4Nearest
            | O::F32x4DemoteF64x2Zero
            | O::F32x4RelaxedMadd
            | O::F32x4RelaxedNmadd
            | O::F32x4RelaxedMin
            | O::F32x4RelaxedMax => Self::F32x4,
            O::F64x2Add
            | O::F64x2Sub
            | O::F64x2Mul
            | O::F64x2Div
            | O::F64x2Min
            | O::F64x2Max
            | O::F64x2Sqrt
            | O::F64x2Ceil
            | O::F64x2Floor
            | O::F64x2Trunc
            | O::F64x2Nearest
            | O::F64x2PromoteLowF32x4
            | O::F64x2RelaxedMadd
            | O::F64x2RelaxedNmadd
            | O::F64x2RelaxedMin
            | O::F64x2RelaxedMax => Self::F64x2,
            _ => return None,
        })
    }

    fn val_type(self) -> ValType {
        match self {
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::F32x4 | Self::F64x2 => ValType::V128,
        }
    }

    /// Emits "the value on the stack, or the canonical NaN where it is not equal to itself".
    fn canonicalise(self, f: &mut Function, scratch: &Scratch) {
        let t = scratch.of[self as usize];
        f.instruction(&Instruction::LocalTee(t));
        let mut f = f.instructions();
        match self {
            Self::F32 => f.f32_const(f32::from_bits(CANONICAL_F32).into()),
            Self::F64 => f.f64_const(f64::from_bits(CANONICAL_F64).into()),
            Self::F32x4 => f.v128_const(
                u128::from(CANONICAL_F32)
                    .wrapping_mul(LANES_32)
                    .cast_signed(),
            ),
            Self::F64x2 => f.v128_const(
                u128::from(CANONICAL_F64)
                    .wrapping_mul(LANES_64)
                    .cast_signed(),
            ),
        };
        f.local_get(t).local_get(t);
        match self {
            Self::F32 => f.f32_eq().select(),
            Self::F64 => f.f64_eq().select(),
            Self::F32x4 => f.f32x4_eq().v128_bitselect(),
            Self::F64x2 => f.f64x2_eq().v128_bitselect(),
        };
    }
}

/// Multiplying by this repeats 32 bits in each lane.
const LANES_32: u128 = 0x0000_0001_0000_0001_0000_0001_0000_0001;
/// Multiplying by this repeats 64 bits in each lane.
const LANES_64: u128 = 0x0000_0000_0000_0001_0000_0000_0000_0001;
