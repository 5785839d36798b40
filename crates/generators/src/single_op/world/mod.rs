//! The module in the making: what is declared so far, and ways to ask for more.
//!
//! All that operators need is declared when first asked for, and often asked for again, so that
//! the functions of a module share memories, tables, types and segments. Indices only grow, so
//! code can be written before the module is complete.

mod encode;
mod functions;
mod hierarchy;
mod tables;
mod types;
mod values;

pub use hierarchy::Hierarchy;
pub use tables::Table;
pub use types::{Need, Storage, concrete};
pub use values::{MAX_FIXED, constant};

use super::pool::Pool;
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Value};
use tables::{Elements, Initial};
use wasm_encoder::{GlobalType, Instruction, RefType, SubType, ValType};

/// A sequence of instructions.
pub type Code = Vec<Instruction<'static>>;

/// How many bytes at the start of a memory are not all zero.
const HEAD_BYTES: usize = 144;

/// The module in the making.
pub struct World {
    /// What the module may use.
    pub features: Features,
    types: Vec<SubType>,
    /// The type of the one imported function, if there is one.
    import: Option<u32>,
    functions: Vec<Function>,
    memories: Vec<Memory>,
    memories_used: bool,
    tables: Vec<Table>,
    /// What the tables hold at first.
    initials: Vec<Initial>,
    globals: Vec<Global>,
    tags: Vec<u32>,
    data: Vec<Data>,
    elements: Vec<Elements>,
    exports: Vec<(String, u32)>,
    /// The functions that code refers to.
    referred: Vec<u32>,
}

/// A memory.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Its index.
    pub index: u32,
    /// Whether it has 64-bit addresses.
    pub wide: bool,
    /// Its first length.
    pub bytes: u64,
    /// The length to which it may grow.
    pub max_bytes: u64,
    /// The size of its pages, as a power of two; the usual size has no immediate.
    pub page_size_log2: u32,
}

struct Global {
    ty: GlobalType,
    init: Code,
}

struct Data {
    /// The memory and the offset, if active.
    active: Option<(Memory, u64)>,
    bytes: Vec<u8>,
}

struct Function {
    ty: u32,
    locals: Vec<ValType>,
    code: Code,
}

impl World {
    /// A module with memories chosen, but nothing declared.
    pub fn new(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let mut world = Self {
            features,
            types: Vec::new(),
            import: None,
            functions: Vec::new(),
            memories: Vec::new(),
            memories_used: false,
            tables: Vec::new(),
            initials: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            data: Vec::new(),
            elements: Vec::new(),
            exports: Vec::new(),
            referred: Vec::new(),
        };
        let memories = if features.contains(Features::MULTI_MEMORY) {
            u.int_in_range(1..=3)?
        } else {
            1
        };
        for index in 0..memories {
            let memory = Memory::choose(u, features, index)?;
            world.memories.push(memory);
        }
        if u.ratio(1, 4)? {
            world.import = Some(world.signature(u)?);
        }
        Ok(world)
    }

    /// Whether all these features may be used.
    pub fn has(&self, features: Features) -> bool {
        self.features.contains(features)
    }

    /// One of the memories.
    pub fn memory(&mut self, u: &mut Unstructured<'_>) -> Result<Memory> {
        if !self.memories_used {
            self.memories_used = true;
            for memory in self.memories.clone() {
                self.fill(u, memory)?;
            }
        }
        u.choose(&self.memories).copied()
    }

    /// Writes values worth loading to both ends of a memory.
    fn fill(&mut self, u: &mut Unstructured<'_>, memory: Memory) -> Result<()> {
        let head = bytes(u, HEAD_BYTES)?;
        let tail = bytes(u, 24)?;
        let end = memory.bytes - tail.len() as u64;
        self.data.push(Data {
            active: Some((memory, 0)),
            bytes: head,
        });
        self.data.push(Data {
            active: Some((memory, end)),
            bytes: tail,
        });
        Ok(())
    }

    /// A data segment, mostly passive, and its length. An active one counts as empty.
    pub fn segment(&mut self, u: &mut Unstructured<'_>) -> Result<(u32, u64)> {
        let passive = self.data.iter().any(|data| data.active.is_none());
        if !passive || u.ratio(1, 3)? {
            let len = u.int_in_range(0..=64)?;
            let bytes = bytes(u, len)?;
            self.data.push(Data {
                active: None,
                bytes,
            });
        }
        let any = u.ratio(1, 8)?;
        let indices: Vec<usize> = (0..self.data.len())
            .filter(|&i| any || self.data[i].active.is_none())
            .collect();
        let index = *u.choose(&indices)?;
        let segment = &self.data[index];
        let len = if segment.active.is_some() {
            0
        } else {
            segment.bytes.len() as u64
        };
        Ok((index as u32, len))
    }

    /// A global of a type.
    pub fn global(&mut self, u: &mut Unstructured<'_>, ty: ValType, mutable: bool) -> Result<u32> {
        let ty = GlobalType {
            val_type: ty,
            mutable,
            shared: false,
        };
        if let Some(index) = self.globals.iter().position(|g| g.ty == ty)
            && u.arbitrary()?
        {
            return Ok(index as u32);
        }
        let init = self.initial(u, ty.val_type)?;
        self.globals.push(Global { ty, init });
        Ok(self.globals.len() as u32 - 1)
    }

