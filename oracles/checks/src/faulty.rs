//! Canaries: an engine with one semantic fault, which a check must catch.
//!
//! Most faults are put into the module before the inner engine sees it, so that the fault has
//! all the consequences that a miscompilation would have; the others are put into the transcript.

use assay_engine::Action as HostAction;
use assay_engine::script::Action;
use assay_engine::{
    Drops, Engine, EngineError, Features, Frame, Host, Instantiated, OnFailure, Outcome, Program,
    Reference, Script, Spent, Stack, Tells, Transcript, Trap, Value,
};
use assay_module::Info;
use assay_module::shims::FUEL_NAME;
use assay_reference::relaxed;
use assay_reference::vector::VectorOp;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, Catch, CodeSection, Function};
use wasmparser::{FunctionBody, KnownCustom, Name, Operator, Parser, Payload};

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A semantic fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// All faults.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name by which it is asked for.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// The lowest bit of the last result is flipped.
    ResultBit = "result-bit",
    /// A trap is swallowed, and zeros are returned.
    TrapSwallowed = "trap-swallowed",
    /// A trap is reported as another.
    TrapKind = "trap-kind",
    /// `global.set` does nothing.
    GlobalWrite = "global-write",
    /// Stores of 32 bits do nothing.
    MemoryWrite = "memory-write",
    /// `memory.grow` refuses.
    MemoryGrow = "memory-grow",
    /// `table.set` and `table.fill` do nothing.
    TableWrite = "table-write",
    /// `table.grow` refuses.
    TableGrow = "table-grow",
    /// The last field of an exception's payload is changed.
    Payload = "payload",
    /// The tag of an exception is another.
    Tag = "tag",
    /// The last host call of a step is not made known.
    HostCall = "host-call",
    /// One unit of fuel too many is taken, in each function.
    Fuel = "fuel",
    /// Host functions return other values.
    HostValue = "host-value",
    /// The host does not swallow what stops a callee.
    HostSwallow = "host-swallow",
    /// The host swallows what it is to let go of again.
    HostAgain = "host-again",
    /// The host writes other bytes to a memory.
    HostWrite = "host-write",
    /// Nothing is interrupted.
    HostInterrupt = "host-interrupt",
    /// `i32.load8_s`, `i32.extend8_s` and their 16-bit and 64-bit kin extend with zeros.
    SignExtension = "sign-extension",
    /// Signed 32-bit comparisons compare unsigned.
    Comparison = "comparison",
    /// `f64.nearest`, `f32.nearest` round down.
    Rounding = "rounding",
    /// `ref.test` always says yes.
    RefTest = "ref-test",
    /// `array.set` and `struct.set` do nothing.
    HeapWrite = "heap-write",
    /// `struct.get_s`, `array.get_s` and `i31.get_s` extend with zeros.
    HeapSign = "heap-sign",
    /// `ref.eq` always says no.
    Identity = "identity",
    /// `array.copy` and `array.fill` do nothing.
    BulkWrite = "bulk-write",
    /// `array.len` is one too many.
    ArrayLength = "array-length",
    /// The clauses of `try_table` are tried from the last.
    ClauseOrder = "clause-order",
    /// `catch_all` and `catch_all_ref` catch nothing.
    CatchAll = "catch-all",
    /// `throw_ref` traps.
    Rethrow = "rethrow",
    /// An object of the host's that can be reached is freed.
    ObjectEarly = "object-early",
    /// An object of the host's is dropped twice.
    ObjectTwice = "object-twice",
    /// An object of the host's is never dropped.
    ObjectLost = "object-lost",
    /// `br_table` takes its default.
    BranchTable = "branch-table",
    /// `select` takes the other one.
    Select = "select",
    /// `i8x16.swizzle` adds the lanes.
    Lane = "lane",
    /// A bit of the highest lane of relaxed results is flipped.
    RelaxedLane = "relaxed-lane",
    /// NaNs that are returned do not have the top bit of their payload.
    QuietBit = "quiet-bit",
    /// Canonical NaNs that are returned get a payload.
    NanPayload = "nan-payload",
    /// The second frame of a stack, or else the only one, is not told.
    FrameMissing = "frame-missing",
    /// The offset of the innermost frame is that of the byte behind.
    FrameOffset = "frame-offset",
    /// A function that is not active any more is told between the others.
    FrameKept = "frame-kept",
    /// The last stack of a step is not told.
    StackUntold = "stack-untold",
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = || {
            Self::ALL
                .iter()
                .map(|fault| fault.name())
                .collect::<Vec<_>>()
                .join(", ")
        };
        Self::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| format!("no fault {name:?}; there are {}", all()))
    }
}

