//! The function that exercises one operator.

use super::{
    pool::Pool,
    world::{Code, Memory, World, constant},
};
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use wasm_encoder::{BlockType, HeapType, Instruction, RefType, ValType};

/// Locals are numbered from here until the number of parameters is known.
const FIRST_LOCAL: u32 = 1 << 20;

/// Where operands come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// From parameters, so that no compiler knows them.
    Parameters,
    /// From constants, so that a compiler may do the work itself.
    Constants,
    /// From both.
    Mixed,
    /// From memory, many in turn, where the operator allows; else as [`Style::Mixed`].
    Sweep,
}

/// An exported function that is complete.
pub struct Exercise {
    /// Its name.
    pub export: String,
    /// What its arguments are for.
    pub params: Vec<Pool>,
}

/// The function in the making.
pub struct Body<'b, 'u> {
    /// The module around it.
    pub world: &'b mut World,
    /// The bytes that decide.
    pub u: &'b mut Unstructured<'u>,
    style: Style,
    params: Vec<Pool>,
    locals: Vec<ValType>,
    results: Vec<ValType>,
    code: Code,
}

impl<'b, 'u> Body<'b, 'u> {
    /// An empty function.
    pub fn new(world: &'b mut World, u: &'b mut Unstructured<'u>, style: Style) -> Self {
        Self {
            world,
            u,
            style,
            params: Vec::new(),
            locals: Vec::new(),
            results: Vec::new(),
            code: Vec::new(),
        }
    }

    /// Exports the function.
    pub fn finish(self, export: String) -> Exercise {
        let Self {
            world,
            params,
            locals,
            results,
            mut code,
            ..
        } = self;
        let count = params.len() as u32;
        for instruction in &mut code {
            if let Instruction::LocalGet(i) | Instruction::LocalSet(i) | Instruction::LocalTee(i) =
                instruction
                && *i >= FIRST_LOCAL
            {
                *i = *i - FIRST_LOCAL + count;
            }
        }
        let types: Vec<ValType> = params.iter().map(|pool| pool.ty()).collect();
        let ty = world.func_type(&types, &results);
        world.export(export.clone(), ty, locals, code);
        Exercise { export, params }
    }

    /// The operator under test.
    pub fn op(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
    }

    /// An instruction that helps.
    pub fn push(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
    }

    /// Instructions that help.
    pub fn emit(&mut self, code: Code) {
        self.code.extend(code);
    }

    /// The next result of the function; its value must be on the stack.
    pub fn result(&mut self, ty: ValType) {
        self.results.push(ty);
    }

    /// The next results of the function.
    pub fn results(&mut self, types: &[ValType]) {
        self.results.extend(types);
    }

    /// A new local.
    pub fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        FIRST_LOCAL + self.locals.len() as u32 - 1
    }

    /// One of the memories.
    pub fn memory(&mut self) -> Result<Memory> {
        self.world.memory(self.u)
    }

    /// A new parameter, whatever the style.
    pub fn param(&mut self, pool: Pool) -> Instruction<'static> {
        self.params.push(pool);
        Instruction::LocalGet(self.params.len() as u32 - 1)
    }

    fn by_param(&mut self) -> Result<bool> {
        match self.style {
            Style::Parameters => Ok(true),
            Style::Constants => Ok(false),
            Style::Mixed | Style::Sweep => self.u.arbitrary(),
        }
    }

    /// Code for an operand. It has no effect of its own, and may be used twice.
    pub fn operand(&mut self, pool: Pool) -> Result<Code> {
        Ok(vec![if self.by_param()? {
            self.param(pool)
        } else {
            constant(pool.draw(self.u)?)
        }])
    }

    /// Pushes an operand.
    pub fn take(&mut self, pool: Pool) -> Result<()> {
        let code = self.operand(pool)?;
        self.emit(code);
        Ok(())
    }

    /// Pushes an operand that is to be zero or not.
    pub fn take_condition(&mut self) -> Result<()> {
        let pool = if self.u.arbitrary()? {
            Pool::I32
        } else {
            Pool::Below(2)
        };
        self.take(pool)
    }

    /// Code for an operand of any type.
    pub fn any_operand(&mut self, ty: ValType) -> Result<Code> {
        match (ty, Pool::number(ty)) {
            (_, Some(pool)) => self.operand(pool),
            (ValType::Ref(ty), None) => self.reference(ty),
            (_, None) => Ok(Vec::new()),
        }
    }

    /// Pushes operands of any types.
    pub fn take_all(&mut self, types: &[ValType]) -> Result<()> {
        for &ty in types {
            let code = self.any_operand(ty)?;
            self.emit(code);
        }
        Ok(())
    }

    /// Code for a reference. As a parameter it is the host's, or an index that chooses among
    /// references made here, since the host has no others.
    pub fn reference(&mut self, ty: RefType) -> Result<Code> {
        if !self.by_param()? {
            return self.world.reference(self.u, ty, 0);
        }
        if ty == RefType::EXTERNREF && self.u.ratio(3, 4)? {
            return Ok(vec![self.param(Pool::Extern)]);
        }
        let chosen = self.param(Pool::Below(2));
        let mut code = vec![chosen, Instruction::If(BlockType::Result(ValType::Ref(ty)))];
        code.extend(self.world.reference(self.u, ty, 0)?);
        code.push(Instruction::Else);
        code.extend(self.world.reference(self.u, ty, 0)?);
        code.push(Instruction::End);
        Ok(code)
    }

    /// The operator under test is a constant.
    pub fn constant(&mut self, pool: Pool) -> Result<()> {
        let value = pool.draw(self.u)?;
        self.op(constant(value));
        self.result(pool.ty());
        Ok(())
    }

    /// Types of values that the features allow.
    pub fn types(&mut self, least: u32, most: u32) -> Result<Vec<ValType>> {
        self.world.val_types(self.u, least, most)
    }

    /// Pushes constants of these types.
    pub fn constants(&mut self, types: &[ValType]) -> Result<()> {
        for &ty in types {
            let code = self.world.value(self.u, ty, 1)?;
            self.emit(code);
        }
        Ok(())
    }

    /// The type of a block.
    pub fn block_type(&mut self, params: &[ValType], results: &[ValType]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [result]) => BlockType::Result(*result),
            _ => BlockType::FunctionType(self.world.func_type(params, results)),
        }
    }

    /// Mixes the values on the stack into an `i64` local, last one first.
    pub fn digest(&mut self, types: &[ValType], into: u32) {
        for &ty in types.iter().rev() {
            let vector = if ty == ValType::V128 {
                self.local(ty)
            } else {
                into
            };
            let code = self.world.mix(ty, into, vector);
            self.emit(code);
        }
    }

    /// Whether all these features may be used.
    pub fn has(&self, features: Features) -> bool {
        self.world.has(features)
    }

    /// A null reference of a heap type.
    pub fn null(&mut self, ty: HeapType) {
        self.push(Instruction::RefNull(ty));
    }
}
