//! The module of a case.

use super::model::DEPTH;
use super::setting::{Setting, TABLE_LENGTH};
use super::value::{Datum, Ty};
use super::walker;
use super::world::{FIRST_FUNCTION, FIRST_GLOBAL, Function, Sig, World};
use crate::stress::digest::told;
use crate::stress::parts::{self, export_functions, variable};
use crate::stress::scopes::Payloads;
use crate::{Draft, DraftCall};
use assay_engine::{Reference, Value};
use wasm_encoder::{
    AbstractHeapType, ArrayType, CodeSection, CompositeInnerType, CompositeType, ConstExpr,
    ElementSection, EntityType, ExportSection, FieldType, FunctionSection, GlobalSection, HeapType,
    ImportSection, InstructionSink as Sink, Module, RefType, StorageType, StructType, SubType,
    TableSection, TagSection, TypeSection, ValType,
};

/// A heap that the garbage of one operation fills, and all that a case keeps does not.
const SMALL_HEAP_BYTES: u32 = 512 << 10;

const ANYREF: ValType = ValType::Ref(RefType {
    nullable: true,
    heap_type: HeapType::Abstract {
        shared: false,
        ty: AbstractHeapType::Any,
    },
});
const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

/// The types of functions that every module has, in order.
const HELPERS: u32 = 5;

/// The types of a module, by index: objects; what every module has; the functions of the case; three for
/// each tag.
#[derive(Clone, Debug)]
pub struct Types {
    objects: u32,
    signatures: u32,
    tags: Vec<Vec<Ty>>,
}

impl Types {
    fn helper(&self, function: u32) -> u32 {
        self.objects + function
    }

    /// The index of a type of functions.
    pub fn signature(&self, sig: Sig) -> u32 {
        self.helper(HELPERS)
            + match sig {
                Sig::Export => 0,
                Sig::Recursive => 1,
                Sig::Own(number) => 2 + number,
            }
    }

    fn tag(&self, tag: u32) -> u32 {
        self.signature(Sig::Own(self.signatures)) + 3 * tag
    }

    fn section(&self, world: &World) -> TypeSection {
        let mut section = TypeSection::new();
        section.ty().rec(objects(world));
        section
            .ty()
            .function([ValType::Ref(RefType::EXTERNREF)], [ValType::I64]);
        section.ty().function([], []);
        section
            .ty()
            .function([ANYREF, ValType::I32], [ValType::I64]);
        section
            .ty()
            .function([EXNREF, ValType::I32], [ValType::I64]);
        section.ty().function([ValType::I64], []);
        let own = (0..self.signatures).map(Sig::Own);
        for sig in [Sig::Export, Sig::Recursive].into_iter().chain(own) {
            let results: &[Ty] = match sig {
                Sig::Export => &[Ty::I64, Ty::Extern],
                Sig::Recursive | Sig::Own(_) => &[],
            };
            let params = world.params(sig);
            section.ty().function(encoded(&params), encoded(results));
        }
        for fields in &self.tags {
            let fields = encoded(fields);
            section.ty().function(fields.clone(), []);
            section.ty().function([], fields.clone());
            let with_exception: Vec<ValType> = fields.into_iter().chain([EXNREF]).collect();
            section.ty().function([], with_exception);
        }
        section
    }
}

impl Payloads for Types {
    type Ty = Ty;
    const EXCEPTION: Ty = Ty::Exn;

    fn fields(&self, tag: u32) -> Vec<Ty> {
        self.tags.get(tag as usize).cloned().unwrap_or_default()
    }

    fn payload(&self, tag: u32) -> u32 {
        self.tag(tag) + 1
    }

    fn with_exception(&self, tag: u32) -> u32 {
        self.tag(tag) + 2
    }
}

fn encoded(types: &[Ty]) -> Vec<ValType> {
    types.iter().map(|ty| ty.encoded()).collect()
}

/// The types of objects: all in one group, so that no two are the same.
fn objects(world: &World) -> Vec<SubType> {
    let sub_type = |inner| SubType {
        is_final: true,
        supertype_idx: None,
        composite_type: CompositeType {
            inner,
            shared: false,
            descriptor: None,
            describes: None,
        },
    };
    let field = |element_type: StorageType, mutable| FieldType {
        element_type,
        mutable,
    };
    let array = |ty: Ty| {
        let element = field(StorageType::Val(ty.encoded()), true);
        CompositeInnerType::Array(ArrayType(element))
    };
    let node = |fields: &Vec<super::value::Storage>| {
        let fields = fields.iter().zip(0..);
        let fields = fields.map(|(storage, at)| field(storage.encoded(), at > 0));
        CompositeInnerType::Struct(StructType {
            fields: fields.collect(),
        })
    };
    let arrays = [array(Ty::Eq), array(Ty::Exn)];
    let vectors = world.heap.vectors.map(|_| array(Ty::V128));
    let all = arrays.into_iter().chain(world.heap.nodes.iter().map(node));
    let all = all.chain(vectors);
    all.map(sub_type).collect()
}

impl World {
    /// The types of the module.
    pub fn types(&self) -> Types {
        Types {
            objects: self.heap.types(),
            signatures: self.setting.signatures.len() as u32,
            tags: self.heap.tags.clone(),
        }
    }

    /// The index of a function in the module.
    pub fn index(&self, function: u32) -> u32 {
        FIRST_FUNCTION + function
    }