/// An engine with one fault.
pub struct FaultyEngine {
    inner: Box<dyn Engine>,
    fault: Fault,
    changed: Option<(Program, Program)>,
}

impl FaultyEngine {
    /// Puts a fault into an engine.
    pub fn new(inner: Box<dyn Engine>, fault: Fault) -> Self {
        Self {
            inner,
            fault,
            changed: None,
        }
    }

    /// The program that the inner engine runs.
    fn faulty(&mut self, program: &Program) -> Result<Program, EngineError> {
        if let Some((of, faulty)) = &self.changed
            && of == program
        {
            return Ok(faulty.clone());
        }
        let mut faulty = program.clone();
        if let Some(main) = faulty.modules.last_mut() {
            main.wasm = plant(&main.wasm, self.fault)
                .map_err(|e| EngineError::misuse("faulty", format!("cannot plant a fault: {e}")))?;
        }
        spoil_host(&mut faulty.host, self.fault);
        self.changed = Some((program.clone(), faulty.clone()));
        Ok(faulty)
    }
}

impl Engine for FaultyEngine {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn version(&self) -> &str {
        self.inner.version()
    }

    fn features(&self) -> Features {
        self.inner.features()
    }

    fn tells(&self) -> Tells {
        self.inner.tells()
    }

    fn spent(&self) -> Spent {
        self.inner.spent()
    }

    fn instantiate<'a>(
        &'a mut self,
        _program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        Err(EngineError::misuse("faulty", "runs whole programs only"))
    }

    fn run(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        let faulty = self.faulty(program)?;
        let mut transcript = self.inner.run(&faulty)?;
        for step in &mut transcript.calls {
            spoil(&mut step.outcome, self.fault);
            spoil_stacks(&mut step.stacks, self.fault);
            if self.fault == Fault::HostCall {
                step.host.pop();
            }
        }
        if let Some(drops) = &mut transcript.drops {
            mislay(drops, self.fault);
        }
        Ok(transcript)
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        let mut faulty = script.clone();
        for action in &mut faulty.actions {
            if let Action::Instantiate { wasm, .. } = action
                && let Ok(planted) = plant(wasm, self.fault)
            {
                // What does not decode is left to the engine to refuse.
                *wasm = planted;
            }
        }
        let mut outcomes = self.inner.perform(&faulty)?;
        for (outcome, action) in outcomes.iter_mut().zip(&faulty.actions) {
            if let (Some(outcome), Action::Call { .. }) = (outcome, action) {
                spoil(outcome, self.fault);
            }
        }
        Ok(outcomes)
    }

    fn memory_after(
        &mut self,
        program: &Program,
        call: Option<usize>,
        memory: u32,
    ) -> Result<Vec<u8>, EngineError> {
        let faulty = self.faulty(program)?;
        self.inner.memory_after(&faulty, call, memory)
    }
}

/// Puts the faults of objects into what became of them.
fn mislay(drops: &mut Drops, fault: Fault) {
    match fault {
        Fault::ObjectEarly => drops.collected.extend(drops.given_up.pop()),
        Fault::ObjectTwice => drops.given_up.extend(drops.collected.last().copied()),
        Fault::ObjectLost => _ = drops.given_up.pop(),
        _ => {}
    }
}

