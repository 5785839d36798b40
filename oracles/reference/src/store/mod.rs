//! The store (chapter 4, section "Runtime Structure") and what an embedder does with it (appendix
//! "Embedding").

mod access;
pub(crate) mod heap;
pub(crate) mod instance;
mod link;
pub(crate) mod memory;
mod state;
pub(crate) mod value;

pub use link::{InstantiationError, LinkError};
pub use value::{Ref, RefKind, Val};

use crate::agents::Agents;
use crate::coverage::{OpcodeCoverage, Recorder};
use crate::instructions::relaxed::Parameters;
use crate::machine::{Stop, Traces};
use crate::module::{ExportKind, Module};
use crate::types::{GlobalType, Layout, MemoryType, TableType, TypeId, TypeRegistry};
use assay_engine::Resource;
use heap::{Heap, Object};
use instance::{FuncInst, GlobalInst, InstanceData, TableInst};
use memory::MemoryInst;
use std::collections::BTreeSet;
use std::sync::Arc;
use value::{HOST, tag_of};

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) u32);)*
    };
}

handles! {
    /// A function of a store.
    Func;
    /// A table of a store.
    Table;
    /// A memory of a store.
    Memory;
    /// A global of a store.
    Global;
    /// A tag of a store.
    Tag;
    /// A module instance of a store.
    Instance;
}

/// Something that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

/// What a store may spend.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The stack, in bytes: the values of all frames, and [`FRAME_BYTES`] for each frame.
    pub stack_bytes: usize,
    /// All memories and tables together, in bytes.
    pub memory_bytes: u64,
    /// The heap of structures, arrays and exceptions, in bytes.
    pub heap_bytes: usize,
    /// How many operations may run in all; without a number there is no end.
    pub fuel: Option<u64>,
    /// What is chosen where there is a choice.
    pub profile: Profile,
    /// Whether to record what runs, for [`Store::coverage`].
    pub coverage: bool,
    /// Whether to know which functions are active, for [`Store::active`].
    pub traces: bool,
    /// After how many new objects there is a collection at the latest. None is needed before the
    /// heap has grown much: this is for tests of the collector.
    pub objects_per_collection: Option<u32>,
}

/// What a store holds, counted anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The bytes of all memories and tables, as [`Config::memory_bytes`] limits them.
    pub memory_bytes: u64,
    /// The bytes of all objects, as [`Config::heap_bytes`] limits them.
    pub heap_bytes: usize,
}

/// What an implementation may choose (appendix "Profiles"): by default, what the deterministic
/// profile says. NaNs are always as it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What relaxed vector instructions do.
    pub relaxed: Parameters,
}

/// What a frame takes of the stack beside its values.
pub const FRAME_BYTES: usize = 64;

impl Default for Config {
    fn default() -> Self {
        Self {
            stack_bytes: 2 << 20,
            memory_bytes: 6 << 30,
            heap_bytes: 256 << 20,
            fuel: None,
            profile: Profile::default(),
            coverage: false,
            traces: false,
            objects_per_collection: None,
        }
    }
}

/// All that runs and is run on: instances, memories, the heap, the stack.
#[derive(Debug)]
pub struct Store {
    pub(crate) types: TypeRegistry,
    pub(crate) modules: Arc<Vec<Module>>,
    pub(crate) instances: Vec<InstanceData>,
    pub(crate) funcs: Vec<FuncInst>,
    pub(crate) tables: Vec<TableInst>,
    pub(crate) memories: Vec<MemoryInst>,
    pub(crate) globals: Vec<GlobalInst>,
    pub(crate) tags: Vec<TypeId>,
    pub(crate) heap: Heap,
    /// The value stack, as far as it has been needed; empty while the machine has it.
    pub(crate) stack: Box<[u64]>,
    /// How many slots it may have.
    pub(crate) stack_limit: usize,
    /// How many slots of the stack are in use by calls that wait for the host.
    pub(crate) top: usize,
    /// How many frames may still be pushed.
    pub(crate) frames_left: usize,
    /// How deep the host has called back.
    pub(crate) depth: u32,
    pub(crate) fuel: u64,
    pub(crate) free_bytes: u64,
    pub(crate) profile: Profile,
    /// Where in its module the operation is that stopped last.
    pub(crate) stopped_at: Option<u32>,
    pub(crate) traces: Option<Box<Traces>>,
    pub(crate) recorder: Option<Box<Recorder>>,
    pub(crate) agents: Agents,
    kept: Vec<Ref>,
}

impl Store {
    /// An empty store.
    pub fn new(config: Config) -> Self {
        Self {
            types: TypeRegistry::default(),
            modules: Arc::default(),
            instances: Vec::new(),
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            heap: Heap::new(config.heap_bytes, config.objects_per_collection),
            stack: Box::default(),
            stack_limit: config.stack_bytes / size_of::<u64>(),
            top: 0,
            frames_left: config.stack_bytes / FRAME_BYTES,
            depth: 0,
            fuel: config.fuel.unwrap_or(u64::MAX),
            free_bytes: config.memory_bytes,
            profile: config.profile,
            stopped_at: None,
            traces: config.traces.then(Box::default),
            recorder: config.coverage.then(|| Box::new(Recorder::new())),
            agents: Agents::default(),
            kept: Vec::new(),
        }
    }

