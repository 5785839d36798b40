//! Makes a module deterministic: the same behaviour, bit for bit, on every engine.
//!
//! - **Fuel.** Each function and each loop pays, on entry, for the instructions that lie in it
//!   (an upper bound: branches not taken are paid for, too). A global counts down; once it is
//!   negative, `unreachable` stops the program. A function also pays for its frame, which bounds
//!   the depth of recursion long before any engine's stack ends. A function that becomes part of the
//!   shim pays without looking: it begins with fuel, and cannot run again before something looks.
//!   A module that ends by itself may do without.
//! - **NaNs.** Behind each instruction whose NaN results the specification leaves open (Core,
//!   section 4.3.3, "NaN Propagation"), NaNs are replaced by the positive canonical one.
//! - **Arrays.** Lengths of `array.new` and `array.new_default` can be masked, so that a random
//!   length does not merely exhaust the heap.
//! - **Imports.** Functions are imported from the host by number, with slots for types; the
//!   module's own code calls a wrapper instead (see [`mod@crate::shims`]).

use crate::Info;
use crate::lift::function_type;
use crate::numbers::{Gone, Numbers, short_block};
use crate::shims::Locals;
use crate::uses::{Uses, nesting};
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, Encode as _, EntityType, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink as Sink, TypeSection, ValType,
};
use wasmparser::{FunctionBody, Operator, TypeRef};

/// What a frame costs besides the instructions of the function: about what it takes on the stack.
const FRAME_COST: i32 = 64;

/// The most that one entry of a function or loop can cost, so that fuel cannot wrap around.
const MAX_COST: usize = 1 << 20;

/// The rewriter's decisions.
pub(crate) struct Rewriter<'a> {
    pub info: &'a Info,
    pub uses: &'a Uses<'a>,
    pub numbers: &'a Numbers,
    /// The index of the global that counts fuel, if any does.
    pub fuel: Option<u32>,
    /// Whether blocks get the short forms of their types.
    pub short_blocks: bool,
    /// The mask for array lengths.
    pub array_mask: Option<i32>,
    /// The types of the imported functions' lowered signatures.
    pub import_types: &'a [u32],
    /// The locals of the shim.
    pub locals: &'a mut Locals,
    /// The functions that become part of the shim.
    pub fused: BTreeMap<u32, Fused>,
    /// The next body's index among the defined functions.
    pub next_body: u32,
}

/// The code of a function that becomes part of the shim.
pub(crate) struct Fused {
    /// The locals of the shim that stand for its parameters.
    pub params: Vec<u32>,
    /// Code that leaves the results on the stack.
    pub code: Vec<u8>,
}

/// How the code of a function is to be encoded.
struct Setting<'a> {
    /// The new index of each local, where the code becomes part of the shim.
    locals: Option<&'a [u32]>,
    /// Whether it needs a block to leave.
    block: Option<BlockType>,
    scratch: &'a Scratch,
    costs: &'a Costs,
}

/// Emits the payment of `cost` from the global `fuel`, if there is one, and stops where nothing is left.
pub(crate) fn pay(f: &mut Sink<'_>, fuel: Option<u32>, cost: i32) {
    pay_blindly(f, fuel, cost);
    let Some(fuel) = fuel else { return };
    f.global_get(fuel)
        .i32_const(0)
        .i32_lt_s()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}

fn pay_blindly(f: &mut Sink<'_>, fuel: Option<u32>, cost: i32) {
    let Some(fuel) = fuel else { return };
    f.global_get(fuel)
        .i32_const(cost)
        .i32_sub()
        .global_set(fuel);
}

/// Emits what a call of the host costs.
pub(crate) fn pay_for_host(f: &mut Sink<'_>, fuel: Option<u32>) {
    pay(f, fuel, FRAME_COST);
}

impl Rewriter<'_> {
    fn emit(
        &mut self,
        operators: Vec<Operator<'_>>,
        setting: &Setting<'_>,
    ) -> Result<Vec<u8>, Error<Gone>> {
        let mut code = Vec::new();
        let cost = FRAME_COST + 2 * setting.scratch.locals.cast_signed() + setting.costs.function;
        match setting.locals {
            Some(_) => pay_blindly(&mut Sink::new(&mut code), self.fuel, cost),
            None => pay(&mut Sink::new(&mut code), self.fuel, cost),
        }
        if let Some(ty) = setting.block {
            Sink::new(&mut code).block(ty);
        }
        let mut loops = setting.costs.loops.iter();
        let mut depth = 0u32;
        for operator in operators {
            let float = Float::of(&operator);
            let is_loop = matches!(operator, Operator::Loop { .. });
            let nested = nesting(&operator);
            if depth == 0 && nested < 0 && setting.locals.is_some() && setting.block.is_none() {
                break;
            }
            self.operator(&mut code, operator, setting, depth)?;
            depth = depth.saturating_add_signed(nested);
            if let Some(float) = float {
                float.canonicalise(&mut Sink::new(&mut code), setting);
            }
            if let (true, Some(&cost)) = (is_loop, loops.next_if(is_loop)) {
                pay(&mut Sink::new(&mut code), self.fuel, cost);
            }
        }
        Ok(code)
    }

    fn operator(
        &mut self,
        code: &mut Vec<u8>,
        operator: Operator<'_>,
        setting: &Setting<'_>,
        depth: u32,
    ) -> Result<(), Error<Gone>> {
        let mut f = Sink::new(code);
        match (&operator, self.array_mask) {
            (Operator::ArrayNew { .. } | Operator::ArrayNewDefault { .. }, Some(mask)) => {
                f.i32_const(mask).i32_and();
            }
            (Operator::LocalGet { local_index }, _) => {
                f.local_get(setting.local(*local_index));
                return Ok(());
            }
            (Operator::LocalSet { local_index }, _) => {
                f.local_set(setting.local(*local_index));
                return Ok(());
            }
            (Operator::LocalTee { local_index }, _) => {
                f.local_tee(setting.local(*local_index));
                return Ok(());
            }
            (Operator::Return, _) if setting.locals.is_some() => {
                f.br(depth);
                return Ok(());
            }
            _ => {}
        }
        utils::instruction(self, operator)?.encode(code);
        Ok(())
    }

    /// The type of the block in which a fused function lies, so that it can be left.
    fn block_of(&self, function: u32, leaves_early: bool) -> Option<BlockType> {
        let results = function_type(self.info, function)?.results();
        let one = results.first().and_then(|&ty| self.numbers.val_type(ty));
        leaves_early.then(|| one.map_or(BlockType::Empty, BlockType::Result))
    }
}