/// Puts the faults of stacks into those of a step.
pub(crate) fn spoil_stacks(stacks: &mut Vec<Stack>, fault: Fault) {
    match fault {
        Fault::StackUntold => drop(stacks.pop()),
        _ => stacks
            .iter_mut()
            .for_each(|stack| spoil_stack(stack, fault)),
    }
}

fn spoil_stack(Stack { frames, .. }: &mut Stack, fault: Fault) {
    match (fault, frames.first().copied()) {
        (Fault::FrameMissing, Some(_)) => {
            frames.remove(frames.len().min(2) - 1);
        }
        (Fault::FrameOffset, Some(first)) => {
            frames[0].offset = first.offset.map(|offset| offset.wrapping_add(1));
        }
        // No function of a program has this number.
        (Fault::FrameKept, Some(first)) => frames.insert(
            1,
            Frame {
                function: u32::MAX,
                ..first
            },
        ),
        _ => {}
    }
}

/// Puts the faults of the host into what it is to do.
fn spoil_host(host: &mut Host, fault: Fault) {
    if fault == Fault::HostValue {
        host.seed ^= 1;
    }
    let functions = host.functions.iter_mut();
    for action in functions.flat_map(|function| &mut function.actions) {
        match (fault, &mut *action) {
            (Fault::HostSwallow, HostAction::Call { failure, .. })
                if *failure == OnFailure::Swallow =>
            {
                *failure = OnFailure::Onward;
            }
            (Fault::HostAgain, HostAction::Call { failure, .. })
                if *failure == OnFailure::Again =>
            {
                *failure = OnFailure::Swallow;
            }
            (Fault::HostWrite, HostAction::Exchange { value, .. }) => *value ^= 1,
            (Fault::HostInterrupt, HostAction::Interrupt) => *action = HostAction::Return,
            _ => {}
        }
    }
}

/// Puts the faults of the transcript into an outcome.
fn spoil(outcome: &mut Outcome, fault: Fault) {
    let flip = |value: &mut Value| match value {
        Value::I32(x) | Value::F32(x) => *x ^= 1,
        Value::I64(x) | Value::F64(x) => *x ^= 1,
        Value::V128(x) => *x ^= 1,
        Value::Ref(r) => {
            *r = if *r == Reference::Null {
                Reference::Extern(0)
            } else {
                Reference::Null
            }
        }
    };
    match (outcome, fault) {
        (Outcome::Returned(values), Fault::ResultBit) => {
            values.iter_mut().last().into_iter().for_each(flip)
        }
        (Outcome::Returned(values), Fault::QuietBit) => values.iter_mut().for_each(signal),
        (Outcome::Returned(values), Fault::NanPayload) => values.iter_mut().for_each(mark),
        (outcome @ Outcome::Trapped(_), Fault::TrapSwallowed) => {
            *outcome = Outcome::Returned(Vec::new())
        }
        (Outcome::Trapped(traps), Fault::TrapKind) => {
            let other = Trap::ALL
                .iter()
                .copied()
                .find(|&trap| !traps.contains(trap));
            *traps = other.unwrap_or(Trap::Unreachable).into();
        }
        (Outcome::Threw { payload, .. }, Fault::Payload) => {
            payload.iter_mut().last().into_iter().for_each(flip)
        }
        (Outcome::Threw { tag, .. }, Fault::Tag) => *tag = Some(tag.map_or(0, |tag| tag + 1)),
        _ => {}
    }
}

/// The canonical NaNs but for their sign: all bits of the exponent, and the top one of the payload.
const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8 << 48;

/// Takes the top bit of its payload from a value that has the bits of an arithmetic NaN. Floats
/// are integers at the boundary.
fn signal(value: &mut Value) {
    match value {
        Value::I32(x) if *x & NAN_32 == NAN_32 => *x = (*x ^ 1 << 22) | 1,
        Value::I64(x) if *x & NAN_64 == NAN_64 => *x = (*x ^ 1 << 51) | 1,
        _ => {}
    }
}