    /// The types of the store, to which an embedder may add.
    pub fn types(&mut self) -> &mut TypeRegistry {
        &mut self.types
    }

    /// Takes bytes for memories and tables, if so many are left.
    pub(crate) fn take_bytes(&mut self, bytes: u64) -> Result<usize, Stop> {
        match (self.free_bytes.checked_sub(bytes), usize::try_from(bytes)) {
            (Some(left), Ok(bytes)) => {
                self.free_bytes = left;
                Ok(bytes)
            }
            _ => Err(Stop::Exhausted(Resource::Memory)),
        }
    }

    /// Grows a memory and gives its old size, in pages; `None` when its type forbids it.
    pub(crate) fn grow_memory(&mut self, memory: u32, pages: u64) -> Result<Option<u64>, Stop> {
        let instance = &self.memories[memory as usize];
        let (old_pages, old_bytes) = (instance.pages(), instance.data.len() as u64);
        let Some(bytes) = instance.grown(pages) else {
            return Ok(None);
        };
        self.take_bytes(bytes - old_bytes)?;
        self.memories[memory as usize].resize(bytes as usize);
        Ok(Some(old_pages))
    }

    /// Grows a table and gives its old size; `None` when its type forbids it.
    pub(crate) fn grow_table(
        &mut self,
        table: u32,
        by: u64,
        value: u64,
    ) -> Result<Option<u64>, Stop> {
        let instance = &self.tables[table as usize];
        let old = instance.elements.len() as u64;
        let Some(new) = instance.grown(by) else {
            return Ok(None);
        };
        self.take_bytes(by.saturating_mul(8))?;
        self.tables[table as usize]
            .elements
            .resize(new as usize, mutate!(value, TableGrowOfNull => 0));
        Ok(Some(old))
    }

    /// Adds an object. What it refers to must be on the stack still or be rooted otherwise;
    /// `object` is made when there is room for it. Also gives how many objects and slots a
    /// collection has looked at, if there was one.
    pub(crate) fn allocate(
        &mut self,
        stack: &[u64],
        bytes: usize,
        object: impl FnOnce() -> Object,
    ) -> (Result<u64, Stop>, u64) {
        let mut looked_at = 0;
        if self.heap.wants_collection(bytes) {
            let tables = self.tables.iter().map(|table| table.elements.len());
            looked_at = (stack.len() + self.heap.len() + tables.sum::<usize>()) as u64;
            self.collect_with(stack, |_| {});
        }
        if !self.heap.has_room(bytes) {
            return (Err(Stop::Exhausted(Resource::Memory)), looked_at);
        }
        (Ok(Ref::object(self.heap.add(object())).0), looked_at)
    }

    /// Frees all objects that nothing refers to. Not to be called from a host function that holds
    /// references of its own, unless they are [kept](Store::keep).
    pub fn collect(&mut self) {
        self.collect_and_see(|_| {});
    }

    /// The numbers of the host's references that can be reached, once all that nothing refers to has been
    /// freed.
    pub fn host_references(&mut self) -> BTreeSet<u32> {
        let mut numbers = BTreeSet::new();
        self.collect_and_see(|slot| {
            if tag_of(slot) == HOST {
                numbers.insert(slot as u32);
            }
        });
        numbers
    }

    fn collect_and_see(&mut self, others: impl FnMut(u64)) {
        let stack = std::mem::take(&mut self.stack);
        self.collect_with(stack.get(..self.top).unwrap_or_default(), others);
        self.stack = stack;
    }

    fn collect_with(&mut self, stack: &[u64], others: impl FnMut(u64)) {
        let globals = mutate!(self.globals.iter(), ForgetGlobals => Default::default())
            .filter(|global| global.ty.content.is_ref());
        let tables = mutate!(self.tables.iter(), ForgetTables => Default::default())
            .flat_map(|table| &table.elements);
        let segments = mutate!(self.instances.iter(), ForgetSegments => Default::default())
            .flat_map(|instance| instance.elements.iter().flatten());
        let roots = mutate!(stack, ForgetStack => &stack[..0])
            .iter()
            .chain(self.agents.operands())
            .chain(tables)
            .chain(segments)
            .copied()
            .chain(globals.map(|global| global.value[0]))
            .chain(self.kept.iter().map(|kept| kept.0));
        let types = &self.types;
        self.heap.collect(
            roots,
            types,
            &self.tags,
            |ty| exception_refs(types, ty),
            others,
        );
    }

    /// Keeps what a reference refers to until [`Store::release`].
    pub fn keep(&mut self, reference: Ref) {
        self.kept.push(reference);
    }