    /// The index of the table of functions.
    pub fn function_table(&self) -> u32 {
        self.tables.len() as u32
    }

    /// Brings what runs to its end, and adds a call that looks at all places, and tells the digest.
    fn end_all(&mut self) {
        if !self.is_idle() {
            self.finish_call();
        }
        self.look_at_places();
        self.finish_call();
        // The call that would be the next has no code.
        self.frames.clear();
        let next = self.calls.len().to_string();
        self.functions
            .pop_if(|last| last.export.as_ref() == Some(&next));
    }
}

impl World {
    /// Mixes what globals and tables hold into the digest.
    fn look_at_places(&mut self) {
        let globals = self.setting.globals.clone().into_iter();
        for ((place, number), datum) in globals.zip(FIRST_GLOBAL..).zip(self.globals.clone()) {
            self.look_at(place.ty(), datum, |f| _ = f.global_get(number));
        }
        let tables = self.setting.tables.clone().into_iter();
        for ((place, number), data) in tables.zip(0..).zip(self.tables.clone()) {
            for (datum, at) in data.into_iter().zip(0..) {
                self.look_at(place.ty(), datum, |f| _ = f.i32_const(at).table_get(number));
            }
        }
    }

    fn look_at(&mut self, ty: Ty, datum: Datum, load: impl Fn(&mut Sink<'_>)) {
        walker::look_at(&mut self.sink(), ty, load, DEPTH);
        let words = self.heap.words(ty, datum, DEPTH);
        words.into_iter().for_each(|word| self.log(word));
    }
}

/// The module, the calls and the answers.
pub fn draft(setting: &Setting, mut world: World) -> Draft {
    world.end_all();
    let argument = Value::Ref(Reference::Extern(setting.reference));
    let calls = world.calls.iter().map(|&(function, _)| DraftCall {
        export: export(&world, function),
        args: vec![argument],
    });
    Draft {
        wasm: module(&world),
        calls: calls.collect(),
        answers: world
            .calls
            .iter()
            .map(|(_, outcome)| outcome.clone())
            .collect(),
        features: setting.features,
        fuse: setting.fuse,
        state: told(!setting.digest),
        uncaught: std::mem::take(&mut world.through_host),
        ends: true,
        gc_heap_bytes: setting.small_heap.then_some(SMALL_HEAP_BYTES),
        met: std::mem::take(&mut world.met),
        host_seed: setting.host_seed,
        actions: world.host.actions(),
        ..Draft::default()
    }
}

fn export(world: &World, function: u32) -> String {
    let function = world.functions.get(function as usize);
    function
        .and_then(|it| it.export.clone())
        .unwrap_or_default()
}

fn module(world: &World) -> Vec<u8> {
    let types = world.types();
    let mut module = Module::new();
    module.section(&types.section(world));
    let mut imports = ImportSection::new();
    for (name, number) in ["act", "collect"].into_iter().zip(0..) {
        imports.import("host", name, EntityType::Function(types.helper(number)));
    }
    module.section(&imports);
    let mut functions = FunctionSection::new();
    (2..HELPERS).for_each(|it| _ = functions.function(types.helper(it)));
    for function in &world.functions {
        functions.function(types.signature(function.sig));
    }
    module.section(&functions);
    module.section(&tables(world));
    let mut tags = TagSection::new();
    for tag in 0..types.tags.len() as u32 {
        tags.tag(parts::tag(types.tag(tag)));
    }
    module.section(&tags);
    module.section(&globals(world));
    let mut exports = ExportSection::new();
    let names = world.functions.iter().map(|it| it.export.as_ref());
    export_functions(&mut exports, world.index(0), names);
    module.section(&exports);
    module.section(&elements(world));
    module.section(&code(world, &types));
    module.finish()
}

fn tables(world: &World) -> TableSection {
    let mut section = TableSection::new();
    for place in &world.setting.tables {
        let ValType::Ref(element_type) = place.ty().encoded() else {
            continue;
        };
        let length = TABLE_LENGTH.into();
        section.table(parts::table(element_type, length, length));
    }
    if !world.indirect.is_empty() {
        let length = world.indirect.len() as u64;
        section.table(parts::table(RefType::FUNCREF, length, length));
    }
    section
}

/// The table of functions, and a declaration of those that are referred to otherwise.
fn elements(world: &World) -> ElementSection {
    let index = |&function: &u32| world.index(function);
    parts::elements(
        Some(world.function_table()),
        world.indirect.iter().map(index).collect(),
        world.referred.iter().map(index).collect(),
    )
}

/// The digest, and those of the setting.
fn globals(world: &World) -> GlobalSection {
    let mut section = GlobalSection::new();
    section.global(variable(ValType::I64), &ConstExpr::i64_const(0));
    for place in &world.setting.globals {
        let null = ConstExpr::ref_null(place.ty().heap());
        section.global(variable(place.ty().encoded()), &null);
    }
    section
}

fn code(world: &World, types: &Types) -> CodeSection {
    let mut section = CodeSection::new();
    section.function(&walker::walk(&world.heap));
    section.function(&walker::walk_exception(&world.heap, types));
    section.function(&walker::note());
    for Function { sig, body, .. } in &world.functions {
        let params = world.params(*sig).len();
        section.function(&body.encoded(params));
    }
    section
}