/// Gives a payload to a value that has the bits of a canonical NaN of either sign.
fn mark(value: &mut Value) {
    match value {
        Value::I32(x) if *x << 1 == NAN_32 << 1 => *x |= 1,
        Value::I64(x) if *x << 1 == NAN_64 << 1 => *x |= 1,
        _ => {}
    }
}

/// Puts the faults of instructions into a module: into all its code, the shim's too, but not into
/// what counts fuel, without which nothing would end.
fn plant(wasm: &[u8], fault: Fault) -> Result<Vec<u8>, String> {
    let info = Info::read(wasm).map_err(|e| e.to_string())?;
    let mut planter = Planter {
        fault,
        fuel: fuel_global(wasm).unwrap_or(u32::MAX),
        info,
    };
    let mut module = wasm_encoder::Module::new();
    planter
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|e| e.to_string())?;
    Ok(module.finish())
}

/// The global that counts fuel, by its name.
fn fuel_global(wasm: &[u8]) -> Option<u32> {
    let names = Parser::new(0).parse_all(wasm).flatten();
    let names = names.filter_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => Some(names),
            _ => None,
        },
        _ => None,
    });
    let globals = names.flatten().flatten().filter_map(|names| match names {
        Name::Global(globals) => Some(globals),
        _ => None,
    });
    let mut globals = globals.flatten().flatten();
    let fuel = globals.find(|naming| naming.name == FUEL_NAME)?;
    Some(fuel.index)
}

struct Planter {
    fault: Fault,
    /// The global that counts fuel; those before it are the module's own.
    fuel: u32,
    info: Info,
}

impl Reencode for Planter {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let mut f = self.new_function_with_parsed_locals(&body)?;
        // How many instructions ago the fuel was read: what comes right after is its payment.
        let mut since_fuel = usize::MAX;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            since_fuel = match operator {
                Operator::GlobalGet { global_index } if global_index == self.fuel => 0,
                _ => since_fuel.saturating_add(1),
            };
            let paying = matches!(operator, Operator::I32LtS) && since_fuel == 2;
            if paying || !self.replace(&mut f, &operator) {
                let relaxed = is_relaxed(&operator);
                f.instruction(&utils::instruction(self, operator)?);
                if relaxed && self.fault == Fault::RelaxedLane {
                    f.instructions().v128_const(1 << 120).v128_xor();
                }
            }
        }
        code.function(&f);
        Ok(())
    }
}