    /// Ends one [`Store::keep`] of a reference.
    pub fn release(&mut self, reference: Ref) {
        if let Some(at) = self.kept.iter().position(|&kept| kept == reference) {
            self.kept.swap_remove(at);
        }
    }

    /// How many structures and arrays of exactly this type there are, once all that nothing
    /// refers to has been freed.
    pub fn live_objects(&mut self, ty: TypeId) -> usize {
        self.collect();
        let is_of = |object: &&Object| match object {
            Object::Struct { ty: its, .. } | Object::Array { ty: its, .. } => *its == ty,
            _ => false,
        };
        self.heap.live().filter(is_of).count()
    }

    /// How many structures and arrays the last collection has left, and were made since.
    pub fn objects_left(&self) -> usize {
        let is_one =
            |object: &&Object| matches!(object, Object::Struct { .. } | Object::Array { .. });
        self.heap.live().filter(is_one).count()
    }

    /// What the store holds now. It is counted anew, and not read from the accounts that the limits
    /// are kept by.
    pub fn usage(&self) -> Usage {
        let memories = self.memories.iter().map(|memory| memory.data.len() as u64);
        let tables = self.tables.iter();
        let tables = tables.map(|table| 8 * table.elements.len() as u64);
        Usage {
            memory_bytes: memories.chain(tables).sum(),
            heap_bytes: self.heap.live().map(Object::bytes).sum(),
        }
    }

    /// The types of a module, by their indices in it: for an embedder that makes what the module
    /// imports.
    pub fn types_of(&mut self, module: &Module) -> Vec<TypeId> {
        self.types.add_module(&module.0.groups)
    }

    /// What is left of the fuel, where it was limited.
    pub fn fuel(&self) -> u64 {
        self.fuel
    }

    /// Where in its module, in bytes, the operation is that trapped last, or threw what was not
    /// caught, or ran into a limit.
    pub fn stopped_at(&self) -> Option<usize> {
        self.stopped_at.map(|offset| offset as usize)
    }

    /// What has run so far; nothing unless [`Config::coverage`] asked for it.
    pub fn coverage(&self) -> OpcodeCoverage {
        let recorder = self.recorder.as_ref();
        recorder
            .map(|recorder| recorder.coverage())
            .unwrap_or_default()
    }

    /// Sets the fuel.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.fuel = fuel;
    }

    pub(crate) fn new_extern(kind: ExportKind, address: u32) -> Extern {
        match kind {
            ExportKind::Func => Extern::Func(Func(address)),
            ExportKind::Table => Extern::Table(Table(address)),
            ExportKind::Memory => Extern::Memory(Memory(address)),
            ExportKind::Global => Extern::Global(Global(address)),
            ExportKind::Tag => Extern::Tag(Tag(address)),
        }
    }

    /// Adds a memory of the host's.
    ///
    /// # Errors
    ///
    /// When there are not enough bytes left.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<Memory, Stop> {
        let bytes = u128::from(ty.limits.min) << ty.page_size_log2;
        let bytes = self.take_bytes(u64::try_from(bytes).unwrap_or(u64::MAX))?;
        self.memories.push(MemoryInst::new(ty, bytes));
        Ok(Memory((self.memories.len() - 1) as u32))
    }

    /// Adds a table of the host's, filled with a reference.
    ///
    /// # Errors
    ///
    /// When there are not enough bytes left.
    pub fn new_table(&mut self, ty: TableType, init: Ref) -> Result<Table, Stop> {
        self.take_bytes(ty.limits.min.saturating_mul(8))?;
        let elements = vec![init.0; ty.limits.min as usize];
        self.tables.push(TableInst { ty, elements });
        Ok(Table((self.tables.len() - 1) as u32))
    }

    /// Adds a global of the host's.
    pub fn new_global(&mut self, ty: GlobalType, value: Val) -> Global {
        self.globals.push(GlobalInst {
            ty,
            value: value.slots(),
        });
        Global((self.globals.len() - 1) as u32)
    }

    /// Adds a tag of the host's; `ty` is that of a function whose parameters are its fields.
    pub fn new_tag(&mut self, ty: TypeId) -> Tag {
        self.tags.push(ty);
        Tag((self.tags.len() - 1) as u32)
    }

    /// Adds a function of the host's, which [`Host`](crate::Host) knows by its number.
    pub fn new_host_func(&mut self, ty: TypeId, number: u32) -> Func {
        self.funcs.push(FuncInst {
            ty,
            kind: instance::FuncKind::Host { number },
        });
        Func((self.funcs.len() - 1) as u32)
    }
}

/// The slots of an exception of this type that hold references.
fn exception_refs(types: &TypeRegistry, ty: TypeId) -> Vec<u32> {
    let mut slot = 0;
    let mut refs = Vec::new();
    let Layout::Func { .. } = types.layout(ty) else {
        return refs;
    };
    for param in types.func(ty).map_or(&[][..], |ty| &ty.params) {
        if param.is_ref() {
            refs.push(slot);
        }
        slot += param.slots();
    }
    refs
}