impl Setting<'_> {
    fn local(&self, index: u32) -> u32 {
        self.locals
            .and_then(|locals| locals.get(index as usize))
            .map_or(index, |&local| local)
    }
}

impl Reencode for Rewriter<'_> {
    type Error = Gone;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Gone>> {
        self.numbers.function(index).ok_or(Error::UserError(Gone))
    }

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Gone>> {
        self.numbers.ty(index).ok_or(Error::UserError(Gone))
    }

    fn block_type(&mut self, ty: wasmparser::BlockType) -> Result<BlockType, Error<Gone>> {
        if let wasmparser::BlockType::FuncType(index) = ty
            && self.short_blocks
            && let Some(short) = short_block(self.info, index)
        {
            let short = short.map(|ty| self.val_type(ty)).transpose()?;
            return Ok(short.map_or(BlockType::Empty, BlockType::Result));
        }
        utils::block_type(self, ty)
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error<Gone>> {
        let mut index = 0;
        for group in section {
            let group = group?;
            let stays = self.numbers.ty(index).is_some();
            index += group.types().len() as u32;
            // An empty group has no first type to ask for, and changes nothing.
            if stays {
                self.parse_recursive_type_group(types.ty(), group)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Gone>> {
        for (number, ty) in section.into_iter().enumerate() {
            let ty = ty?;
            let function = self.info.imported_functions + number as u32;
            if self.numbers.function(function).is_some() {
                functions.function(self.type_index(ty)?);
            }
        }
        Ok(())
    }

    /// Imports of functions are by number from the host, all others by number from the provider.
    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Gone>> {
        let mut functions = 0..;
        for (i, import) in section.into_imports().enumerate() {
            let import = import?;
            if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import.ty {
                let number = functions.next().unwrap_or(0);
                let ty = self
                    .import_types
                    .get(number)
                    .ok_or(Error::UserError(Gone))?;
                let ty = EntityType::Function(*ty);
                imports.import(assay_engine::names::HOST_MODULE, &number.to_string(), ty);
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
    ) -> Result<(), Error<Gone>> {
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Gone>> {
        let function = self.info.imported_functions + self.next_body;
        self.next_body += 1;
        if self.numbers.is_dropped(function) {
            return Ok(());
        }
        let operators = body
            .get_operators_reader()?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let costs = Costs::of(&operators);
        let params = function_type(self.info, function).map_or(&[][..], |ty| ty.params());
        let (groups, scratch) = self.locals_of(&body, params.len() as u32, &operators)?;
        if self.numbers.function(function).is_some() {
            let setting = Setting {
                locals: None,
                block: None,
                scratch: &scratch,
                costs: &costs,
            };
            let mut f = Function::new(groups);
            f.raw(self.emit(operators, &setting)?);
            code.function(&f);
            return Ok(());
        }
        let mut types = self.numbers.val_types(params);
        for (count, ty) in groups {
            types.extend(std::iter::repeat_n(ty, count as usize));
        }
        let locals = self.locals.assign(&types);
        let leaves_early = self.uses.bodies[(self.next_body - 1) as usize].leaves_early;
        let setting = Setting {
            locals: Some(&locals),
            block: self.block_of(function, leaves_early),
            scratch: &scratch,
            costs: &costs,
        };
        let code = self.emit(operators, &setting)?;
        let params = locals[..params.len()].to_vec();
        self.fused.insert(function, Fused { params, code });
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

/// The declaration of locals: how many of which type.
type LocalGroups = Vec<(u32, ValType)>;

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
    /// The declared locals of a function, with scratch ones behind them.
    fn locals_of(
        &mut self,
        body: &FunctionBody<'_>,
        params: u32,
        operators: &[Operator<'_>],
    ) -> Result<(LocalGroups, Scratch), Error<Gone>> {
        let mut groups = Vec::new();
        let mut locals = params;
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            locals += count;
            groups.push((count, self.val_type(ty)?));
        }
        let mut scratch = Scratch { locals, of: [0; 4] };
        let mut needed = [false; 4];
        for shape in operators.iter().filter_map(Float::of) {
            needed[shape as usize] = true;
        }
        for shape in [Float::F32, Float::F64, Float::F32x4, Float::F64x2] {
            if needed[shape as usize] {
                scratch.of[shape as usize] = scratch.locals;
                scratch.locals += 1;
                groups.push((1, shape.val_type()));
            }
        }
        Ok((groups, scratch))
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
    fn canonicalise(self, f: &mut Sink<'_>, setting: &Setting<'_>) {
        let t = setting.local(setting.scratch.of[self as usize]);
        f.local_tee(t);
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