    /// The initial value of a global, with constant arithmetic where there is any.
    fn initial(&mut self, u: &mut Unstructured<'_>, ty: ValType) -> Result<Code> {
        let mut code = self.value(u, ty, 0)?;
        let arithmetic: &[Instruction<'static>] = match ty {
            ValType::I32 => &[
                Instruction::I32Add,
                Instruction::I32Sub,
                Instruction::I32Mul,
            ],
            ValType::I64 => &[
                Instruction::I64Add,
                Instruction::I64Sub,
                Instruction::I64Mul,
            ],
            _ => &[],
        };
        if self.has(Features::EXTENDED_CONST) && !arithmetic.is_empty() && u.arbitrary()? {
            let constant = self
                .globals
                .iter()
                .position(|g| g.ty.val_type == ty && !g.ty.mutable);
            // Validators want garbage collection too before they allow a global of the module's own.
            match constant.filter(|_| self.has(Features::GC)) {
                Some(index) if u.arbitrary()? => code.push(Instruction::GlobalGet(index as u32)),
                _ => code.extend(self.value(u, ty, 0)?),
            }
            code.push(u.choose(arithmetic)?.clone());
        }
        Ok(code)
    }

    /// A tag and the types of its fields.
    pub fn tag(&mut self, u: &mut Unstructured<'_>) -> Result<(u32, Vec<ValType>)> {
        if self.tags.is_empty() || u.ratio(1, 3)? {
            let fields = self.val_types(u, 0, 4)?;
            let ty = self.func_type(&fields, &[]);
            self.tags.push(ty);
        }
        let index = u.choose_index(self.tags.len())?;
        let (fields, _) = self.signature_of(self.tags[index]);
        Ok((index as u32, fields))
    }

    /// Types of values, as many as asked for, of those that the features allow.
    pub fn val_types(
        &mut self,
        u: &mut Unstructured<'_>,
        least: u32,
        most: u32,
    ) -> Result<Vec<ValType>> {
        let count = u.int_in_range(least..=most)?;
        (0..count).map(|_| self.val_type(u)).collect()
    }

    /// A type of values, numbers twice as often as references.
    pub fn val_type(&mut self, u: &mut Unstructured<'_>) -> Result<ValType> {
        if self.has(Features::REFERENCE_TYPES) && u.ratio(1, 3)? {
            return Ok(ValType::Ref(self.plain_ref(u)?));
        }
        self.number_type(u)
    }

    /// A type of numbers or vectors.
    pub fn number_type(&self, u: &mut Unstructured<'_>) -> Result<ValType> {
        use ValType::{F32, F64, I32, I64, V128};
        let types = [I32, I64, F32, F64, V128];
        let count = if self.has(Features::SIMD) { 5 } else { 4 };
        u.choose(&types[..count]).copied()
    }

    /// A nullable abstract reference type.
    pub fn plain_ref(&self, u: &mut Unstructured<'_>) -> Result<RefType> {
        let mut types = vec![RefType::FUNCREF, RefType::EXTERNREF];
        if self.has(Features::GC) {
            types.extend([
                RefType::ANYREF,
                RefType::EQREF,
                RefType::I31REF,
                RefType::ARRAYREF,
            ]);
        }
        if self.has(Features::EXCEPTIONS) {
            types.push(RefType::EXNREF);
        }
        u.choose(&types).copied()
    }
}

impl Memory {
    fn choose(u: &mut Unstructured<'_>, features: Features, index: u32) -> Result<Self> {
        let wide = features.contains(Features::MEMORY64) && u.arbitrary()?;
        let bytewise = features.contains(Features::CUSTOM_PAGE_SIZES) && u.ratio(1, 3)?;
        let (bytes, max_bytes, page_size_log2) = if bytewise {
            let bytes = u.int_in_range(200..=400)?;
            (bytes, bytes + u.int_in_range(0..=300)?, 0)
        } else {
            (1 << 16, if u.ratio(1, 6)? { 1 << 16 } else { 2 << 16 }, 16)
        };
        Ok(Self {
            index,
            wide,
            bytes,
            max_bytes,
            page_size_log2,
        })
    }

    /// By how many pages it may grow.
    pub fn room_pages(&self) -> u64 {
        (self.max_bytes - self.bytes) >> self.page_size_log2
    }
}

/// Bytes that make boundary values when loaded.
fn bytes(u: &mut Unstructured<'_>, len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len + 16);
    while bytes.len() < len {
        match u
            .choose(&[Pool::F64, Pool::I64, Pool::F32, Pool::I32, Pool::I16x8])?
            .draw(u)?
        {
            Value::I32(x) | Value::F32(x) => bytes.extend(x.to_le_bytes()),
            Value::I64(x) | Value::F64(x) => bytes.extend(x.to_le_bytes()),
            value => bytes.extend(value.bits().to_le_bytes()),
        }
    }
    bytes.truncate(len);
    Ok(bytes)
}