impl Planter {
    /// Emits the faulty form of an instruction, and says whether it has one.
    fn replace(&self, f: &mut Function, operator: &Operator<'_>) -> bool {
        use Operator as O;
        let mut i = f.instructions();
        match (self.fault, operator) {
            (Fault::GlobalWrite, O::GlobalSet { global_index }) if *global_index < self.fuel => {
                i.drop()
            }
            (Fault::Fuel, O::GlobalSet { global_index }) if *global_index == self.fuel => {
                i.i32_const(1).i32_sub().global_set(self.fuel)
            }
            (
                Fault::MemoryWrite,
                O::I32Store { .. } | O::F32Store { .. } | O::I64Store32 { .. },
            ) => i.drop().drop(),
            (Fault::MemoryGrow, O::MemoryGrow { mem }) => {
                let wide = self
                    .info
                    .memories
                    .get(*mem as usize)
                    .is_some_and(|ty| ty.memory64);
                if wide {
                    i.drop().i64_const(-1)
                } else {
                    i.drop().i32_const(-1)
                }
            }
            (Fault::TableWrite, O::TableSet { .. }) => i.drop().drop(),
            (Fault::TableWrite, O::TableFill { .. }) => i.drop().drop().drop(),
            (Fault::TableGrow, O::TableGrow { table }) => {
                let wide = self
                    .info
                    .tables
                    .get(*table as usize)
                    .is_some_and(|ty| ty.table64);
                if wide {
                    i.drop().drop().i64_const(-1)
                } else {
                    i.drop().drop().i32_const(-1)
                }
            }
            (Fault::HeapWrite, O::StructSet { .. }) => i.drop().drop(),
            (Fault::HeapWrite, O::ArraySet { .. }) => i.drop().drop().drop(),
            (Fault::SignExtension, O::I32Load8S { memarg }) => i.i32_load8_u(mem_arg(memarg)),
            (Fault::SignExtension, O::I32Load16S { memarg }) => i.i32_load16_u(mem_arg(memarg)),
            (Fault::SignExtension, O::I64Load8S { memarg }) => i.i64_load8_u(mem_arg(memarg)),
            (Fault::SignExtension, O::I64Load32S { memarg }) => i.i64_load32_u(mem_arg(memarg)),
            (Fault::SignExtension, O::I32Extend8S) => i.i32_const(0xff).i32_and(),
            (Fault::SignExtension, O::I32Extend16S) => i.i32_const(0xffff).i32_and(),
            (Fault::SignExtension, O::I64Extend8S) => i.i64_const(0xff).i64_and(),
            (Fault::SignExtension, O::I64ExtendI32S) => i.i64_extend_i32_u(),
            (Fault::Comparison, O::I32LtS) => i.i32_lt_u(),
            (Fault::Comparison, O::I32GtS) => i.i32_gt_u(),
            (Fault::Comparison, O::I32LeS) => i.i32_le_u(),
            (Fault::Comparison, O::I32GeS) => i.i32_ge_u(),
            (Fault::Rounding, O::F32Nearest) => i.f32_floor(),
            (Fault::Rounding, O::F64Nearest) => i.f64_floor(),
            (Fault::RefTest, O::RefTestNonNull { .. } | O::RefTestNullable { .. }) => {
                i.drop().i32_const(1)
            }
            (
                Fault::HeapSign,
                O::StructGetS {
                    struct_type_index,
                    field_index,
                },
            ) => i.struct_get_u(*struct_type_index, *field_index),
            (Fault::HeapSign, O::ArrayGetS { array_type_index }) => {
                i.array_get_u(*array_type_index)
            }
            (Fault::HeapSign, O::I31GetS) => i.i31_get_u(),
            (Fault::Identity, O::RefEq) => i.drop().drop().i32_const(0),
            (Fault::BulkWrite, O::ArrayFill { .. }) => i.drop().drop().drop().drop(),
            (Fault::BulkWrite, O::ArrayCopy { .. }) => i.drop().drop().drop().drop().drop(),
            (Fault::ArrayLength, O::ArrayLen) => i.array_len().i32_const(1).i32_add(),
            (Fault::ClauseOrder | Fault::CatchAll, O::TryTable { try_table }) => {
                let Some((ty, catches)) = try_with(self.fault, try_table) else {
                    return false;
                };
                i.try_table(ty, catches)
            }
            (Fault::Rethrow, O::ThrowRef) => i.unreachable(),
            (Fault::BranchTable, O::BrTable { targets }) => i.drop().br(targets.default()),
            (Fault::Select, O::Select) => i.i32_eqz().select(),
            (Fault::Lane, O::I8x16Swizzle) => i.i8x16_add(),
            _ => return false,
        };
        true
    }
}

/// The type of a `try_table`, and what a fault leaves of its clauses.
fn try_with(fault: Fault, table: &wasmparser::TryTable) -> Option<(BlockType, Vec<Catch>)> {
    let clauses = table.catches.iter().map(|&clause| Catch::try_from(clause));
    let mut clauses: Vec<Catch> = clauses.collect::<Result<_, _>>().ok()?;
    match fault {
        Fault::ClauseOrder => clauses.reverse(),
        _ => clauses.retain(|it| matches!(it, Catch::One { .. } | Catch::OneRef { .. })),
    }
    Some((BlockType::try_from(table.ty).ok()?, clauses))
}

fn is_relaxed(operator: &Operator<'_>) -> bool {
    VectorOp::of(operator).is_some_and(|(op, _)| relaxed::parameter(op).is_some())
}

fn mem_arg(arg: &wasmparser::MemArg) -> wasm_encoder::MemArg {
    wasm_encoder::MemArg {
        offset: arg.offset,
        align: arg.align.into(),
        memory_index: arg.memory,
    }
}
